from __future__ import annotations

import numpy as np
import pytest
from scipy.io import savemat

from live_stf.data.clip import Damaged
from live_stf.data.formats.kinect import level
from live_stf.data.readers.florence3d import PITCH, read
from live_stf.errors import DataError
from live_stf.skeleton import OPENPOSE_18


def cells(values) -> np.ndarray:
    out = np.empty((len(values), 1), dtype=object)
    out[:, 0] = values
    return out


def sequence(joints: np.ndarray, action: int = 2, subject: int = 7) -> dict:
    return {
        "original_skeletal_data": joints,
        "joint_locations": joints * 2,
        "time_stamps": np.arange(1, joints.shape[-1] + 1),
        "subject": subject,
        "action": action,
    }


def write(folder, sequences) -> None:
    savemat(folder / "skeletal_data.mat", {"skeletal_data": cells(sequences)})
    savemat(folder / "action_names.mat", {"action_names": cells(["wave", "answer phone"]).T})


def test_a_sequence_is_read_with_depth_and_height_exchanged_back(tmp_path):
    joints = np.zeros((3, 15, 4)) + np.array([0.0, 2.0, 1.0])[:, None, None]
    joints[0] += np.arange(1, 16)[:, None] / 10
    write(tmp_path, [sequence(joints)])
    (clip,) = read(tmp_path)
    assert (clip.label, clip.subject, clip.name) == ("answer phone", "s07", "001")
    assert clip.coordinates[0].shape == (4, 18, 3)
    right_wrist = clip.coordinates[0][0, OPENPOSE_18.index("right_wrist")]  # joint 9 of 15, counted from 1
    np.testing.assert_allclose(right_wrist, level(np.array([0.9, 1.0, 2.0]), PITCH), atol=1e-6)


def test_a_damaged_sequence_is_reported_and_the_others_are_read(tmp_path):
    good = sequence(np.ones((3, 15, 4)))
    nameless, short = sequence(np.ones((3, 15, 4)), action=9), sequence(np.ones((3, 14, 4)))
    write(tmp_path, [good, np.zeros((0, 0)), short, nameless, good])
    items = list(read(tmp_path))
    assert [isinstance(item, Damaged) for item in items] == [False, True, True, True, False]
    assert items[1].name == "002"


def test_a_torn_or_missing_file_is_an_error(tmp_path):
    write(tmp_path, [sequence(np.random.default_rng(0).normal(size=(3, 15, 40)))])
    data = (tmp_path / "skeletal_data.mat").read_bytes()
    for torn in (b"", data[:100], data[: len(data) // 2]):
        (tmp_path / "skeletal_data.mat").write_bytes(torn)
        with pytest.raises(DataError, match=r"skeletal_data\.mat is damaged"):
            list(read(tmp_path))
    (tmp_path / "skeletal_data.mat").unlink()
    with pytest.raises(DataError, match="is not there"):
        list(read(tmp_path))
