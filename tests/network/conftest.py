"""Networks with random weights, and plain formulations of their layers."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


def randomised(module: Network) -> Network:
    """The module in evaluation mode with random parameters and statistics, because zeros and ones hide errors."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in [*module.named_parameters(), *module.named_buffers()]:
            if name.endswith("running_var"):
                value.uniform_(0.5, 2, generator=generator)
            elif value.is_floating_point() and not name.endswith(("graph", "parts")):
                value.add_(torch.randn(value.shape, generator=generator) * 0.1)
    return module.eval()


def normalised(norm: nn.BatchNorm1d, x: Tensor) -> Tensor:
    """Batch norm in evaluation over the last axis."""
    return (x - norm.running_mean) / torch.sqrt(norm.running_var + norm.eps) * norm.weight + norm.bias


def shortcut(module: nn.Module, x: Tensor) -> Tensor:
    """The residual path of a block (N, T, V, C)."""
    if not module.project:
        return x
    return normalised(module.norm, x[:, :: module.stride] @ module.linear.weight.T + module.linear.bias)
