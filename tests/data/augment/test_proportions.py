"""Motion by people of other builds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from live_stf.data.augment.proportions import of_another_body
from live_stf.skeleton import KINECT_20, NTU_25, OPENPOSE_18, Skeleton

SKELETONS = st.sampled_from([OPENPOSE_18, KINECT_20, NTU_25])


def bones(coordinates: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    child, parent = np.array(skeleton.bones).T
    return coordinates[:, child] - coordinates[:, parent]


@given(seed=st.integers(0, 1000), skeleton=SKELETONS)
def test_bones_keep_their_directions_and_scale_by_one_factor_for_both_sides(seed: int, skeleton: Skeleton) -> None:
    rng = np.random.default_rng(seed)
    before = rng.normal(size=(7, len(skeleton), 3))
    after = of_another_body(rng, before, np.ones(before.shape[:2]), skeleton, 0.2)
    np.testing.assert_array_equal(after[:, skeleton.centre], before[:, skeleton.centre])
    old, new = bones(before, skeleton), bones(after, skeleton)
    factors = (new * old).sum(axis=-1) / (old * old).sum(axis=-1)
    np.testing.assert_allclose(new, old * factors[..., None], atol=1e-9)
    np.testing.assert_allclose(factors, np.broadcast_to(factors[:1], factors.shape), atol=1e-9)
    assert (np.abs(factors - 1) <= 0.2 + 1e-9).all()
    by_joint = dict(zip((child for child, _ in skeleton.bones), factors[0], strict=True))
    for left, right in skeleton.pairs:
        assert abs(by_joint[left] - by_joint[right]) < 1e-9


def test_joints_below_an_absent_one_move_with_the_joint_above_it() -> None:
    coordinates = np.random.default_rng(1).normal(size=(2, 18, 3))
    scores = np.ones((2, 18))
    elbow, wrist, shoulder = (OPENPOSE_18.index(f"left_{name}") for name in ("elbow", "wrist", "shoulder"))
    scores[1, elbow] = 0
    coordinates[1, elbow] = 0
    moved = of_another_body(np.random.default_rng(2), coordinates, scores, OPENPOSE_18, 0.2)
    assert (moved[1, elbow] == 0).all()
    np.testing.assert_allclose(
        moved[1, wrist] - coordinates[1, wrist], moved[1, shoulder] - coordinates[1, shoulder], atol=1e-12
    )
    assert np.abs(moved[0] - coordinates[0]).max() > 0.01
