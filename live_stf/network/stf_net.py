"""STF-Net: "SpatioTemporal Focus for Skeleton-based Action Recognition", section III.

Inside the network features are (N, T, V, C), channels last: the channel products, which are most of the work, are plain
matrix products on contiguous memory, and the graph product mixes joints without a transpose. N counts bodies, not
samples: bodies are folded into the batch. K partitions, L blocks with MCF, U the parts of all grains together.
docs/stf-net.md lists what the paper leaves open and how it is decided here.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from live_stf.network.graph import partition_adjacency
from live_stf.skeleton import Skeleton, part_matrix

WIDTHS = (64, 64, 64, 128, 128, 128, 256, 256, 256)
STRIDES = (1, 1, 1, 2, 1, 1, 2, 1, 1)
FIRST_MCF = 4  # "res-layer4 to res-layer9"
REDUCTION = 4  # alpha of MCF, gamma of TDF, and the channels of one group of the temporal convolution
# What the sum over frames and channels of a query times a key is divided by before the softmax, of T frames and c
# channels: "terms" sqrt(T * c), "frames" T * sqrt(c), "none" 1; "cosine" the lengths of the two over frames and
# channels, and multiplied by a learned steepness of at most STEEPEST.
ATTENTION_SCALES = ("terms", "frames", "none", "cosine")
STEEPEST = 8.0
SMALLEST_SQUARE = 1e-12  # of a length that is divided by
WIDE = 16  # channels of a group of the temporal convolution, at least, as it is computed


class ChannelNorm(nn.BatchNorm1d):
    """Batch norm over the last axis, whatever stands before it."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.reshape(-1, x.shape[-1])).view(x.shape)


class Shortcut(nn.Module):
    """Residual path: identity, or 1x1 convolution with temporal stride and batch norm where the shape changes."""

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.project = channels_in != channels_out or stride != 1
        if self.project:
            self.linear = nn.Linear(channels_in, channels_out)
            self.norm = ChannelNorm(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.linear(x[:, :: self.stride])) if self.project else x


class SCN(nn.Module):
    """Spatial convolution with a learned graph mask (eq. 2): relu(BN(sum_k (G_k + Ga_k) x W_k) + residual).

    (N, T, V, C_in) -> (N, T, V, C_out). Ga starts as a copy of G.
    """

    def __init__(self, channels_in: int, channels_out: int, adjacency: Tensor) -> None:
        super().__init__()
        partitions = adjacency.shape[0]
        self.register_buffer("graph", adjacency.clone(), persistent=False)  # (K, V, V)
        self.mask = nn.Parameter(adjacency.clone())
        self.weight = nn.Linear(partitions * channels_in, channels_out, bias=False)
        # W_k is a 1x1 convolution with a bias, as in ST-GCN; the graph spreads it, so it differs from joint to joint.
        self.bias = nn.Parameter(torch.zeros(partitions, channels_out))
        self.norm = ChannelNorm(channels_out)
        self.shortcut = Shortcut(channels_in, channels_out)

    def forward(self, x: Tensor) -> Tensor:
        n, t, v, _ = x.shape
        graph = self.graph + self.mask
        # Rows ordered (target joint, partition): the product then lies in memory as (N, T, V, K*C) with no transpose.
        mix = graph.permute(2, 0, 1).reshape(-1, v)  # (V*K, V)
        # One small product per frame. torch.matmul would make one large product of it, for which it transposes the
        # features there and back, and once more for the gradients.
        frames = x.reshape(n * t, v, -1)
        gathered = torch.bmm(mix.to(x.dtype).expand(n * t, -1, -1), frames).view(n, t, v, -1)
        bias = graph.sum(dim=1).T @ self.bias  # (V, C_out)
        return F.relu(self.norm(self.weight(gathered) + bias) + self.shortcut(x))


