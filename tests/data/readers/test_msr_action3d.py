from __future__ import annotations

import numpy as np
import pytest
from scipy.io import savemat

from live_stf.data.clip import Damaged
from live_stf.data.formats.kinect import level
from live_stf.data.readers.msr_action3d import PITCH, read
from live_stf.errors import DataError
from live_stf.skeleton import OPENPOSE_18


def cells(values) -> np.ndarray:
    out = np.empty((len(values), 1), dtype=object)
    out[:, 0] = values
    return out


def frame(x: float) -> str:
    return "".join(f"{x + 0.01 * joint:.6f} 0.400000 2.600000 0.500000\n" for joint in range(20))


@pytest.fixture
def takes(tmp_path):
    folder = tmp_path / "real_world_coordinates"
    folder.mkdir()
    savemat(tmp_path / "action_names.mat", {"action_names": cells(["high arm wave", "hammer"]).T})
    savemat(tmp_path / "files_used.mat", {"files_used": cells(["a02_s03_e01\r\n"])})
    lost = "0.000000 0.000000 0.000000 0.000000\n" * 20
    (folder / "a02_s03_e01_skeleton3D.txt").write_text(lost + frame(0.1) + lost + frame(0.3))
    (folder / "a02_s03_e02_skeleton3D.txt").write_text(frame(0.1))
    return folder


def test_listed_takes_are_read_and_lost_frames_trimmed_at_both_ends(takes):
    (clip,) = read(takes.parent)
    assert (clip.name, clip.subject, clip.label, clip.rate) == ("a02_s03_e01", "s03", "hammer", 15.0)
    np.testing.assert_array_equal(clip.scores[0].max(axis=1), [1, 0, 1])
    right_wrist = clip.coordinates[0][2, OPENPOSE_18.index("right_wrist")]  # joint 10 of 20
    np.testing.assert_allclose(right_wrist, level(np.array([0.4, 0.4, 2.6]), PITCH), atol=1e-6)


@pytest.mark.parametrize("content", ["", "words\n", "1 2 3\n", frame(0.1) + "1 2 3 4\n", "0 0 0 0\n" * 20, None])
def test_a_damaged_take_is_reported(takes, content):
    path = takes / "a02_s03_e01_skeleton3D.txt"
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    (damaged,) = read(takes.parent)
    assert isinstance(damaged, Damaged)
    assert damaged.name == "a02_s03_e01"
    assert "\n" not in damaged.reason


def test_an_invalid_listed_name_is_reported(takes):
    savemat(takes.parent / "files_used.mat", {"files_used": cells(["a21_s03_e01"])})
    (damaged,) = read(takes.parent)
    assert "known action" in damaged.reason


def test_missing_lists_are_an_error(takes):
    (takes.parent / "files_used.mat").unlink()
    with pytest.raises(DataError, match=r"files_used\.mat is not there"):
        list(read(takes.parent))
