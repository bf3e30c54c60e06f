"""Synchronised batch norms in one process equal torch's. Another test trains with them in two processes."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from live_stf.network import build_network
from live_stf.network.scn import ChannelNorm
from live_stf.training.synchronized_norm import SynchronizedNorm, synchronize_norms


@pytest.fixture
def alone() -> Iterator[None]:
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize(
    ("norm", "shape"),
    [
        (nn.BatchNorm1d(6), (5, 6)),
        (nn.BatchNorm1d(6), (5, 6, 7)),
        (nn.BatchNorm2d(6), (4, 6, 3, 2)),
        (ChannelNorm(6), (4, 3, 2, 6)),
    ],
)
def test_in_one_process_it_equals_torchs_batch_norm(alone: None, norm: nn.Module, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    network, other = nn.Sequential(norm), nn.Sequential(copy.deepcopy(norm))
    synchronize_norms(other)
    assert isinstance(other[0], SynchronizedNorm)
    assert list(network.state_dict()) == list(other.state_dict())
    for training in (True, True, False):
        network.train(training)
        other.train(training)
        x, y = (torch.randn(shape, generator=torch.Generator().manual_seed(1), requires_grad=True) for _ in range(2))
        network(x).square().mul(torch.arange(shape[-1])).sum().backward()
        other(y).square().mul(torch.arange(shape[-1])).sum().backward()
        torch.testing.assert_close(network(x), other(y), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(x.grad, y.grad, rtol=1e-3, atol=1e-4)
    for name, value in network.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], value, rtol=1e-4, atol=1e-5)


def test_torchs_sync_batch_norm_still_refuses_tensors_on_a_cpu(alone: None) -> None:
    with pytest.raises(ValueError, match="expected input tensor to be on GPU"):
        nn.SyncBatchNorm(6)(torch.randn(5, 6, 7))


@pytest.mark.parametrize("architecture", ["stf-net", "st-gcn"])
def test_every_norm_of_a_network_is_replaced(architecture: str) -> None:
    network = build_network({"architecture": architecture, "skeleton": "kinect20"}, 4)
    names = list(network.state_dict())
    synchronize_norms(network)
    kinds = nn.modules.batchnorm._BatchNorm, SynchronizedNorm
    norms = [module for module in network.modules() if isinstance(module, kinds)]
    assert len(norms) > 20
    assert all(isinstance(norm, SynchronizedNorm) for norm in norms)
    assert list(network.state_dict()) == names
