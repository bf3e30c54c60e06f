"""ST-GCN, the baseline, compared with a plain loop."""

from __future__ import annotations

import numpy as np
import torch

from live_stf.network import STGCN
from live_stf.skeleton import OPENPOSE_18
from tests.network.conftest import randomised


def test_a_block_is_its_equation() -> None:
    network = randomised(STGCN(OPENPOSE_18, 4))
    block = network.blocks[0]
    x = torch.randn(1, 3, 12, 18)
    spread = torch.stack([block.spatial(x)[:, k * 64 : (k + 1) * 64] for k in range(3)])
    gathered = torch.zeros(1, 64, 12, 18)
    for k in range(3):
        for source, target in np.argwhere(block.graph[k].numpy() > 0):
            strength = block.graph[k, source, target] * block.importance[k, source, target]
            gathered[..., target] += strength * spread[k][..., source]
    torch.testing.assert_close(block(x), torch.relu(block.temporal(gathered)), atol=1e-4, rtol=1e-4)
    logits, attention = network(torch.randn(2, 3, 40, 18, 2), attention=True)
    assert logits.shape == (2, 4)
    assert attention.shape == (2, 2, 0, 18, 0)
