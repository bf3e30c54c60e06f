"""Spatial convolution of STF-Net with a learned graph (section III-A, equations 1 and 2), and the residual path."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ChannelNorm(nn.BatchNorm1d):
    """Batch norm over the last axis, for any number of axes before it."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.reshape(-1, x.shape[-1])).view(x.shape)


class Shortcut(nn.Module):
    """Residual path: identity, or 1x1 convolution with temporal stride and batch norm if the shape changes."""

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
        self.graph = nn.Buffer(adjacency.clone(), persistent=False)  # (K, V, V)
        self.mask = nn.Parameter(adjacency.clone())
        self.weight = nn.Linear(partitions * channels_in, channels_out, bias=False)
        # W_k is a 1x1 convolution with a bias, as in ST-GCN; the graph spreads it, so it differs from joint to joint.
        self.bias = nn.Parameter(torch.zeros(partitions, channels_out))
        self.norm = ChannelNorm(channels_out)
        self.shortcut = Shortcut(channels_in, channels_out)

    def forward(self, x: Tensor) -> Tensor:
        n, t, v, _ = x.shape
        graph = self.graph + self.mask
        # With rows ordered (target joint, partition) the product is (N, T, V, K*C) in memory without a transpose.
        mix = graph.permute(2, 0, 1).reshape(-1, v)  # (V*K, V)
        # One small product per frame. torch.matmul would make one large product of it, which transposes the features
        # there and back, and once more for the gradients.
        frames = x.reshape(n * t, v, -1)
        gathered = torch.bmm(mix.to(x.dtype).expand(n * t, -1, -1), frames).view(n, t, v, -1)
        bias = graph.sum(dim=1).T @ self.bias  # (V, C_out)
        return F.relu(self.norm(self.weight(gathered) + bias) + self.shortcut(x))
