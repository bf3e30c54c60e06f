"""Temporal discrimination focus of STF-Net (section III-C, equations 8, 9), and the temporal convolution after it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from live_stf.network.scn import ChannelNorm

REDUCTION = 4  # gamma: C is reduced to C / 4 for the gate; also the channels of one group of the temporal convolution
WIDE = 16  # narrower groups of the temporal convolution are computed as groups of this many channels


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
        hidden = convolve_over_time(self.squeeze, pooled)
        hidden = F.relu(self.squeeze_norm(hidden.flatten(0, 1)).view(hidden.shape))
        gate = torch.sigmoid(convolve_over_time(self.excite, hidden))
        return self.temporal(x * (1 + gate.unsqueeze(2)))


def convolve_over_time(layer: nn.Conv1d, x: Tensor) -> Tensor:
    """The layer on (N, T, C).

    In two dimensions channels can be last in memory, as they are in the features: sums and products of the two, and of
    their gradients, are slow if their layouts differ.
    """
    image = x.unsqueeze(2).permute(0, 3, 1, 2)  # (N, C, T, 1)
    out = F.conv2d(image, layer.weight.unsqueeze(3), layer.bias, padding=(layer.kernel_size[0] // 2, 0))
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
    many numbers at once, and fewer take as long.
    """

    def __init__(self, channels: int, kernel: int, stride: int, groups: int = 1) -> None:
        super().__init__()
        self.stride, self.padding = (stride, 1), (kernel // 2, 0)
        self.convolution = nn.Conv2d(channels, channels, (kernel, 1), self.stride, self.padding, groups=groups)
        self.norm = ChannelNorm(channels)
        narrow = channels // groups
        self.computed_channels = WIDE if narrow < WIDE and channels % WIDE == 0 else narrow  # of one group

    def computed_weight(self) -> Tensor:
        """Weight of the convolution as it is computed, (C, computed_channels, kernel, 1)."""
        weight = self.convolution.weight
        return widen_groups(weight, WIDE) if weight.shape[1] < self.computed_channels else weight

    def forward(self, x: Tensor) -> Tensor:
        weight = self.computed_weight()
        groups = self.convolution.out_channels // self.computed_channels
        # A permuted view is channels-last memory: no copy on the way in or out.
        out = F.conv2d(x.permute(0, 3, 1, 2), weight, self.convolution.bias, self.stride, self.padding, groups=groups)
        return self.norm(out.permute(0, 2, 3, 1))
