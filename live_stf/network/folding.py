"""Batch norms, graphs and weights of STF-Net folded into constants, and the two products that use them.

Features are (N * T, V, C) here: with three axes OpenVINO leaves the transposes around the temporal convolution, where
they cost nothing. With four axes it moves them to places where each copies the features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from live_stf.network.scn import SCN, Shortcut


def constant(value: Tensor) -> nn.Buffer:
    """A buffer of a module: a detached copy of a value that was computed from learned weights."""
    return nn.Buffer(value.detach().clone().contiguous())


def bias_of(layer: nn.Conv1d | nn.Conv2d) -> Tensor:
    """Bias (C_out,) of a convolution; zeros if it has none."""
    return layer.weight.new_zeros(layer.out_channels) if layer.bias is None else layer.bias


def scale_and_shift(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """Batch norm in evaluation as x * scale + shift."""
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("a batch norm without running statistics cannot be folded")
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale


def fold_shortcut(shortcut: Shortcut) -> tuple[Tensor, Tensor]:
    """Weight (C_out, C_in) and bias (C_out,) of a projecting shortcut with its norm."""
    scale, shift = scale_and_shift(shortcut.norm)
    return scale.unsqueeze(1) * shortcut.linear.weight, scale * shortcut.linear.bias + shift


def fold_scn(scn: SCN) -> tuple[Tensor, Tensor, Tensor]:
    """Graph (K', V, V), weight (C_out, K', C_in) and bias (V, C_out) of an SCN; K' counts a projecting shortcut."""
    graph = scn.graph + scn.mask
    scale, shift = scale_and_shift(scn.norm)
    weight = (scale.unsqueeze(1) * scn.weight.weight).unflatten(1, (graph.shape[0], -1))
    bias = scale * (graph.sum(dim=1).T @ scn.bias) + shift
    if scn.shortcut.project:
        shortcut_weight, shortcut_bias = fold_shortcut(scn.shortcut)
        graph = torch.cat([graph, torch.eye(graph.shape[1], dtype=graph.dtype).unsqueeze(0)])
        weight = torch.cat([weight, shortcut_weight.unsqueeze(1)], dim=1)
        bias = bias + shortcut_bias
    return graph, weight, bias


def channel_product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """F.linear for x (rows, V, C_in) and weight (C_out, C_in), as a convolution of one tap.

    OpenVINO divides a small convolution between cores better than a small product of matrices.
    """
    rows, v, _ = x.shape
    image = x.unsqueeze(0).permute(0, 3, 1, 2)
    return F.conv2d(image, weight[:, :, None, None], bias).permute(0, 2, 3, 1).reshape(rows, v, -1)


def convolve_frames(
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
    image = x.view(bodies, rows // bodies, v, c).permute(0, 3, 1, 2)
    out = F.conv2d(image, weight, bias, stride, padding, 1, groups)
    return out.permute(0, 2, 3, 1).reshape(-1, v, len(weight))