def attention_divisor(scale: str, frames: int, channels: int) -> float:
    """What similarities are divided by before the softmax, see ATTENTION_SCALES; not for "cosine"."""
    return {"terms": math.sqrt(frames * channels), "frames": frames * math.sqrt(channels), "none": 1.0}[scale]


def inverse_length(x: Tensor) -> Tensor:
    """1 / sqrt(sum over frames and channels of x^2), in fp32 or better: (N, T, V, C) -> (N, V).

    A joint without any feature has length zero and similarity zero.
    """
    exact = torch.promote_types(x.dtype, torch.float32)
    return (x * x).sum(dim=3).sum(dim=1, dtype=exact).clamp(min=SMALLEST_SQUARE).rsqrt()


class MCF(nn.Module):
    """Multi-grain contextual focus (eq. 3-7). Returns features like its input and the attention (N, V, U).

    The paper pools key and value over the parts of every grain. Pooling is linear, so it is done here on the (V, V)
    similarities instead of on the features: Q (P^T K)^T = (Q K^T) P and M (P^T V) = (M P^T) V.
    """

    def __init__(self, channels: int, parts: list[Tensor], scale: str = "terms") -> None:
        super().__init__()
        inner = channels // REDUCTION
        self.scale = scale
        self.sizes = [matrix.shape[1] for matrix in parts]
        self.register_buffer("parts", torch.cat(parts, dim=1), persistent=False)  # (V, U)
        self.reduce = nn.Linear(channels, inner)
        self.query = nn.Linear(inner, inner)
        self.key = nn.Linear(inner, inner)
        self.value = nn.Linear(inner, inner)
        if scale == "cosine":
            self.steepness_logit = nn.Parameter(torch.zeros(()))
        self.grain_weight = nn.Parameter(torch.full((len(parts),), 1.0 / len(parts)))
        self.restore = nn.Linear(inner, channels)
        self.norm = ChannelNorm(channels)

    @property
    def steepness(self) -> Tensor:
        """What a cosine is multiplied by before the softmax, between 0 and STEEPEST."""
        return STEEPEST * torch.sigmoid(self.steepness_logit)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        n, t, v, _ = x.shape
        reduced = self.reduce(x)
        query, key, value = self.query(reduced), self.key(reduced), self.value(reduced)  # (N, T, V, C/4)
        # Time and channels are both summed over: frame by frame, so that the features need no transpose.
        frames = torch.bmm(query.flatten(0, 1), key.flatten(0, 1).transpose(1, 2))  # (N*T, V, V)
        # fp32 under autocast for the sum and the softmax.
        summed = frames.view(n, t, v, v).sum(dim=1, dtype=self.parts.dtype)
        if self.scale == "cosine":
            lengths = inverse_length(query).unsqueeze(2) * inverse_length(key).unsqueeze(1)
            similarity = summed * lengths * self.steepness
        else:
            similarity = summed / attention_divisor(self.scale, t, query.shape[-1])
        logits = similarity @ self.parts  # (N, V, U)
        attention = [part.softmax(dim=-1) for part in logits.split(self.sizes, dim=-1)]
        weighted = torch.cat([m * w for m, w in zip(attention, self.grain_weight.unbind(), strict=True)], dim=-1)
        mix = weighted @ self.parts.T  # (N, V, V)
        context = torch.matmul(mix.to(value.dtype).unsqueeze(1), value)
        return F.relu(x + self.norm(self.restore(context))), torch.cat(attention, dim=-1)


