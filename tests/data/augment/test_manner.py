"""Motion in another manner: wider or smaller, at a pace that changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_stf.data.augment.manner import at_another_pace, in_another_manner
from live_stf.skeleton import KINECT_20, NTU_25, OPENPOSE_18, Skeleton

SKELETONS = st.sampled_from([OPENPOSE_18, KINECT_20, NTU_25])


def bones(coordinates: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    child, parent = np.array(skeleton.bones).T
    return coordinates[:, child] - coordinates[:, parent]


def swinging(angle: np.ndarray) -> np.ndarray:
    """(T, 18, 3): an upper arm that swings by angle (T,) around a direction; all else stands."""
    body = np.broadcast_to(np.random.default_rng(3).normal(size=(18, 3)), (len(angle), 18, 3)).copy()
    shoulder, elbow, wrist = (OPENPOSE_18.index(f"left_{name}") for name in ("shoulder", "elbow", "wrist"))
    body[:, elbow] = body[:, shoulder] + np.stack([np.sin(angle), -np.cos(angle), np.zeros_like(angle)], axis=1)
    body[:, wrist] = body[:, elbow] + [0, -1, 0]
    return body


@given(seed=st.integers(0, 1000), skeleton=SKELETONS)
def test_bones_keep_their_lengths_and_the_trunk_stays(seed: int, skeleton: Skeleton) -> None:
    rng = np.random.default_rng(seed)
    before = rng.normal(size=(7, len(skeleton), 3))
    after = in_another_manner(rng, before, np.ones(before.shape[:2]), skeleton, 0.4)
    lengths = [np.linalg.norm(bones(some, skeleton), axis=-1) for some in (before, after)]
    np.testing.assert_allclose(*lengths, atol=1e-9)
    for name in ("left_shoulder", "right_shoulder", "left_hip", "right_hip"):
        if name in skeleton.joints:
            np.testing.assert_allclose(after[:, skeleton.index(name)], before[:, skeleton.index(name)], atol=1e-12)


def test_a_limb_swings_further_or_less_far_by_at_most_the_spread() -> None:
    angle = 0.3 * np.sin(np.linspace(0, 2 * np.pi, 40, endpoint=False))
    before = swinging(angle)
    shoulder, elbow = OPENPOSE_18.index("left_shoulder"), OPENPOSE_18.index("left_elbow")
    ranges = []
    for seed in range(60):
        after = in_another_manner(np.random.default_rng(seed), before, np.ones((40, 18)), OPENPOSE_18, 0.3)
        arm = after[:, elbow] - after[:, shoulder]
        swing = np.arctan2(arm[:, 0], -arm[:, 1])
        ranges.append(np.ptp(swing) / np.ptp(angle))
        np.testing.assert_allclose(after[:, 8:11], before[:, 8:11], atol=1e-9)  # a leg that stands goes on standing
    assert min(ranges) == pytest.approx(0.7, abs=0.06)
    assert max(ranges) == pytest.approx(1.3, abs=0.06)


def test_absent_joints_stay_absent_and_joints_below_them_move_with_the_joint_above() -> None:
    coordinates = swinging(np.linspace(-0.5, 0.5, 10))
    scores = np.ones((10, 18))
    elbow = OPENPOSE_18.index("left_elbow")
    scores[4, elbow] = 0
    coordinates[4, elbow] = 0
    after = in_another_manner(np.random.default_rng(1), coordinates, scores, OPENPOSE_18, 0.3)
    assert (after[4, elbow] == 0).all()
    wrist = OPENPOSE_18.index("left_wrist")
    np.testing.assert_allclose(after[4, wrist], coordinates[4, wrist], atol=1e-12)  # the shoulder has not moved
    assert np.abs(after[0, wrist] - coordinates[0, wrist]).max() > 0.01


@given(seed=st.integers(0, 1000), duration=st.floats(0.3, 20.0))
def test_the_pace_stays_within_its_spread_and_both_ends_stay(seed: int, duration: float) -> None:
    moments = np.linspace(-1, duration + 1, 4001)
    warped = at_another_pace(np.random.default_rng(seed), moments, duration, 0.4)
    outside = (moments <= 0) | (moments >= duration)
    np.testing.assert_array_equal(warped[outside], moments[outside])
    pace = np.diff(warped) / np.diff(moments)
    assert 0.6 - 1e-6 <= pace.min() <= pace.max() <= 1.4 + 1e-6
