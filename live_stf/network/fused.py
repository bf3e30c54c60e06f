"""STF-Net for running, not for training: the same function in fewer and larger products.

What is constant once the weights are learned is worked out beforehand:

- Every batch norm is part of the product or convolution before it.
- Fixed and learned graph are one matrix. A projecting shortcut is one partition more, whose graph is the identity: one
  product instead of two and a sum.
- The input norm, the graph and the weights of the stem are one matrix per frame.
- MCF has two projections less. The similarity Q K^T of q = W_q r + b_q and k = W_k r + b_k is, but for what is the same
  for all parts and leaves the softmax as it is, the product of W_k^T q and r. (Not for cosines, which need the lengths
  of q and k: see FusedMCF.) The value's projection goes into the restoring one: a row of the attention sums to one, so
  its bias arrives as a constant.
- A group of the temporal convolution has sixteen channels instead of four, with zeros between the four: CPUs multiply
  sixteen numbers at once, and do four in no less time.

Features are (N * T, V, C) between the parts: with three axes OpenVINO leaves the transposes where they are, around the
temporal convolution, where they cost nothing. With four it moves them to where each copies the features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from live_stf.network.stf_net import (
    MCF,
    SCN,
    SMALLEST_SQUARE,
    TDF,
    WIDE,
    Block,
    Shortcut,
    STFNet,
    TemporalConvolution,
    attention_divisor,
    widen_groups,
)


def _exact(x: Tensor) -> Tensor:
    """In fp32 where it was less: for the softmax and what comes out."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _scale_and_shift(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """Batch norm in evaluation is x * scale + shift."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale


def _fold_shortcut(shortcut: Shortcut) -> tuple[Tensor, Tensor]:
    """Weight (C_out, C_in) and bias (C_out,) of a projecting shortcut with its norm."""
    scale, shift = _scale_and_shift(shortcut.norm)
    return scale.unsqueeze(1) * shortcut.linear.weight, scale * shortcut.linear.bias + shift


def _fold_scn(scn: SCN) -> tuple[Tensor, Tensor, Tensor]:
    """Graph (K', V, V), weight (C_out, K', C_in) and bias (V, C_out) of an SCN; K' counts a projecting shortcut."""
    graph = scn.graph + scn.mask
    scale, shift = _scale_and_shift(scn.norm)
    weight = (scale.unsqueeze(1) * scn.weight.weight).unflatten(1, (graph.shape[0], -1))
    bias = scale * (graph.sum(dim=1).T @ scn.bias) + shift
    if scn.shortcut.project:
        shortcut_weight, shortcut_bias = _fold_shortcut(scn.shortcut)
        graph = torch.cat([graph, torch.eye(graph.shape[1]).unsqueeze(0)])
        weight = torch.cat([weight, shortcut_weight.unsqueeze(1)], dim=1)
        bias = bias + shortcut_bias
    return graph, weight, bias


def _product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """What F.linear gives for x (rows, V, C_in) and weight (C_out, C_in), as a convolution of one tap.

    OpenVINO divides a small convolution between cores better than a small product of matrices.
    """
    rows, v, _ = x.shape
    picture = x.unsqueeze(0).permute(0, 3, 1, 2)
    return F.conv2d(picture, weight[:, :, None, None], bias).permute(0, 2, 3, 1).reshape(rows, v, -1)


