from __future__ import annotations

import numpy as np
import pytest

from live_stf.data.clip import Clip, Damaged
from live_stf.data.readers.exercise_openpose import read
from live_stf.errors import DataError
from live_stf.skeleton import OPENPOSE_18


def frames(x: float = 300.0) -> np.ndarray:
    out = np.zeros((4, 18, 3), np.float32)
    out[..., 0], out[..., 1], out[..., 2] = x, 100 + 10 * np.arange(18), 0.75
    return out


def test_pixels_and_scores_are_kept(tmp_path):
    given = frames()
    given[1, 4] = 0
    given[0] = 0
    np.save(tmp_path / "bicep__bicep_bad_1.npy", given)
    (clip,) = read(tmp_path)
    assert (clip.label, clip.name, clip.dimensions, clip.rate) == ("bicep curl", "bicep__bicep_bad_1", 2, 30.0)
    assert clip.scores[0].shape == (3, 18)
    np.testing.assert_allclose(clip.coordinates[0][1, OPENPOSE_18.index("left_wrist")], [300, 170, 0])
    assert clip.scores[0][0, 4] == 0
    assert clip.scores[0][0, 5] == np.float32(0.75)


def test_subjects_are_places_in_the_picture(tmp_path):
    for name, x in (("bad_1", 300.0), ("bad_2", 302.0), ("good_1", 380.0), ("good_2", 299.0)):
        np.save(tmp_path / f"frontraise__frontraise_{name}.npy", frames(x))
    np.save(tmp_path / "bicep__bicep_bad_1.npy", frames())
    subjects = {clip.name.partition("__")[2]: clip.subject for clip in read(tmp_path)}
    assert subjects == {
        "bicep_bad_1": "bicep 1",
        "frontraise_bad_1": "frontraise 1",
        "frontraise_bad_2": "frontraise 1",
        "frontraise_good_1": "frontraise 2",
        "frontraise_good_2": "frontraise 1",
    }


def test_damaged_files_are_reported_and_the_others_are_read(tmp_path):
    np.save(tmp_path / "bicep__ok.npy", frames())
    (tmp_path / "bicep__empty.npy").write_bytes(b"")
    (tmp_path / "bicep__torn.npy").write_bytes((tmp_path / "bicep__ok.npy").read_bytes()[:300])
    np.save(tmp_path / "bicep__objects.npy", np.array([{}]))
    np.save(tmp_path / "bicep__flat.npy", np.zeros((4, 36)))
    np.save(tmp_path / "bicep__nobody.npy", np.zeros((4, 18, 3)))
    np.save(tmp_path / "juggling__1.npy", frames())
    items = {item.name: item for item in read(tmp_path)}
    assert {name for name, item in items.items() if isinstance(item, Clip)} == {"bicep__ok"}
    assert all("\n" not in item.reason for item in items.values() if isinstance(item, Damaged))
    assert len(items) == 7
    with pytest.raises(DataError, match="is not there"):
        list(read(tmp_path / "nowhere"))
