from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_stf.data.formats.kinect import (
    FLORENCE_15,
    FLORENCE_15_TO_OPENPOSE_18,
    KINECT_20_TO_OPENPOSE_18,
    MSR_20,
    MSR_20_TO_OPENPOSE_18,
    level,
    read_body,
)
from live_stf.skeleton import KINECT_20, OPENPOSE_18

FACE = ("nose", "right_eye", "left_eye", "right_ear", "left_ear")


def facing_sensor(layout: tuple[str, ...], frames: int = 1) -> np.ndarray:
    """(frames, S, 3) of somebody who stands 2 m from a level Kinect and faces it."""
    places = {
        "head": (0, 0.7, 2),
        "neck_base": (0, 0.5, 2),
        "shoulder_center": (0, 0.5, 2),
        "spine": (0, 0.1, 2),
        "hip_center": (0, 0.01, 2),
        "left_shoulder": (-0.2, 0.45, 2),
        "left_elbow": (-0.25, 0.2, 2),
        "left_wrist": (-0.25, -0.05, 2),
        "left_hand": (-0.25, -0.1, 2),
        "left_hip": (-0.1, -0.05, 2),
        "left_knee": (-0.1, -0.5, 2),
        "left_ankle": (-0.1, -0.9, 2),
        "left_foot": (-0.1, -0.95, 1.9),
    }
    points = [
        places[joint] if joint in places else np.array(places[joint.replace("right", "left")]) * (-1, 1, 1)
        for joint in layout
    ]
    return np.repeat(np.array(points, dtype=float)[None], frames, axis=0)


@pytest.mark.parametrize(
    ("layout", "remap"),
    [
        (KINECT_20.joints, KINECT_20_TO_OPENPOSE_18),
        (MSR_20, MSR_20_TO_OPENPOSE_18),
        (FLORENCE_15, FLORENCE_15_TO_OPENPOSE_18),
    ],
)
def test_every_layout_gives_all_18_joints_at_the_right_places(layout, remap):
    coordinates, scores = read_body(facing_sensor(layout), remap, pitch=0.0)
    assert coordinates.dtype == scores.dtype == np.float32
    assert (scores == 1).all()
    body = dict(zip(OPENPOSE_18.joints, coordinates[0], strict=True))
    np.testing.assert_allclose(body["neck"], [0, 0.45, 2], atol=1e-6)
    np.testing.assert_allclose(body["left_wrist"], [-0.25, -0.05, 2], atol=1e-6)
    np.testing.assert_allclose(body["right_ankle"], [0.1, -0.9, 2], atol=1e-6)
    np.testing.assert_allclose(body["nose"], [0, 0.665, 1.88], atol=1e-6)
    assert body["left_ear"][0] < body["right_ear"][0]


def test_levelling_makes_a_vertical_pole_upright():
    down = np.radians(15)
    pole = np.array([[0.0, 0, 3], [0, np.cos(down), 3 - np.sin(down)]])
    bottom, top = level(pole, 15.0)
    np.testing.assert_allclose(top - bottom, [0, 1, 0], atol=1e-12)


@given(st.floats(-40, 40), st.lists(st.floats(-4, 4), min_size=9, max_size=9))
def test_levelling_keeps_lengths_and_handedness(pitch, values):
    points = np.array(values).reshape(3, 3)
    turned = level(points, pitch)
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), np.linalg.norm(points, axis=1), atol=1e-9)
    volume = np.dot(points[0], np.cross(points[1], points[2]))
    np.testing.assert_allclose(np.dot(turned[0], np.cross(turned[1], turned[2])), volume, atol=1e-8)


def test_an_absent_joint_makes_the_joints_that_depend_on_it_absent():
    kinect = facing_sensor(KINECT_20.joints, 3)
    kinect[1, KINECT_20.index("left_shoulder")] = 0
    kinect[2, KINECT_20.index("head")] = np.nan
    coordinates, scores = read_body(kinect, KINECT_20_TO_OPENPOSE_18, pitch=10.0)
    absent = [{OPENPOSE_18.joints[joint] for joint in np.flatnonzero(row == 0)} for row in scores]
    assert absent == [set(), {"left_shoulder", "neck", *FACE}, set(FACE)]
    assert (coordinates[scores == 0] == 0).all()


def test_frames_without_a_body_are_dropped_at_the_ends_only():
    kinect = facing_sensor(KINECT_20.joints, 5)
    kinect[[0, 2, 4]] = 0
    _, scores = read_body(kinect, KINECT_20_TO_OPENPOSE_18, pitch=10.0)
    np.testing.assert_array_equal(scores.max(axis=1), [1, 0, 1])
