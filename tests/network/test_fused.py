"""The fused network computes the same as the trained one."""

from __future__ import annotations

import pytest
import torch

from live_stf.network import STFNet
from live_stf.network.fused import fuse
from live_stf.skeleton import NTU_25, OPENPOSE_18, Skeleton
from tests.network.conftest import randomised

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
    network = randomised(STFNet(skeleton, 7, **switches)).double()
    for block in network.blocks:
        if block.mcf is not None:  # undo the rounding of thirds to fp32
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


def test_fusing_does_not_change_the_network() -> None:
    network = randomised(STFNet(OPENPOSE_18, 7))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fused = fuse(network)
    assert not list(fused.parameters())
    for buffer in fused.buffers():
        buffer.zero_()
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
