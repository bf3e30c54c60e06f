from __future__ import annotations

import numpy as np
import pytest

from live_stf.data.clip import Clip, Damaged
from live_stf.data.readers.utd_mhad import read
from live_stf.errors import DataError
from live_stf.skeleton import OPENPOSE_18

NAME = "a8_s2_t3_color.avi"


def write(folder, frames: np.ndarray, name: str = NAME) -> None:
    np.savetxt(folder / f"{name}.csv", frames.reshape(len(frames), 36), delimiter=",")


def frames() -> np.ndarray:
    out = np.stack([np.arange(18) / 10 + 0.5, np.arange(18) / 10 - 0.5], axis=1)[None].repeat(2, axis=0)
    out[:, OPENPOSE_18.index("neck")] = 0
    return out


def test_the_picture_is_mirrored_back(tmp_path):
    write(tmp_path, frames())
    (clip,) = read(tmp_path)
    assert (clip.label, clip.subject, clip.dimensions, clip.name) == ("draw x", "s2", 2, NAME)
    right_wrist = clip.coordinates[0][0, OPENPOSE_18.index("right_wrist")]
    given_left_wrist = frames()[0, OPENPOSE_18.index("left_wrist")]
    np.testing.assert_allclose(right_wrist, [-given_left_wrist[0], given_left_wrist[1], 0], atol=1e-6)


def test_the_neck_is_present_if_another_joint_is(tmp_path):
    given = frames()
    given[0, OPENPOSE_18.index("left_knee")] = 0
    given = np.concatenate([given, np.zeros_like(given[:1]), given])
    write(tmp_path, given)
    (clip,) = read(tmp_path)
    np.testing.assert_array_equal(clip.scores[0][:, OPENPOSE_18.index("neck")], [1, 1, 0, 1, 1])
    assert clip.scores[0][0, OPENPOSE_18.index("right_knee")] == 0
    assert clip.scores[0][0].sum() == 17


@pytest.mark.parametrize("content", ["", "1,2,3\n", "a,b\n", ",".join(["0"] * 36) + "\n"])
def test_a_damaged_file_is_reported_and_the_others_are_read(tmp_path, content):
    write(tmp_path, frames())
    (tmp_path / "a1_s1_t1_color.avi.csv").write_text(content)
    damaged, clip = read(tmp_path)
    assert isinstance(damaged, Damaged)
    assert "\n" not in damaged.reason
    assert isinstance(clip, Clip)


def test_an_unknown_action_is_reported_and_a_missing_folder_an_error(tmp_path):
    write(tmp_path, frames(), "a2_s1_t1_color.avi")
    (damaged,) = read(tmp_path)
    assert "known action" in damaged.reason
    with pytest.raises(DataError, match="is not there"):
        list(read(tmp_path / "nowhere"))
