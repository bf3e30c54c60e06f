from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from live_stf.data.formats.bvh import read_bvh

ARM = """HIERARCHY
ROOT Upper arm
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Forearm
  {
    OFFSET 2 0 0
    CHANNELS 3 Xrotation Zrotation Yrotation
    JOINT Hand
    {
      OFFSET 3 0 0
      CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
      End Site
      {
        OFFSET 9 9 9
      }
    }
  }
}
MOTION
Frames: 3
Frame Time: 0.05
1 2 3  0 0 0   0 0 0   3 0 0  0 0 0
1 2 3  90 0 0  0 0 0   3 0 0  0 0 0
0 0 0  0 0 0   90 90 0  0 0 4  0 0 0
"""
MATRICES = {
    "X": lambda c, s: np.array([[1, 0, 0], [0, c, -s], [0, s, c]]),
    "Y": lambda c, s: np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]),
    "Z": lambda c, s: np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]),
}


def _read(folder: Path, text: str):
    path = folder / "take.bvh"
    path.write_text(text, encoding="utf-8")
    return read_bvh(path)


def test_positions_equal_those_computed_by_hand(tmp_path: Path):
    motion = _read(tmp_path, ARM)
    assert motion.joints == ("Upper arm", "Forearm", "Hand")
    assert motion.frame_time == 0.05
    expected = [
        [[1, 2, 3], [3, 2, 3], [6, 2, 3]],
        # The root's quarter turn about z points the arm upwards.
        [[1, 2, 3], [1, 4, 3], [1, 7, 3]],
        # The hand's position channels replace its offset; (0, 0, 4) keeps under Rz and turns to -y under Rx.
        [[0, 0, 0], [2, 0, 0], [2, -4, 0]],
    ]
    np.testing.assert_allclose(motion.positions, expected, atol=1e-12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.permutations("XYZ"),
    angles=st.lists(st.floats(-360, 360).map(lambda angle: round(angle, 3)), min_size=3, max_size=3),
)
def test_rotations_are_multiplied_in_the_order_of_the_channels(tmp_path: Path, order: list[str], angles: list[float]):
    channels = " ".join(f"{axis}rotation" for axis in order)
    values = " ".join(map(str, angles))
    motion = _read(
        tmp_path,
        f"HIERARCHY ROOT a {{ OFFSET 0 0 0 CHANNELS 3 {channels} }} MOTION\nFrames: 1\nFrame Time: 1\n{values}\n",
    )
    expected = np.eye(3)
    for axis, angle in zip(order, np.radians(angles), strict=True):
        expected = expected @ MATRICES[axis](np.cos(angle), np.sin(angle))
    np.testing.assert_allclose(motion.rotations[0, 0], expected, atol=1e-9)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("HIERARCHY", "HIERARCHIE", "does not begin with"),
        ("MOTION", "", "no MOTION"),
        ("Frames: 3", "Frames: 4", "4 frames announced, 3 found"),
        ("Frames: 3", "Frames", "could not|invalid literal"),
        ("Frame Time: 0.05", "Frame Time: 0", "0.0 s"),
        ("Frame Time: 0.05", "", "does not begin with Frames and Frame Time"),
        ("CHANNELS 3 Xrotation", "CHANNELS 3 Wrotation", "unknown channel Wrotation"),
        ("1 2 3  0 0 0   0 0 0   3 0 0  0 0 0", "1 2 3", "column"),
        ("1 2 3  90", "nan 2 3  90", "not finite"),
        ("1 2 3  90", "? 2 3  90", "convert"),
        ("End Site", "Ende", "unexpected Ende"),
        ("OFFSET 2 0 0", "OFFSET 2 zero 0", "zero"),
        ("    OFFSET 9 9 9\n      }\n", "    OFFSET 9 9 9\n", "cut off"),
    ],
)
def test_damage_is_named(tmp_path: Path, old: str, new: str, reason: str):
    assert old in ARM
    with pytest.raises(ValueError, match=reason):
        _read(tmp_path, ARM.replace(old, new, 1))


def test_channels_and_values_must_agree(tmp_path: Path):
    rows = "\n".join(" ".join(["0"] * 14) for _ in range(3))
    with pytest.raises(ValueError, match="15 channels announced, 14 values"):
        _read(tmp_path, ARM[: ARM.index("1 2 3")] + rows)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(0, ARM.rindex("\n0 0 0  0")))
def test_a_file_cut_anywhere_before_its_last_frame_is_a_value_error(tmp_path: Path, length: int):
    with pytest.raises(ValueError, match=r"."):
        _read(tmp_path, ARM[:length])


def test_a_binary_file_is_a_value_error(tmp_path: Path):
    path = tmp_path / "take.bvh"
    path.write_bytes(b"HIERARCHY \xff\xfe")
    with pytest.raises(ValueError, match="utf-8"):
        read_bvh(path)
