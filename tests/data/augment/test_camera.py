"""Virtual cameras project points like real ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_stf.data.augment.camera import Camera, facing, look_at, random_camera
from live_stf.skeleton import OPENPOSE_18

# A person of 1.7 m who stands at the origin and looks along z; left is +x.
FIGURE = np.array(
    [[0, 1.55, 0.1], [0, 1.4, 0], [-0.18, 1.4, 0], [-0.25, 1.1, 0], [-0.25, 0.85, 0], [0.18, 1.4, 0], [0.25, 1.1, 0],
     [0.25, 0.85, 0], [-0.1, 0.9, 0], [-0.1, 0.5, 0], [-0.1, 0.08, 0], [0.1, 0.9, 0], [0.1, 0.5, 0], [0.1, 0.08, 0],
     [-0.03, 1.6, 0.08], [0.03, 1.6, 0.08], [-0.07, 1.58, 0], [0.07, 1.58, 0]]
)  # fmt: skip


def turned(angle: float) -> np.ndarray:
    """The figure after a turn to its left about the vertical."""
    c, s = np.cos(angle), np.sin(angle)
    return FIGURE @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])


def test_a_camera_in_front_sees_left_on_the_right_and_up_as_up() -> None:
    camera = look_at(np.array([0, 1, 4.0]), np.array([0, 1, 0.0]), 0.0, 500.0, (640, 480))
    pixels, inside = camera.project(FIGURE)
    assert inside.all()
    named = dict(zip(OPENPOSE_18.joints, pixels, strict=True))
    assert named["left_shoulder"][0] > 320 > named["right_shoulder"][0]
    assert named["nose"][1] < named["neck"][1] < named["left_ankle"][1]


def test_projection_is_the_pinhole_formula() -> None:
    camera = Camera(np.zeros(3), np.eye(3), 500.0, (640, 480))
    pixels, inside = camera.project(np.array([[0.2, 0.1, 2.0], [0, 0, -1.0], [5.0, 0, 1.0]]))
    np.testing.assert_allclose(pixels[0], [320 + 500 * 0.1, 240 - 500 * 0.05])
    assert inside.tolist() == [True, False, False]


@given(st.floats(-3.1, 3.1))
def test_facing_follows_a_turn(angle: float) -> None:
    motion = np.tile(turned(angle), (3, 1, 1))
    np.testing.assert_allclose(
        facing(motion, np.ones((3, 18)), OPENPOSE_18), [np.sin(angle), 0, np.cos(angle)], atol=1e-6
    )


def test_a_body_without_shoulders_and_hips_still_has_a_direction() -> None:
    assert np.linalg.norm(facing(FIGURE[None], np.zeros((1, 18)), OPENPOSE_18)) == pytest.approx(1)


@given(seed=st.integers(0, 10_000), near=st.booleans())
def test_random_cameras_are_upright(seed: int, near: bool) -> None:
    rng = np.random.default_rng(seed)
    motion = np.tile(turned(rng.uniform(-3, 3)) + rng.normal(0, 3, 3) * [1, 0, 1], (4, 1, 1))
    camera = random_camera(rng, motion, np.ones((4, 18)), OPENPOSE_18, upper_body=float(near))
    np.testing.assert_allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(camera.rotation) == pytest.approx(-1)  # right, up, forward is left-handed
    assert camera.rotation[1, 1] > 0.5


@pytest.mark.parametrize("near", [False, True])
def test_nearly_all_cameras_see_the_neck_and_only_far_ones_the_whole_body(near: bool) -> None:
    rng = np.random.default_rng(1)
    necks, wholes, heights = [], [], []
    for _ in range(300):
        motion = turned(rng.uniform(-3, 3))[None]
        camera = random_camera(rng, motion, np.ones((1, 18)), OPENPOSE_18, upper_body=float(near))
        pixels, inside = camera.project(motion[0])
        necks.append(inside[OPENPOSE_18.index("neck")])
        wholes.append(inside.all())
        heights.append(np.ptp(pixels[[0, 10], 1]) / camera.size[1])
    assert np.mean(necks) > 0.97
    if near:
        assert np.mean(wholes) < 0.03
    else:
        assert np.mean(wholes) > 0.6
        assert 0.4 < np.quantile(heights, 0.05) < np.quantile(heights, 0.95) < 1.0


def test_most_cameras_stand_in_front() -> None:
    rng = np.random.default_rng(0)
    motion, scores = np.tile(turned(1.0), (2, 1, 1)), np.ones((2, 18))
    forward = facing(motion, scores, OPENPOSE_18)
    angles = []
    for _ in range(400):
        camera = random_camera(rng, motion, scores, OPENPOSE_18, 0.2)
        towards = camera.position * [1, 0, 1]
        angles.append(towards @ forward / np.linalg.norm(towards))
    assert 0.55 < np.mean(np.array(angles) > 0.7) < 0.8
    assert np.min(angles) < -0.7
