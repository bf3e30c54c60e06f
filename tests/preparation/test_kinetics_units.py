"""Kinetics-skeleton's coordinates against ST-GCN's way of computing them, in plain loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from live_stf.preparation.kinetics_units import best_seen_bodies
from live_stf.preparation.picture_units import in_picture_units


def people(seed: int, bodies: int, frames: int) -> np.ndarray:
    """(M, T, 18, 3) fractions of the picture and scores; some joints and some whole bodies are absent."""
    rng = np.random.default_rng(seed)
    joints = rng.random((bodies, frames, 18, 3)).astype(np.float32)
    joints[..., 2] *= rng.random((bodies, frames, 18)) > 0.3
    joints[..., 2] *= rng.random((bodies, frames, 1)) > 0.3
    return joints * (joints[..., 2:] > 0)


@given(
    seed=st.integers(0, 10_000),
    bodies=st.integers(1, 5),
    frames=st.integers(1, 6),
    kept=st.integers(1, 3),
    size=st.sampled_from([(1, 1), (340, 256)]),
)
def test_coordinates_and_bodies_equal_those_of_plain_loops(seed, bodies, frames, kept, size) -> None:
    joints = people(seed, bodies, frames)
    joints[..., :2] *= size
    expected = np.zeros((kept, frames, 18, 3))
    for frame in range(frames):
        totals = [sum(float(joints[body, frame, joint, 2]) for joint in range(18)) for body in range(bodies)]
        ranked = sorted(range(bodies), key=lambda body: -totals[body])
        for place, body in enumerate(ranked[:kept]):
            for joint in range(18):
                x, y, score = joints[body, frame, joint]
                if score > 0:
                    expected[place, frame, joint] = x / size[0] - 0.5, y / size[1] - 0.5, score
    found = best_seen_bodies(in_picture_units(joints, size), kept)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_bodies_with_equal_scores_keep_their_order() -> None:
    joints = np.zeros((3, 1, 18, 3), dtype=np.float32)
    joints[..., 2] = 0.5
    joints[..., 0] = np.arange(3)[:, None, None]
    assert best_seen_bodies(joints, 3)[:, 0, 0, 0].tolist() == [0, 1, 2]
