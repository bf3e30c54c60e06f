from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest

from live_stf.data.clip import Clip, Damaged
from live_stf.data.readers.nw_ucla import PITCH
from live_stf.errors import DataError
from live_stf.skeleton import KINECT_20, OPENPOSE_18
from tests.data.reading import read_source

read = partial(read_source, "nw_ucla")


@pytest.fixture
def takes(tmp_path):
    folder = tmp_path / "all_sqe"
    folder.mkdir()
    skeletons = [[[0.1 * joint, 1.0, 2.0] for joint in range(20)] for _ in range(3)]
    (folder / "a02_s07_e01_v03.json").write_text(
        json.dumps({"file_name": "a02_s07_e01_v03", "skeletons": skeletons, "label": 2})
    )
    return folder


def test_a_take_is_read_with_its_label_and_values(takes):
    (clip,) = read(takes.parent)
    assert (clip.name, clip.subject, clip.dimensions) == ("a02_s07_e01_v03", "s07", 3)
    assert clip.label == "pick up with two hands"
    assert clip.coordinates[0].shape == (3, 18, 3)
    left_elbow = clip.coordinates[0][0, OPENPOSE_18.index("left_elbow")]  # joint 5 of 20
    down = np.radians(PITCH["03"])
    expected = [0.5, np.cos(down) - 2 * np.sin(down), np.sin(down) + 2 * np.cos(down)]
    np.testing.assert_allclose(left_elbow, expected, atol=1e-6)


def test_the_benchmark_reads_the_20_joints_as_they_were_recorded(takes):
    (clip,) = read(takes.parent, skeleton="kinect20")
    assert clip.skeleton is KINECT_20
    assert clip.coordinates.dtype == np.float32
    expected = np.array([[0.1 * joint, 1.0, 2.0] for joint in range(20)], np.float32)
    np.testing.assert_array_equal(clip.coordinates, np.broadcast_to(expected, (1, 3, 20, 3)))
    assert (clip.scores == 1).all()
    with pytest.raises(DataError, match="ntu25"):
        next(read(takes.parent, skeleton="ntu25"))


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"skeletons": [[[1, 2], [3]]]}', '{"skeletons": [[[1, 2, 3]]]}', '{"skeletons": []}'],
)
def test_a_damaged_file_is_reported_and_the_others_are_read(takes, content):
    (takes / "a01_s01_e00_v01.json").write_text(content)
    damaged, clip = read(takes.parent)
    assert isinstance(damaged, Damaged)
    assert damaged.name == "a01_s01_e00_v01"
    assert "\n" not in damaged.reason
    assert isinstance(clip, Clip)


def test_a_take_without_a_body_and_an_unknown_action_are_reported(takes):
    (takes / "a01_s01_e00_v01.json").write_text(json.dumps({"skeletons": np.zeros((2, 20, 3)).tolist()}))
    (takes / "a07_s01_e00_v01.json").write_text("{}")
    reasons = {item.name: item.reason for item in read(takes.parent) if isinstance(item, Damaged)}
    assert reasons["a01_s01_e00_v01"] == "no joint in any frame"
    assert "known action" in reasons["a07_s01_e00_v01"]


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match="is not there"):
        list(read(tmp_path))
