"""Batch norm over the batch of all processes, on CPUs and on GPUs.

torch.nn.SyncBatchNorm, which Lightning's `sync_batchnorm` uses too, cannot replace it. In torch 2.13 it refuses tensors
on a CPU in training ("SyncBatchNorm expected input tensor to be on GPU or XPU"); a test fails once it takes them. Its
converter also turns STF-Net's ChannelNorm into a norm of the second axis, where the channels are the last one.
Without synchronised norms, two processes would learn other weights than a single one. The norm below is tested on CPUs
over gloo; NCCL runs the same code.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.modules.batchnorm import _BatchNorm

from live_stf.network.scn import ChannelNorm


class SynchronizedNorm(nn.Module):
    """Batch norm of (N, C, ...) with the mean and variance of the values of all processes in training.

    It takes the place of `norm`, and has its parameters and buffers. Every process has to give equally many values.
    Gradients flow through the statistics to all processes. Raises ValueError if `norm` does not learn a scale and keep
    running statistics by a constant momentum.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, norm: _BatchNorm) -> None:
        super().__init__()
        if not norm.affine or not norm.track_running_stats or norm.momentum is None:
            raise ValueError("a batch norm needs weights, running statistics and a momentum to be synchronised")
        self.eps, self.momentum = norm.eps, norm.momentum
        self.weight, self.bias = norm.weight, norm.bias
        for name, buffer in norm.named_buffers(recurse=False):
            self.register_buffer(name, buffer)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return nn.functional.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        axes = [axis for axis in range(x.dim()) if axis != 1]
        shape = (1, -1, *(1 for _ in axes[1:]))
        # Large sums in bf16 would lose the small differences.
        values = x.to(torch.promote_types(x.dtype, torch.float32))
        processes = torch.distributed.get_world_size()
        mean = all_reduce(values.mean(dim=axes)) / processes
        centred = values - mean.view(shape)
        variance = all_reduce(centred.square().mean(dim=axes)) / processes
        self._update_statistics(mean.detach(), variance.detach(), count=processes * x.numel() // x.shape[1])
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (centred * scale.view(shape) + self.bias.view(shape)).to(x.dtype)

    @torch.no_grad()
    def _update_statistics(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Running statistics as in torch's batch norm: with the unbiased variance."""
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
        self.running_var.lerp_(variance.to(self.running_var.dtype) * count / (count - 1), self.momentum)


class SynchronizedChannelNorm(SynchronizedNorm):
    """Synchronized batch norm over the last axis, in place of a ChannelNorm."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.reshape(-1, x.shape[-1])).view(x.shape)


def synchronize_norms(network: nn.Module) -> None:
    """Replace every batch norm in the network by one over all processes. The names of the weights stay."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, _BatchNorm):
                kind = SynchronizedChannelNorm if isinstance(child, ChannelNorm) else SynchronizedNorm
                setattr(module, name, kind(child))
