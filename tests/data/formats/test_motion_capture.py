from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from live_stf.data.formats.motion_capture import list_files, openpose_body
from live_stf.errors import DataError
from live_stf.skeleton import OPENPOSE_18, Remap

BODY = [joint for joint in OPENPOSE_18.joints[:14] if joint != "neck"]
REMAP = Remap(
    tuple(BODY), OPENPOSE_18, {**{joint: (joint,) for joint in BODY}, "neck": ("left_shoulder", "right_shoulder")}
)


def _at(coordinates: np.ndarray, joint: str) -> np.ndarray:
    return coordinates[:, OPENPOSE_18.index(joint)]


def test_the_neck_is_between_the_shoulders_and_the_face_in_front_of_the_head():
    positions = np.random.default_rng(0).normal(size=(2, len(BODY), 3))
    head = np.array([[0.0, 1.6, 0.0], [1.0, 1.6, 0.0]])
    # In the first frame the figure looks along z with left along x; in the second along x, with left along -z.
    axes = np.array([np.eye(3), [[0, 0, 1], [0, 1, 0], [-1, 0, 0]]])
    coordinates, scores = openpose_body(REMAP, positions, head, axes)
    assert coordinates.shape == (2, 18, 3)
    assert (scores == 1).all()
    shoulders = (_at(coordinates, "left_shoulder") + _at(coordinates, "right_shoulder")) / 2
    np.testing.assert_allclose(_at(coordinates, "neck"), shoulders, atol=1e-6)
    np.testing.assert_allclose(_at(coordinates, "right_knee"), positions[:, BODY.index("right_knee")], atol=1e-6)
    for part in ("eye", "ear"):
        left, right = _at(coordinates, f"left_{part}"), _at(coordinates, f"right_{part}")
        assert (left - right)[0, 0] > 0.05
        assert (left - right)[1, 2] < -0.05
    nose = _at(coordinates, "nose") - head
    assert nose[0, 2] > 0.1
    assert nose[1, 0] > 0.1


@given(turn=st.lists(st.floats(-180, 180), min_size=3, max_size=3))
def test_rotating_the_figure_rotates_every_joint(turn: list[float]):
    generator = np.random.default_rng(1)
    positions, head = generator.normal(size=(4, len(BODY), 3)), generator.normal(size=(4, 3))
    axes = Rotation.random(4, rng=generator).as_matrix()
    world = Rotation.from_euler("xyz", turn, degrees=True).as_matrix()
    coordinates, _ = openpose_body(REMAP, positions, head, axes)
    turned, _ = openpose_body(REMAP, positions @ world.T, head @ world.T, world @ axes)
    np.testing.assert_allclose(turned, coordinates @ world.T, atol=1e-5)


def test_files_are_listed_by_name(tmp_path: Path):
    for name in ("b.bvh", "a.bvh", "c.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in list_files(tmp_path, ".bvh")] == ["a.bvh", "b.bvh"]
    with pytest.raises(DataError, match=r"has no \.amc files; give the folder of the data set"):
        list_files(tmp_path, ".amc")
    with pytest.raises(DataError, match=r"has no \.amc files"):
        list_files(tmp_path / "c.txt", ".amc")
