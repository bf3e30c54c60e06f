"""Bodies with the arms of others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_stf.data.augment.arms import back_and_forth, with_arms_of
from live_stf.skeleton import KINECT_20, NTU_25, OPENPOSE_18, Skeleton

SKELETONS = st.sampled_from([OPENPOSE_18, KINECT_20, NTU_25])
ARMS = [(side, bone) for side in ("left", "right") for bone in (("shoulder", "elbow"), ("elbow", "wrist"))]


def ends(skeleton: Skeleton, side: str, bone: tuple[str, str]) -> tuple[int, int]:
    parent, joint = (skeleton.index(f"{side}_{name}") for name in bone)
    return parent, joint


def about_the_vertical(angle: float) -> np.ndarray:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]])


def pair(seed: int, skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    body = np.broadcast_to(rng.normal(size=(len(skeleton), 3)), (6, len(skeleton), 3))
    return body, rng.normal(size=(6, len(skeleton), 3)), np.ones((6, len(skeleton)))


@given(seed=st.integers(0, 1000), skeleton=SKELETONS)
def test_only_the_arms_change_and_bones_keep_their_lengths(seed: int, skeleton: Skeleton) -> None:
    body, other, whole = pair(seed, skeleton)
    mixed, scores = with_arms_of(body, whole, other, whole, skeleton)
    moved = {ends(skeleton, side, bone)[1] for side, bone in ARMS}
    rest = [joint for joint in range(len(skeleton)) if joint not in moved]
    np.testing.assert_array_equal(mixed[:, rest], body[:, rest])
    assert (scores == 1).all()
    for side, bone in ARMS:
        parent, joint = ends(skeleton, side, bone)
        lengths = [np.linalg.norm(some[:, joint] - some[:, parent], axis=1) for some in (mixed, body)]
        np.testing.assert_allclose(*lengths, atol=1e-9)


@given(seed=st.integers(0, 1000), angle=st.floats(-3.1, 3.1))
def test_arms_follow_the_heading_of_the_receiving_body(seed: int, angle: float) -> None:
    body, other, whole = pair(seed, OPENPOSE_18)
    mixed, _ = with_arms_of(body, whole, other, whole, OPENPOSE_18)
    turned, _ = with_arms_of(body @ about_the_vertical(angle).T, whole, other, whole, OPENPOSE_18)
    np.testing.assert_allclose(turned, mixed @ about_the_vertical(angle).T, atol=1e-9)
    same, _ = with_arms_of(body, whole, other @ about_the_vertical(angle).T, whole, OPENPOSE_18)
    np.testing.assert_allclose(same, mixed, atol=1e-9)


def test_a_body_with_its_own_arms_does_not_change() -> None:
    body, _, whole = pair(2, OPENPOSE_18)
    mixed, _ = with_arms_of(body, whole, body, whole, OPENPOSE_18)
    np.testing.assert_allclose(mixed, body, atol=1e-12)


@pytest.mark.parametrize(("of_the_other", "gone"), [("elbow", ("elbow", "wrist")), ("wrist", ("wrist",))])
def test_joints_that_the_other_body_lacks_and_joints_below_them_are_absent(
    of_the_other: str, gone: tuple[str, ...]
) -> None:
    body, other, whole = pair(3, OPENPOSE_18)
    lacking = whole.copy()
    lacking[2, OPENPOSE_18.index(f"left_{of_the_other}")] = 0
    mixed, scores = with_arms_of(body, whole, other, lacking, OPENPOSE_18)
    absent = {OPENPOSE_18.index(f"left_{name}") for name in gone}
    assert {*np.flatnonzero(scores[2] == 0)} == absent
    assert (mixed[2, sorted(absent)] == 0).all()
    assert (np.delete(scores, 2, axis=0) == 1).all()


@given(duration=st.floats(0.1, 20.0))
def test_back_and_forth_stays_in_the_clip_and_never_jumps(duration: float) -> None:
    moments = np.linspace(0, 50, 5001)
    played = back_and_forth(moments, duration)
    assert played.min() >= -1e-9
    assert played.max() <= duration + 1e-9
    assert np.abs(np.diff(played)).max() <= 0.01 + 1e-9
    np.testing.assert_allclose(played[moments <= duration], moments[moments <= duration], atol=1e-9)
