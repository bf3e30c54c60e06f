"""Batch norms over processes: alone they are torch's, and several of them are one over everything."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.multiprocessing as multiprocessing
from torch import nn

from live_stf.network import build_network
from live_stf.network.stf_net import ChannelNorm
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
def test_alone_it_is_torchs_batch_norm(alone: None, norm: nn.Module, shape: tuple[int, ...]) -> None:
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


@pytest.mark.parametrize("architecture", ["stf-net", "st-gcn"])
def test_no_norm_of_a_network_is_left_out(architecture: str) -> None:
    network = build_network({"architecture": architecture, "skeleton": "kinect20"}, 4)
    names = list(network.state_dict())
    synchronize_norms(network)
    norms = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    assert len(norms) > 20
    assert all(isinstance(norm, SynchronizedNorm) for norm in norms)
    assert list(network.state_dict()) == names


def _share(rank: int, folder: str) -> None:
    """One of two processes: forward and backward on its half of the values."""
    store = torch.distributed.FileStore(f"{folder}/store", 2)
    torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=2)
    network = nn.Sequential(nn.BatchNorm1d(3))
    synchronize_norms(network)
    x = torch.load(f"{folder}/x.pt")[rank::2].requires_grad_()
    out = network(x)
    out.pow(3).sum().backward()
    torch.save((out.detach(), x.grad, network.state_dict()), f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


def test_two_processes_together_are_one_over_all_values(tmp_path: Path) -> None:
    torch.manual_seed(0)
    x = torch.randn(8, 3) * 3 + 5
    torch.save(x, tmp_path / "x.pt")
    multiprocessing.start_processes(_share, (str(tmp_path),), nprocs=2, start_method="fork")
    x.requires_grad_()
    norm = nn.BatchNorm1d(3)
    out = norm(x)
    out.pow(3).sum().backward()
    for rank in range(2):
        found, gradient, state = torch.load(tmp_path / f"{rank}.pt")
        torch.testing.assert_close(found, out[rank::2].detach())
        torch.testing.assert_close(gradient, x.grad[rank::2], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(state["0.running_var"], norm.running_var)
        torch.testing.assert_close(state["0.running_mean"], norm.running_mean)