class TDF(nn.Module):
    """Temporal discrimination focus (eq. 8, 9) and the grouped temporal convolution with its stride.

    (N, T, V, C) -> (N, T', V, C). motion=True is the paper's variant with ME, the difference of adjacent frames.
    """

    def __init__(self, channels: int, kernel: int, motion: bool, temporal_kernel: int, stride: int) -> None:
        super().__init__()
        inner = channels // REDUCTION
        self.motion = motion
        self.squeeze = nn.Conv1d(channels, inner, kernel, padding=kernel // 2)
        self.squeeze_norm = nn.BatchNorm1d(inner)
        self.excite = nn.Conv1d(inner, channels, kernel, padding=kernel // 2)
        self.temporal = TemporalConvolution(channels, temporal_kernel, stride, groups=channels // REDUCTION)

    def forward(self, x: Tensor) -> Tensor:
        pooled = x.mean(dim=2)  # (N, T, C)
        if self.motion:
            pooled = F.pad(pooled[:, 1:] - pooled[:, :-1], (0, 0, 0, 1))
        hidden = self._over_time(self.squeeze, pooled)
        hidden = F.relu(self.squeeze_norm(hidden.flatten(0, 1)).view(hidden.shape))
        gate = torch.sigmoid(self._over_time(self.excite, hidden))
        return self.temporal(x * (1 + gate.unsqueeze(2)))

    @staticmethod
    def _over_time(layer: nn.Conv1d, x: Tensor) -> Tensor:
        """The layer on (N, T, C).

        In two dimensions channels can be last in memory, as they are in the features: sums and products of the two, and
        of their gradients, are slow when they are not laid out alike.
        """
        picture = x.unsqueeze(2).permute(0, 3, 1, 2)  # (N, C, T, 1)
        out = F.conv2d(picture, layer.weight.unsqueeze(3), layer.bias, padding=(layer.padding[0], 0))
        return out.permute(0, 2, 3, 1).squeeze(2)


def widen_groups(weight: Tensor, group: int) -> Tensor:
    """Weight of the same grouped convolution with fewer groups, of `group` channels: (C, C_g, ...) -> (C, group, ...).

    The old groups stand on the diagonal of the new ones. C_g divides `group`, `group` divides C.
    """
    channels, narrow, *kernel = weight.shape
    times = group // narrow
    old = weight.reshape(channels // group, times, narrow, 1, narrow, *kernel)
    diagonal = torch.eye(times, dtype=weight.dtype, device=weight.device)
    new = old * diagonal.reshape(1, times, 1, times, 1, *(1 for _ in kernel))
    return new.reshape(channels, group, *kernel)


class TemporalConvolution(nn.Module):
    """kernel x 1 convolution over time with stride, batch norm; (N, T, V, C) -> (N, T', V, C).

    Groups narrower than WIDE are computed as groups of WIDE channels with zeros between them: processors multiply that
    many numbers at once, and fewer in no less time.
    """

    def __init__(self, channels: int, kernel: int, stride: int, groups: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, channels, (kernel, 1), (stride, 1), (kernel // 2, 0), groups=groups)
        self.norm = ChannelNorm(channels)
        narrow = channels // groups
        self.computed_channels = WIDE if narrow < WIDE and channels % WIDE == 0 else narrow  # of one group

    def forward(self, x: Tensor) -> Tensor:
        layer = self.convolution
        weight, groups = layer.weight, layer.groups
        if weight.shape[1] < self.computed_channels:
            weight, groups = widen_groups(weight, WIDE), layer.out_channels // WIDE
        # A permuted view is channels-last memory: no copy on the way in or out.
        out = F.conv2d(x.permute(0, 3, 1, 2), weight, layer.bias, layer.stride, layer.padding, groups=groups)
        return self.norm(out.permute(0, 2, 3, 1))


class Block(nn.Module):
    """SCN, MCF, TDF sequentially, with a residual path around them. Without TDF: a plain temporal convolution."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        stride: int,
        adjacency: Tensor,
        parts: list[Tensor] | None,
        attention_scale: str,
        tdf: bool,
        tdf_kernel: int,
        tdf_motion: bool,
        temporal_kernel: int,
    ) -> None:
        super().__init__()
        self.scn = SCN(channels_in, channels_out, adjacency)
        self.mcf = MCF(channels_out, parts, attention_scale) if parts is not None else None
        if tdf:
            self.temporal = TDF(channels_out, tdf_kernel, tdf_motion, temporal_kernel, stride)
        else:
            self.temporal = TemporalConvolution(channels_out, temporal_kernel, stride)
        self.shortcut = Shortcut(channels_in, channels_out, stride)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        features, attention = self.scn(x), None
        if self.mcf is not None:
            features, attention = self.mcf(features)
        return F.relu(self.temporal(features) + self.shortcut(x)), attention


class STFNet(nn.Module):
    """The network of figure 2.

    Input (N, C, T, V, M). forward(x) -> logits (N, classes); forward(x, attention=True) -> logits and the attention
    (N, M, L, V, U): for each of the L MCF blocks and each joint, its weights over the parts, grain after grain
    (`grain_sizes`), each grain's row summing to one. L is 0 without MCF.

    grains: how many, the joints counted ("#parts" of Table IV). attention_scale: one of ATTENTION_SCALES.
    present_only: average the features only over bodies that are there (a value other than zero anywhere) instead of
    over all M.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        classes: int,
        channels: int = 3,
        grains: int | None = None,
        mcf: bool = True,
        attention_scale: str = "terms",
        tdf: bool = True,
        tdf_kernel: int = 5,
        tdf_motion: bool = False,
        temporal_kernel: int = 9,
        present_only: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if attention_scale not in ATTENTION_SCALES:
            raise ValueError(f"attention_scale is {attention_scale!r}, it can be one of {', '.join(ATTENTION_SCALES)}")
        joints = len(skeleton)
        adjacency = torch.from_numpy(partition_adjacency(skeleton))
        used = skeleton.use_grains(len(skeleton.grains) + 1 if grains is None else grains)
        parts = [torch.from_numpy(part_matrix(grain, joints)) for grain in used]
        self.grain_sizes = tuple(matrix.shape[1] for matrix in parts) if mcf else ()
        self.present_only = present_only
        self.input_norm = nn.BatchNorm1d(joints * channels)
        self.stem = SCN(channels, WIDTHS[0], adjacency)
        widths = (WIDTHS[0], *WIDTHS)
        self.blocks = nn.ModuleList(
            Block(
                widths[number - 1],
                widths[number],
                STRIDES[number - 1],
                adjacency,
                parts if mcf and number >= FIRST_MCF else None,
                attention_scale,
                tdf,
                tdf_kernel,
                tdf_motion,
                temporal_kernel,
            )
            for number in range(1, len(WIDTHS) + 1)
        )
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(WIDTHS[-1], classes)

    def features(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Every body's features (N*M, T/4, V, 256) before the head, and the attention of every MCF (N*M, V, U)."""
        n, c, t, v, m = x.shape
        x = x.permute(0, 4, 2, 3, 1).reshape(n * m, t, v * c)  # (N*M, T, V*C)
        x = self.input_norm(x.transpose(1, 2)).transpose(1, 2).reshape(n * m, t, v, c)
        x = self.stem(x)
        attentions = []
        for block in self.blocks:
            x, attention = block(x)
            if attention is not None:
                attentions.append(attention)
        return x, attentions

    def forward(self, x: Tensor, attention: bool = False) -> Tensor | tuple[Tensor, Tensor]:
        n, _, _, v, m = x.shape
        features, attentions = self.features(x)
        bodies = features.mean(dim=(1, 2)).view(n, m, -1)
        if self.present_only:
            there = (x != 0).flatten(1, 3).any(dim=1).to(bodies.dtype)  # (N, M)
            pooled = (bodies * there.unsqueeze(-1)).sum(1) / there.sum(1, keepdim=True).clamp(min=1)
        else:
            pooled = bodies.mean(dim=1)
        logits = self.classify(self.dropout(pooled))
        if not attention:
            return logits
        if not attentions:
            return logits, logits.new_zeros(n, m, 0, v, 0)
        return logits, torch.stack(attentions, dim=1).view(n, m, len(attentions), v, -1)
