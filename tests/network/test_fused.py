"""The network for running is the network."""

from __future__ import annotations

import pytest
import torch

from live_stf.network import STFNet
from live_stf.network.fused import fuse
from live_stf.skeleton import NTU_25, OPENPOSE_18, Skeleton


def learned(skeleton: Skeleton, noise: float = 0.1, **switches: object) -> STFNet:
    """A network with random parameters and statistics, so that nothing hides as 0 or 1."""
    torch.manual_seed(0)
    network = STFNet(skeleton, 7, **switches).eval()
    with torch.no_grad():
        for name, value in [*network.named_parameters(), *network.named_buffers()]:
            if name.endswith("running_var"):
                value.uniform_(0.5, 2)
            elif value.is_floating_point() and not name.endswith(("graph", "parts")):
                value.add_(torch.randn(value.shape) * noise)
    return network


SWITCHES = [
    (OPENPOSE_18, {}),
    (OPENPOSE_18, {"grains": 1}),
    (OPENPOSE_18, {"attention_scale": "cosine"}),
    (OPENPOSE_18, {"tdf_kernel": 3, "tdf_motion": True}),
    (NTU_25, {"grains": 3, "present_only": True}),
    (NTU_25, {"mcf": False}),
    (NTU_25, {"tdf": False}),
]


@pytest.mark.parametrize(("skeleton", "switches"), SWITCHES, ids=lambda value: getattr(value, "name", str(value)))
@pytest.mark.parametrize("frames", [20, 21])
def test_fused_is_the_same_function(skeleton: Skeleton, switches: dict, frames: int) -> None:
    network = learned(skeleton, **switches).double()
    for block in network.blocks:
        if block.mcf is not None:  # thirds were rounded to fp32
            block.mcf.parts /= block.mcf.parts.sum(dim=0)
    x = torch.randn(3, 3, frames, len(skeleton), 2, dtype=torch.float64)
    x[1, ..., 1] = 0  # nobody there
    with torch.no_grad():
        logits, attention = network(x, attention=True)
        fused_logits, fused_attention = fuse(network)(x)
    assert logits.std() > 1e-3
    assert attention.shape == fused_attention.shape
    torch.testing.assert_close(fused_logits, logits, atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(fused_attention, attention, atol=1e-9, rtol=1e-9)


def test_fusing_leaves_the_network_alone() -> None:
    network = learned(OPENPOSE_18)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fused = fuse(network)
    assert not list(fused.parameters())
    for buffer in fused.buffers():
        buffer.zero_()
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
