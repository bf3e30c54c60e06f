from __future__ import annotations

import numpy as np
import pytest
import rdata

from live_stf.data.clip import Damaged
from live_stf.data.readers.ar_openpose25 import BODY_25, people, read
from live_stf.errors import DataError
from live_stf.skeleton import OPENPOSE_18


def write(folder, gestures: dict) -> None:
    rdata.write_rda(folder / "AR.data.rda", {"AR.data": gestures})


def sequence(frames: int = 92) -> np.ndarray:
    """(50, frames): x is 100 + joint, y is 200 + joint, both rising by 0.5 a frame."""
    rows = np.concatenate([100.0 + np.arange(25), 200.0 + np.arange(25)])
    return rows[:, None] + 0.5 * np.arange(frames)


def test_sequences_are_read_joint_by_joint(tmp_path):
    write(tmp_path, {"look_at": [sequence(), sequence()]})
    first, second = read(tmp_path)
    assert (first.label, first.subject, second.subject, second.name) == ("look at", "p01", "p02", "look_at_02")
    assert first.coordinates[0].shape == (92, 18, 3)
    at = BODY_25.index("left_knee")
    np.testing.assert_allclose(first.coordinates[0][10, OPENPOSE_18.index("left_knee")], [105 + at, 205 + at, 0])
    assert (first.scores[0] == 1).all()


def test_people_keep_their_numbers_in_lists_with_missing_people():
    assert people("come", 46) == list(range(46))
    hello = people("hello", 44)
    assert len(hello) == 44
    assert (hello[2], hello[3], hello[-1]) == (2, 4, 45)
    assert people("five", 45)[-1] == 45


def test_invalid_sequences_are_reported(tmp_path):
    write(tmp_path, {"come": [sequence(), np.zeros((3, 4)), np.zeros((50, 92))], "dance": [sequence()]})
    items = list(read(tmp_path))
    assert [isinstance(item, Damaged) for item in items] == [False, True, True, True]


@pytest.mark.filterwarnings("ignore::UserWarning")  # rdata warns about its guess of a damaged file's format
def test_a_torn_file_is_an_error(tmp_path, shared):
    data = (shared / "data" / "ar-openpose25" / "AR.data.rda").read_bytes()
    for torn in (b"", b"no R data", data[:1000], data[: len(data) // 2]):
        (tmp_path / "AR.data.rda").write_bytes(torn)
        with pytest.raises(DataError, match="is damaged"):
            list(read(tmp_path))
    with pytest.raises(DataError, match="is not there"):
        list(read(tmp_path / "nowhere"))