def _over_time(
    x: Tensor,
    bodies: int,
    weight: Tensor,
    bias: Tensor,
    stride: tuple[int, int],
    padding: tuple[int, int] = (0, 0),
    groups: int = 1,
) -> Tensor:
    """Convolution over the frames of every body: (N * T, V, C_in) -> (N * T', V, C_out)."""
    rows, v, c = x.shape
    picture = x.view(bodies, rows // bodies, v, c).permute(0, 3, 1, 2)
    out = F.conv2d(picture, weight, bias, stride, padding, 1, groups)
    return out.permute(0, 2, 3, 1).reshape(-1, v, len(weight))


class _Constants(nn.Module):
    """A module whose tensors are buffers, detached copies of what they were worked out from."""

    def constant(self, name: str, value: Tensor) -> None:
        self.register_buffer(name, value.detach().clone().contiguous())


class FusedStem(_Constants):
    """Input norm and the first SCN: (N, T, C * V) -> (N * T, V, C_out)."""

    def __init__(self, norm: nn.BatchNorm1d, scn: SCN) -> None:
        super().__init__()
        graph, weight, bias = _fold_scn(scn)
        joints = graph.shape[1]
        scale, shift = (value.view(joints, -1) for value in _scale_and_shift(norm))  # (V, C)
        whole = torch.einsum("kvw,okc->wocv", graph, weight)
        self.constant("bias", bias + torch.einsum("wocv,vc->wo", whole, shift))  # (V, C_out)
        self.constant("weight", (whole * scale.T).flatten(0, 1).flatten(1))  # (V * C_out, C * V)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(F.linear(x, self.weight).view(-1, *self.bias.shape) + self.bias)


class FusedSCN(_Constants):
    """(N * T, V, C_in) -> (N * T, V, C_out)."""

    def __init__(self, scn: SCN) -> None:
        super().__init__()
        graph, weight, bias = _fold_scn(scn)
        self.constant("mix", graph.permute(2, 0, 1).flatten(0, 1))  # (V * K', V)
        self.constant("weight", weight.flatten(1))
        self.constant("bias", bias)
        self.project = scn.shortcut.project

    def forward(self, x: Tensor) -> Tensor:
        rows, joints, _ = x.shape
        gathered = torch.matmul(self.mix, x).view(rows, joints, -1)
        out = _product(gathered, self.weight) + self.bias
        return F.relu(out if self.project else out + x)


class FusedMCF(_Constants):
    """(N * T, V, C) -> the same and the attention (N, V, U), in fp32 where the features are in bf16.

    With cosines, queries and keys come out of one product and lie side by side in memory, 2V vectors a frame: q of
    joint 0, k of joint 0, q of joint 1, ... The product of all of them with each other has the similarities, and on its
    diagonal the lengths, so that nothing of the size of the features has to be split, squared or summed.
    """

    def __init__(self, mcf: MCF) -> None:
        super().__init__()
        self.sizes, self.scale = mcf.sizes, mcf.scale
        scale, shift = _scale_and_shift(mcf.norm)
        restore = scale.unsqueeze(1) * mcf.restore.weight
        self.constant("reduce_weight", mcf.reduce.weight)
        self.constant("reduce_bias", mcf.reduce.bias)
        if mcf.scale == "cosine":
            self.constant("query_weight", torch.cat([mcf.query.weight, mcf.key.weight]))
            self.constant("query_bias", torch.cat([mcf.query.bias, mcf.key.bias]))
            self.steepness = float(mcf.steepness)
            both = torch.eye(2 * len(mcf.parts), dtype=mcf.parts.dtype)
            self.constant("diagonal", both)
            self.constant("queries", both[::2])  # (V, 2V)
            self.constant("pool", both[:, 1::2] @ mcf.parts)  # (2V, U): of the keys, by part
            self.constant("grains", torch.block_diag(*(torch.ones(size, size) for size in mcf.sizes)))  # (U, U)
        else:
            self.constant("query_weight", mcf.key.weight.T @ mcf.query.weight)
            self.constant("query_bias", mcf.key.weight.T @ mcf.query.bias)
        self.constant("restore_weight", restore @ mcf.value.weight)
        value_bias = mcf.grain_weight.sum() * mcf.value.bias
        self.constant("restore_bias", restore @ value_bias + scale * mcf.restore.bias + shift)
        self.constant("parts", mcf.parts)  # (V, U)
        weights = mcf.grain_weight.repeat_interleave(torch.tensor(mcf.sizes))
        self.constant("spread", weights.unsqueeze(1) * mcf.parts.T)  # (U, V)

    def forward(self, x: Tensor, bodies: int) -> tuple[Tensor, Tensor]:
        rows, v, _ = x.shape
        t = rows // bodies
        reduced = F.linear(x, self.reduce_weight, self.reduce_bias)  # (N * T, V, C/4)
        query = F.linear(reduced, self.query_weight, self.query_bias)
        by_body = (bodies, t, v, reduced.shape[-1])
        if self.scale == "cosine":
            attention = self._by_cosines(query.view(bodies, t, 2 * v, reduced.shape[-1]))
        else:
            attention = self._by_products(query.view(by_body), reduced.view(by_body))
        mix = (attention @ _exact(self.spread)).to(x.dtype).unsqueeze(1)  # (N, 1, V, V)
        context = torch.matmul(mix, reduced.view(by_body)).view(rows, v, -1)
        return F.relu(x + _product(context, self.restore_weight, self.restore_bias)), attention

    def _by_cosines(self, both: Tensor) -> Tensor:
        """Attention (N, V, U) of queries and keys (N, T, 2V, C/4), which take turns."""
        products = self._summed_products(both, both)  # (N, 2V, 2V)
        inverse = (products * _exact(self.diagonal)).sum(dim=2).clamp(min=SMALLEST_SQUARE).rsqrt()  # (N, 2V)
        cosines = products * inverse.unsqueeze(2) * inverse.unsqueeze(1) * self.steepness
        # No larger than the steepness, so exp needs no maximum taken off.
        powers = torch.exp(_exact(self.queries) @ (cosines @ _exact(self.pool)))
        return powers / (powers @ _exact(self.grains))

    def _by_products(self, query: Tensor, key: Tensor) -> Tensor:
        """Attention (N, V, U) of queries and keys (N, T, V, C/4)."""
        similarity = self._summed_products(query, key) / attention_divisor(self.scale, query.shape[1], query.shape[3])
        pools = _exact(self.parts).split(self.sizes, dim=1)
        # Grain 0 is the joints themselves: nothing to pool.
        grains = [similarity, *(similarity @ pool for pool in pools[1:])]
        return torch.cat([grain.softmax(dim=-1) for grain in grains], dim=-1)

    @staticmethod
    def _summed_products(a: Tensor, b: Tensor) -> Tensor:
        """Of (N, T, A, C) and (N, T, B, C) the products (N, A, B), summed over frames and channels."""
        bodies, t, *_ = a.shape
        frames = torch.matmul(a.flatten(0, 1), b.flatten(0, 1).transpose(1, 2))
        return _exact(frames.view(bodies, t, a.shape[2], b.shape[2]).sum(dim=1))


class FusedTemporal(_Constants):
    """Temporal convolution with stride: (N * T, V, C) -> (N * T', V, C)."""

    def __init__(self, temporal: TemporalConvolution) -> None:
        super().__init__()
        convolution = temporal.convolution
        scale, shift = _scale_and_shift(temporal.norm)
        weight = scale.view(-1, 1, 1, 1) * convolution.weight
        if convolution.groups > 1:
            weight = widen_groups(weight, WIDE)
        self.constant("weight", weight)
        self.constant("bias", scale * convolution.bias + shift)
        self.groups = weight.shape[0] // weight.shape[1]
        self.stride, self.padding = convolution.stride, convolution.padding

    def forward(self, x: Tensor, bodies: int) -> Tensor:
        return _over_time(x, bodies, self.weight, self.bias, self.stride, self.padding, self.groups)


class FusedTDF(_Constants):
    """(N * T, V, C) -> (N * T', V, C)."""

    def __init__(self, tdf: TDF, joints: int) -> None:
        super().__init__()
        scale, shift = _scale_and_shift(tdf.squeeze_norm)
        # Of the mean over the joints, the sum is a product and the division is in the weight.
        self.constant("squeeze_weight", scale.view(-1, 1, 1) * tdf.squeeze.weight / joints)
        self.constant("ones", torch.ones(1, joints))
        self.constant("squeeze_bias", scale * tdf.squeeze.bias + shift)
        self.constant("excite_weight", tdf.excite.weight)
        self.constant("excite_bias", tdf.excite.bias)
        self.padding = tdf.squeeze.padding
        self.motion = tdf.motion
        self.temporal = FusedTemporal(tdf.temporal)

    def forward(self, x: Tensor, bodies: int) -> Tensor:
        rows, _, c = x.shape
        summed = torch.matmul(self.ones, x).view(bodies, rows // bodies, c).transpose(1, 2)  # (N, C, T)
        if self.motion:
            summed = F.pad(summed[..., 1:] - summed[..., :-1], (0, 1))
        hidden = F.relu(F.conv1d(summed, self.squeeze_weight, self.squeeze_bias, padding=self.padding))
        gate = torch.sigmoid(F.conv1d(hidden, self.excite_weight, self.excite_bias, padding=self.padding))
        return self.temporal(x * (1 + gate.transpose(1, 2).reshape(rows, 1, c)), bodies)


class FusedShortcut(_Constants):
    """Projecting shortcut around a block: (N * T, V, C_in) -> (N * T', V, C_out).

    A convolution of one tap takes every stride-th frame without copying them first.
    """

    def __init__(self, shortcut: Shortcut) -> None:
        super().__init__()
        weight, bias = _fold_shortcut(shortcut)
        self.constant("weight", weight[:, :, None, None])
        self.constant("bias", bias)
        self.stride = (shortcut.stride, 1)

    def forward(self, x: Tensor, bodies: int) -> Tensor:
        return _over_time(x, bodies, self.weight, self.bias, self.stride)


class FusedBlock(nn.Module):
    """SCN, MCF, TDF and the residual path around them."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.scn = FusedSCN(block.scn)
        self.mcf = FusedMCF(block.mcf) if block.mcf is not None else None
        if isinstance(block.temporal, TDF):
            self.temporal = FusedTDF(block.temporal, joints=block.scn.graph.shape[1])
        else:
            self.temporal = FusedTemporal(block.temporal)
        self.shortcut = FusedShortcut(block.shortcut) if block.shortcut.project else None

    def forward(self, x: Tensor, bodies: int) -> tuple[Tensor, Tensor | None]:
        features, attention = self.scn(x), None
        if self.mcf is not None:
            features, attention = self.mcf(features, bodies)
        residual = x if self.shortcut is None else self.shortcut(x, bodies)
        return F.relu(self.temporal(features, bodies) + residual), attention


class FusedSTFNet(_Constants):
    """What STFNet(x, attention=True) gives in evaluation: (N, C, T, V, M) -> logits and attention (N, M, L, V, U).

    Input, logits and attention are fp32. dtype is what the features and weights in between are in; with bfloat16 the
    softmax and what leads to it still are fp32.
    """

    def __init__(self, network: STFNet, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.dtype = dtype
        self.present_only = network.present_only
        self.stem = FusedStem(network.input_norm, network.stem)
        self.blocks = nn.ModuleList(FusedBlock(block) for block in network.blocks)
        self.constant("classify_weight", network.classify.weight)
        self.constant("classify_bias", network.classify.bias)
        self.to(dtype)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        n, c, t, v, m = x.shape
        frames = x.to(self.dtype).permute(0, 4, 2, 1, 3).reshape(n * m, t, c * v)
        features, attentions = self.stem(frames), []
        for block in self.blocks:
            features, attention = block(features, n * m)
            if attention is not None:
                attentions.append(attention)
        bodies = features.view(n, m, -1, features.shape[-1]).mean(dim=2)
        if self.present_only:
            there = (x != 0).flatten(1, 3).any(dim=1).to(bodies.dtype)  # (N, M)
            pooled = (bodies * there.unsqueeze(-1)).sum(1) / there.sum(1, keepdim=True).clamp(min=1)
        else:
            pooled = bodies.mean(dim=1)
        logits = _exact(F.linear(pooled, self.classify_weight, self.classify_bias))
        if not attentions:
            return logits, logits.new_zeros(n, m, 0, v, 0)
        return logits, torch.stack(attentions, dim=1).view(n, m, len(attentions), v, -1)


def fuse(network: STFNet, dtype: torch.dtype = torch.float32) -> FusedSTFNet:
    """The network as it stands, for running. What is learned afterwards does not reach it."""
    with torch.no_grad():
        return FusedSTFNet(network, dtype).eval()
