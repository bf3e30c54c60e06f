"""STF-Net for inference: the same function as `stf_net` in fewer and larger products.

Everything that is constant once the weights are learned is computed beforehand:

- Every batch norm is part of the product or convolution before it.
- Fixed and learned graph are one matrix. A projecting shortcut is one partition more, whose graph is the identity: one
  product instead of two and a sum.
- The input norm, the graph and the weights of the stem are one matrix per frame.
- MCF has two projections less. The similarity Q K^T of q = W_q r + b_q and k = W_k r + b_k is the product of W_k^T q
  and r, apart from terms that are the same for all parts and do not change the softmax. (Not for cosines, which need
  the lengths of q and k: see FusedMCF.) The value's projection is part of the restoring one: a row of the attention
  sums to one, so its bias arrives as a constant.
- A group of the temporal convolution has sixteen channels instead of four, with zeros between the four: CPUs multiply
  sixteen numbers at once, and four take as long.

Features are (N * T, V, C) between the parts, see `folding`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from live_stf.network.folding import (
    bias_of,
    channel_product,
    constant,
    convolve_frames,
    fold_scn,
    fold_shortcut,
    scale_and_shift,
)
from live_stf.network.mcf import MCF, SMALLEST_SQUARE, attention_divisor
from live_stf.network.scn import SCN, Shortcut
from live_stf.network.stf_net import Block, STFNet
from live_stf.network.tdf import TDF, TemporalConvolution


class FusedStem(nn.Module):
    """Input norm and the first SCN: (N, T, C * V) -> (N * T, V, C_out)."""

    def __init__(self, norm: nn.BatchNorm1d, scn: SCN) -> None:
        super().__init__()
        graph, weight, bias = fold_scn(scn)
        joints = graph.shape[1]
        scale, shift = (value.view(joints, -1) for value in scale_and_shift(norm))  # (V, C)
        whole = torch.einsum("kvw,okc->wocv", graph, weight)
        self.bias = constant(bias + torch.einsum("wocv,vc->wo", whole, shift))  # (V, C_out)
        self.weight = constant((whole * scale.T).flatten(0, 1).flatten(1))  # (V * C_out, C * V)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(F.linear(x, self.weight).view(-1, *self.bias.shape) + self.bias)


class FusedSCN(nn.Module):
    """(N * T, V, C_in) -> (N * T, V, C_out)."""

    def __init__(self, scn: SCN) -> None:
        super().__init__()
        graph, weight, bias = fold_scn(scn)
        self.mix = constant(graph.permute(2, 0, 1).flatten(0, 1))  # (V * K', V)
        self.weight = constant(weight.flatten(1))
        self.bias = constant(bias)
        self.project = scn.shortcut.project

    def forward(self, x: Tensor) -> Tensor:
        rows, joints, _ = x.shape
        gathered = torch.matmul(self.mix, x).view(rows, joints, -1)
        out = channel_product(gathered, self.weight) + self.bias
        return F.relu(out if self.project else out + x)


class FusedMCF(nn.Module):
    """(N * T, V, C) -> features of the same shape and the attention (N, V, U).

    With cosines, one product gives queries and keys, which lie side by side in memory, 2V vectors a frame: q of joint
    0, k of joint 0, q of joint 1, ... The product of all of them with each other has the similarities, and the squared
    lengths on its diagonal, so that nothing of the size of the features has to be split, squared or summed.
    """

    def __init__(self, mcf: MCF) -> None:
        super().__init__()
        self.sizes, self.scale = mcf.sizes, mcf.scale
        scale, shift = scale_and_shift(mcf.norm)
        restore = scale.unsqueeze(1) * mcf.restore.weight
        self.reduce_weight = constant(mcf.reduce.weight)
        self.reduce_bias = constant(mcf.reduce.bias)
        if mcf.scale == "cosine":
            self.query_weight = constant(torch.cat([mcf.query.weight, mcf.key.weight]))
            self.query_bias = constant(torch.cat([mcf.query.bias, mcf.key.bias]))
            self.steepness = float(mcf.steepness)
            both = torch.eye(2 * len(mcf.parts), dtype=mcf.parts.dtype)
            self.diagonal = constant(both)
            self.queries = constant(both[::2])  # (V, 2V)
            self.pool = constant(both[:, 1::2] @ mcf.parts)  # (2V, U): of the keys, by part
            ones = (torch.ones(size, size, dtype=both.dtype) for size in mcf.sizes)
            self.grains = constant(torch.block_diag(*ones))  # (U, U)
        else:
            self.query_weight = constant(mcf.key.weight.T @ mcf.query.weight)
            self.query_bias = constant(mcf.key.weight.T @ mcf.query.bias)
        self.restore_weight = constant(restore @ mcf.value.weight)
        value_bias = mcf.grain_weight.sum() * mcf.value.bias
        self.restore_bias = constant(restore @ value_bias + scale * mcf.restore.bias + shift)
        self.parts = constant(mcf.parts)  # (V, U)
        weights = mcf.grain_weight.repeat_interleave(torch.tensor(mcf.sizes))
        self.spread = constant(weights.unsqueeze(1) * mcf.parts.T)  # (U, V)

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
        mix = (attention @ self.spread).unsqueeze(1)  # (N, 1, V, V)
        context = torch.matmul(mix, reduced.view(by_body)).view(rows, v, -1)
        return F.relu(x + channel_product(context, self.restore_weight, self.restore_bias)), attention

    def _by_cosines(self, both: Tensor) -> Tensor:
        """Attention (N, V, U) of alternating queries and keys (N, T, 2V, C/4)."""
        products = self._summed_products(both, both)  # (N, 2V, 2V)
        inverse = (products * self.diagonal).sum(dim=2).clamp(min=SMALLEST_SQUARE).rsqrt()  # (N, 2V)
        cosines = products * inverse.unsqueeze(2) * inverse.unsqueeze(1) * self.steepness
        # At most the steepness, so exp does not overflow without the usual shift by the maximum.
        powers = torch.exp(self.queries @ (cosines @ self.pool))
        return powers / (powers @ self.grains)

    def _by_products(self, query: Tensor, key: Tensor) -> Tensor:
        """Attention (N, V, U) of queries and keys (N, T, V, C/4)."""
        similarity = self._summed_products(query, key) / attention_divisor(self.scale, query.shape[1], query.shape[3])
        pools = self.parts.split(self.sizes, dim=1)
        # Grain 0 is the joints themselves, without pooling.
        grains = [similarity, *(similarity @ pool for pool in pools[1:])]
        return torch.cat([grain.softmax(dim=-1) for grain in grains], dim=-1)

    @staticmethod
    def _summed_products(a: Tensor, b: Tensor) -> Tensor:
        """Products (N, A, B) of (N, T, A, C) and (N, T, B, C), summed over frames and channels."""
        bodies, t, *_ = a.shape
        frames = torch.matmul(a.flatten(0, 1), b.flatten(0, 1).transpose(1, 2))
        return frames.view(bodies, t, a.shape[2], b.shape[2]).sum(dim=1)


class FusedTemporal(nn.Module):
    """Temporal convolution with stride: (N * T, V, C) -> (N * T', V, C)."""

    def __init__(self, temporal: TemporalConvolution) -> None:
        super().__init__()
        scale, shift = scale_and_shift(temporal.norm)
        self.weight = constant(scale.view(-1, 1, 1, 1) * temporal.computed_weight())
        self.bias = constant(scale * bias_of(temporal.convolution) + shift)
        self.groups = temporal.convolution.out_channels // temporal.computed_channels
        self.stride, self.padding = temporal.stride, temporal.padding

    def forward(self, x: Tensor, bodies: int) -> Tensor:
        return convolve_frames(x, bodies, self.weight, self.bias, self.stride, self.padding, self.groups)


class FusedTDF(nn.Module):
    """(N * T, V, C) -> (N * T', V, C)."""

    def __init__(self, tdf: TDF, joints: int) -> None:
        super().__init__()
        scale, shift = scale_and_shift(tdf.squeeze_norm)
        # The mean over the joints is a sum, computed as a product, and a division, which is part of the weight.
        self.squeeze_weight = constant(scale.view(-1, 1, 1) * tdf.squeeze.weight / joints)
        self.ones = constant(torch.ones(1, joints, dtype=scale.dtype))
        self.squeeze_bias = constant(scale * bias_of(tdf.squeeze) + shift)
        self.excite_weight = constant(tdf.excite.weight)
        self.excite_bias = constant(bias_of(tdf.excite))
        self.padding = tdf.squeeze.kernel_size[0] // 2
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


class FusedShortcut(nn.Module):
    """Projecting shortcut around a block: (N * T, V, C_in) -> (N * T', V, C_out).

    A convolution of one tap takes every stride-th frame without copying them first.
    """

    def __init__(self, shortcut: Shortcut) -> None:
        super().__init__()
        weight, bias = fold_shortcut(shortcut)
        self.weight = constant(weight[:, :, None, None])
        self.bias = constant(bias)
        self.stride = (shortcut.stride, 1)

    def forward(self, x: Tensor, bodies: int) -> Tensor:
        return convolve_frames(x, bodies, self.weight, self.bias, self.stride)


class FusedBlock(nn.Module):
    """SCN, MCF, TDF and the residual path around them."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.scn = FusedSCN(block.scn)
        self.mcf = FusedMCF(block.mcf) if block.mcf is not None else None
        self.temporal: FusedTDF | FusedTemporal = (
            FusedTDF(block.temporal, joints=block.scn.graph.shape[1])
            if isinstance(block.temporal, TDF)
            else FusedTemporal(block.temporal)
        )
        self.shortcut = FusedShortcut(block.shortcut) if block.shortcut.project else None

    def forward(self, x: Tensor, bodies: int) -> tuple[Tensor, Tensor | None]:
        features, attention = self.scn(x), None
        if self.mcf is not None:
            features, attention = self.mcf(features, bodies)
        residual = x if self.shortcut is None else self.shortcut(x, bodies)
        return F.relu(self.temporal(features, bodies) + residual), attention


class FusedSTFNet(nn.Module):
    """STFNet(x, attention=True) in evaluation: (N, C, T, V, M) -> logits (N, classes) and attention (N, M, L, V, U)."""

    def __init__(self, network: STFNet) -> None:
        super().__init__()
        self.present_only = network.present_only
        self.stem = FusedStem(network.input_norm, network.stem)
        self.blocks = nn.ModuleList(FusedBlock(block) for block in network.blocks if isinstance(block, Block))
        self.classify_weight = constant(network.classify.weight)
        self.classify_bias = constant(network.classify.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        n, c, t, v, m = x.shape
        frames = x.permute(0, 4, 2, 1, 3).reshape(n * m, t, c * v)
        features, attentions = self.stem(frames), []
        for block in self.blocks:
            features, attention = block(features, n * m)
            if attention is not None:
                attentions.append(attention)
        bodies = features.view(n, m, -1, features.shape[-1]).mean(dim=2)
        if self.present_only:
            present = (x != 0).flatten(1, 3).any(dim=1).to(bodies.dtype)  # (N, M)
            pooled = (bodies * present.unsqueeze(-1)).sum(1) / present.sum(1, keepdim=True).clamp(min=1)
        else:
            pooled = bodies.mean(dim=1)
        logits = F.linear(pooled, self.classify_weight, self.classify_bias)
        if not attentions:
            return logits, logits.new_zeros(n, m, 0, v, 0)
        return logits, torch.stack(attentions, dim=1).view(n, m, len(attentions), v, -1)


def fuse(network: STFNet) -> FusedSTFNet:
    """The network in its present state for inference, in the same precision; it shares no memory with `network`."""
    with torch.no_grad():
        return FusedSTFNet(network).eval()
