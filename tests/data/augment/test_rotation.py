from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from live_stf.data.augment.rotation import SHORTEST, TILT, TURN, ZOOM, random_crop, random_mirror, random_turn
from live_stf.skeleton import KINECT_20


@given(seed=st.integers(0, 10_000), length=st.integers(1, 200))
def test_a_crop_lies_within_the_clip_and_keeps_enough_of_it(seed: int, length: int) -> None:
    part = random_crop(np.random.default_rng(seed), length)
    kept = part.stop - part.start
    assert 0 <= part.start < part.stop <= length
    assert kept >= max(1, round(SHORTEST * length))


def test_crops_can_include_the_start_the_end_and_the_whole_clip() -> None:
    parts = [random_crop(np.random.default_rng(seed), 10) for seed in range(300)]
    assert {part.start for part in parts} >= {0, 5}
    assert {part.stop for part in parts} >= {5, 10}
    assert slice(0, 10) in parts


@given(seed=st.integers(0, 10_000))
def test_a_turn_keeps_shapes_and_zeros_and_tilts_only_a_little(seed: int) -> None:
    joints = np.random.default_rng(1).normal(size=(2, 4, 20, 3)).astype(np.float32)
    joints[0, :, 3] = 0
    turned = random_turn(np.random.default_rng(seed), joints)
    assert turned.dtype == np.float32
    assert (turned[0, :, 3] == 0).all()
    # One rotation and one scale for all of them: inner products are multiplied by the square of the scale.
    flat, flat_turned = joints.reshape(-1, 3).astype(float), turned.reshape(-1, 3).astype(float)
    scale = np.sqrt((flat_turned**2).sum() / (flat**2).sum())
    assert scale + 1e-4 >= 1 - ZOOM
    assert scale <= 1 + ZOOM + 1e-4
    np.testing.assert_allclose(flat_turned @ flat_turned.T, scale**2 * flat @ flat.T, atol=1e-3)
    up = random_turn(np.random.default_rng(seed), np.array([[0, 1, 0]], np.float32))[0] / scale
    assert up[1] >= np.cos(np.radians(TILT)) ** 2 - 1e-4
    ahead = random_turn(np.random.default_rng(seed), np.array([[0, 0, 1]], np.float32))[0]
    assert abs(np.degrees(np.arctan2(ahead[0], ahead[2]))) <= TURN + TILT + 1e-3


@given(seed=st.integers(0, 10_000))
def test_a_mirror_exchanges_left_and_right_or_nothing(seed: int) -> None:
    joints = np.random.default_rng(1).normal(size=(2, 4, 20, 3)).astype(np.float32)
    seen = random_mirror(np.random.default_rng(seed), joints, KINECT_20)
    assert seen.dtype == np.float32
    if not np.array_equal(seen, joints):
        left, right = KINECT_20.index("left_wrist"), KINECT_20.index("right_wrist")
        np.testing.assert_array_equal(seen[..., left, :], joints[..., right, :] * (-1, 1, 1))
        np.testing.assert_array_equal(seen[..., right, :], joints[..., left, :] * (-1, 1, 1))


def test_half_of_the_clips_are_mirrored() -> None:
    joints = np.ones((1, 1, 20, 3), np.float32)
    mirrored = [random_mirror(np.random.default_rng(seed), joints, KINECT_20)[0, 0, 0, 0] < 0 for seed in range(400)]
    assert 0.4 < np.mean(mirrored) < 0.6
