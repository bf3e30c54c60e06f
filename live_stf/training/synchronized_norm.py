"""Batch norm over the batch of all processes, on CPUs and GPUs alike.

torch's own SyncBatchNorm runs on GPUs only, and normalises the second axis, where STF-Net's norms have the last.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.modules.batchnorm import _BatchNorm

from live_stf.network.stf_net import ChannelNorm


class SynchronizedNorm(_BatchNorm):
    """Batch norm of (N, C, ...) whose mean and variance in training are those of all processes' values.

    Every process has to bring equally many values. Gradients flow through the statistics to all processes.
    """

    def _check_input_dim(self, x: Tensor) -> None:
        if x.dim() < 2:
            raise ValueError(f"a batch norm needs (N, C, ...), got {tuple(x.shape)}")

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        axes = [axis for axis in range(x.dim()) if axis != 1]
        shape = (1, -1, *(1 for _ in axes[1:]))
        # bf16 would lose what the differences of large sums are about.
        values = x.to(torch.promote_types(x.dtype, torch.float32))
        processes = torch.distributed.get_world_size()
        mean = all_reduce(values.mean(dim=axes)) / processes
        centred = values - mean.view(shape)
        variance = all_reduce(centred.square().mean(dim=axes)) / processes
        self._remember(mean.detach(), variance.detach(), count=processes * x.numel() // x.shape[1])
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (centred * scale.view(shape) + self.bias.view(shape)).to(x.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Running statistics as torch keeps them: with the unbiased variance."""
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
        self.running_var.lerp_(variance.to(self.running_var.dtype) * count / (count - 1), self.momentum)


class SynchronizedChannelNorm(SynchronizedNorm):
    """The same over the last axis."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.reshape(-1, x.shape[-1])).view(x.shape)


def synchronize_norms(network: nn.Module) -> None:
    """Replace every batch norm in the network by one over all processes; names of weights stay."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, _BatchNorm):
                setattr(module, name, _synchronized(child))


def _synchronized(norm: _BatchNorm) -> SynchronizedNorm:
    kind = SynchronizedChannelNorm if isinstance(norm, ChannelNorm) else SynchronizedNorm
    made = kind(norm.num_features, norm.eps, norm.momentum)
    for name, parameter in norm.named_parameters(recurse=False):
        setattr(made, name, parameter)
    for name, buffer in norm.named_buffers(recurse=False):
        made.register_buffer(name, buffer)
    return made
