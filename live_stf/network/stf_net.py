"""STF-Net: "SpatioTemporal Focus for Skeleton-based Action Recognition", section III.

A block is SCN (`scn`, equations 1 and 2), MCF (`mcf`, 3 to 7) and TDF (`tdf`, 8 and 9), one after the other.

Inside the network features are (N, T, V, C), channels last: the channel products, which are most of the work, are plain
matrix products on contiguous memory, and the graph product mixes joints without a transpose. N counts bodies, not
samples: bodies are folded into the batch. K partitions, L blocks with MCF, U the parts of all grains together.
docs/stf-net.md lists the details that the paper leaves open, and the choice made here for each.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from live_stf.network.graph import partition_adjacency
from live_stf.network.mcf import ATTENTION_SCALES, MCF
from live_stf.network.scn import SCN, Shortcut
from live_stf.network.tdf import TDF, TemporalConvolution
from live_stf.skeleton import Skeleton, part_matrix

WIDTHS = (64, 64, 64, 128, 128, 128, 256, 256, 256)
STRIDES = (1, 1, 1, 2, 1, 1, 2, 1, 1)
FIRST_MCF = 4  # "res-layer4 to res-layer9"


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
        self.temporal: TDF | TemporalConvolution = (
            TDF(channels_out, tdf_kernel, tdf_motion, temporal_kernel, stride)
            if tdf
            else TemporalConvolution(channels_out, temporal_kernel, stride)
        )
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

    grains: their number with the joints ("#parts" of Table IV). attention_scale: one of ATTENTION_SCALES. tdf_motion:
    the variant of TDF with ME. present_only: average the features over the bodies that are present (any value other
    than zero) instead of over all M.

    Raises ValueError if attention_scale is not known.
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
    ) -> None:
        super().__init__()
        if attention_scale not in ATTENTION_SCALES:
            raise ValueError(
                f"attention_scale is {attention_scale!r}, it has to be one of {', '.join(ATTENTION_SCALES)}"
            )
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
            present = (x != 0).flatten(1, 3).any(dim=1).to(bodies.dtype)  # (N, M)
            pooled = (bodies * present.unsqueeze(-1)).sum(1) / present.sum(1, keepdim=True).clamp(min=1)
        else:
            pooled = bodies.mean(dim=1)
        logits = self.classify(pooled)
        if not attention:
            return logits
        if not attentions:
            return logits, logits.new_zeros(n, m, 0, v, 0)
        return logits, torch.stack(attentions, dim=1).view(n, m, len(attentions), v, -1)
