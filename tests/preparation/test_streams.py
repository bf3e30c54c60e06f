"""The streams of a skeleton network against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from live_stf.preparation import STREAMS, as_stream, bones, motions
from live_stf.skeleton import NTU_25, OPENPOSE_18

V = len(OPENPOSE_18)


@pytest.mark.parametrize("skeleton", [OPENPOSE_18, NTU_25])
@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("scored", [True, False])
def test_streams_equal_plain_loops_of_section_iii_e(skeleton, stream: str, scored: bool) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3, 7, len(skeleton))).astype(np.float32)
    if scored:
        x[2] = rng.random(x[2].shape) * (rng.random(x[2].shape) > 0.3)
        x[:2] *= x[2] > 0
    expected = x.copy()
    if stream.startswith("bone"):
        expected = np.zeros_like(x)
        parent = dict(skeleton.bones)
        for t in range(7):
            for v in range(len(skeleton)):
                if v == skeleton.centre:
                    continue
                expected[:, t, v] = x[:, t, v] - x[:, t, parent[v]]
                if scored:
                    expected[2, t, v] = min(x[2, t, v], x[2, t, parent[v]])
                    if expected[2, t, v] == 0:
                        expected[:, t, v] = 0
    if stream.endswith("motion"):
        still = expected
        expected = np.zeros_like(x)
        for t in range(6):
            for v in range(len(skeleton)):
                expected[:, t, v] = still[:, t + 1, v] - still[:, t, v]
                if scored:
                    expected[2, t, v] = min(still[2, t + 1, v], still[2, t, v])
                    if expected[2, t, v] == 0:
                        expected[:, t, v] = 0
    np.testing.assert_allclose(as_stream(x, stream, skeleton, scored), expected, atol=1e-6)


def test_streams_do_not_change_their_input() -> None:
    x = np.random.default_rng(0).normal(size=(3, 5, V)).astype(np.float32)
    before = x.copy()
    bones(x, OPENPOSE_18, True)
    motions(x, True)
    assert (x == before).all()
