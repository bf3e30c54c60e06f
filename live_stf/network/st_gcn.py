"""ST-GCN, the baseline: Yan, Xiong, Lin, "Spatial Temporal Graph Convolutional Networks for Skeleton-Based Action
Recognition", AAAI 2018, with its learnable edge importance. Tensors (N*M, C, T, V)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from live_stf.network.graph import partition_adjacency
from live_stf.skeleton import Skeleton

WIDTHS = (64, 64, 64, 64, 128, 128, 128, 256, 256, 256)
STRIDES = (1, 1, 1, 1, 2, 1, 1, 2, 1, 1)


DROPOUT = 0.5  # in all blocks but the first


class STGCNBlock(nn.Module):
    """Graph convolution, 9x1 temporal convolution, residual path."""

    def __init__(
        self, channels_in: int, channels_out: int, stride: int, adjacency: Tensor, dropout: float, residual: bool
    ) -> None:
        super().__init__()
        self.graph = nn.Buffer(adjacency.clone(), persistent=False)  # (K, V, V)
        self.importance = nn.Parameter(torch.ones_like(adjacency))
        self.spatial = nn.Conv2d(channels_in, channels_out * adjacency.shape[0], 1)
        self.temporal = nn.Sequential(
            nn.BatchNorm2d(channels_out),
            nn.ReLU(),
            nn.Conv2d(channels_out, channels_out, (9, 1), (stride, 1), (4, 0)),
            nn.BatchNorm2d(channels_out),
            nn.Dropout(dropout),
        )
        self.residual = residual
        self.shortcut: nn.Module = nn.Identity()
        if residual and (channels_in != channels_out or stride != 1):
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, (stride, 1)), nn.BatchNorm2d(channels_out)
            )

    def forward(self, x: Tensor) -> Tensor:
        n, _, t, v = x.shape
        spread = self.spatial(x).view(n, self.graph.shape[0], -1, t, v)  # (N, K, C, T, V)
        gathered = torch.einsum("nkctv,kvw->nctw", spread, self.graph * self.importance)
        out = self.temporal(gathered)
        return F.relu(out + self.shortcut(x) if self.residual else out)


class STGCN(nn.Module):
    """(N, C, T, V, M) -> logits (N, classes); with attention=True also an empty attention (N, M, 0, V, 0)."""

    grain_sizes: tuple[int, ...] = ()

    def __init__(self, skeleton: Skeleton, classes: int, channels: int = 3) -> None:
        super().__init__()
        adjacency = torch.from_numpy(partition_adjacency(skeleton))
        self.input_norm = nn.BatchNorm1d(len(skeleton) * channels)
        widths = (channels, *WIDTHS)
        self.blocks = nn.ModuleList(
            STGCNBlock(widths[i], widths[i + 1], STRIDES[i], adjacency, 0.0 if i == 0 else DROPOUT, residual=i > 0)
            for i in range(len(WIDTHS))
        )
        self.classify = nn.Linear(WIDTHS[-1], classes)

    def forward(self, x: Tensor, attention: bool = False) -> Tensor | tuple[Tensor, Tensor]:
        n, c, t, v, m = x.shape
        x = x.permute(0, 4, 3, 1, 2).reshape(n * m, v * c, t)
        x = self.input_norm(x).view(n * m, v, c, t).permute(0, 2, 3, 1)
        for block in self.blocks:
            x = block(x)
        logits = self.classify(x.mean(dim=(2, 3)).view(n, m, -1).mean(dim=1))
        return (logits, logits.new_zeros(n, m, 0, v, 0)) if attention else logits
