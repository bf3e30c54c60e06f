from __future__ import annotations

import numpy as np
import pytest

from live_stf.data.clip import Clip, Damaged
from live_stf.data.readers.jhmdb import JHMDB_15, read
from live_stf.errors import DataError
from live_stf.skeleton import OPENPOSE_18


def write(folder, joints: np.ndarray, lengths=(2, 3), labels=("clap", "wave")) -> None:
    np.savez(folder / "train.npz", joints=joints.astype(np.float32), lengths=np.array(lengths), labels=np.array(labels))


def numbered() -> np.ndarray:
    return np.arange(1, 151, dtype=float).reshape(5, 15, 2)


def test_clips_are_split_by_their_lengths_and_joints_are_mapped_by_name(tmp_path):
    write(tmp_path, numbered())
    first, second = read(tmp_path)
    assert (first.label, second.label, first.subject, second.subject) == ("clap", "wave", "000", "001")
    assert (len(first.scores[0]), len(second.scores[0]), first.rate, first.dimensions) == (2, 3, 30.0, 2)
    body = dict(zip(OPENPOSE_18.joints, second.coordinates[0][0], strict=True))
    given = dict(zip(JHMDB_15, numbered()[2], strict=True))
    np.testing.assert_allclose(body["nose"][:2], given["face"])
    np.testing.assert_allclose(body["left_ankle"], [*given["left_ankle"], 0])
    np.testing.assert_allclose(body["neck"][:2], (given["left_shoulder"] + given["right_shoulder"]) / 2)
    absent = {OPENPOSE_18.joints[joint] for joint in np.flatnonzero(second.scores[0][0] == 0)}
    assert absent == {"right_eye", "left_eye", "right_ear", "left_ear"}


def test_a_clip_without_joints_is_reported(tmp_path):
    joints = numbered()
    joints[:2] = 0
    write(tmp_path, joints)
    damaged, clip = read(tmp_path)
    assert isinstance(damaged, Damaged)
    assert isinstance(clip, Clip)


def test_a_torn_file_and_arrays_that_do_not_fit_are_an_error(tmp_path):
    write(tmp_path, numbered())
    data = (tmp_path / "train.npz").read_bytes()
    for torn in (b"", data[:50], data[: len(data) // 2]):
        (tmp_path / "train.npz").write_bytes(torn)
        with pytest.raises(DataError, match="is damaged"):
            list(read(tmp_path))
    write(tmp_path, numbered(), lengths=(2, 2))
    with pytest.raises(DataError, match="do not fit"):
        list(read(tmp_path))
    with pytest.raises(DataError, match="is not there"):
        list(read(tmp_path / "nowhere"))


def test_pickled_arrays_are_refused(tmp_path):
    np.savez(tmp_path / "train.npz", joints=np.array([{}]), lengths=np.array([1]), labels=np.array(["clap"]))
    with pytest.raises(DataError, match="is damaged"):
        list(read(tmp_path))
