from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from live_stf.data.formats.amc import read_amc, read_asf
from live_stf.data.formats.bvh import read_bvh

UNIT = 0.0254 / 0.45
ASF = """# two bones
:version 1.10
:units
  mass 1.0
  length 0.45
  angle deg
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
     id 2
     name shin
     direction 0 -2 0
     length 10
     axis 0 0 0 XYZ
    dof rx
    limits (-10.0 170.0)
  end
  begin
     id 1
     name thigh
     direction 0 -1 0
     length 8
     axis 0 90 0 XYZ
    dof rz rx
  end
:hierarchy
  begin
    root thigh
    thigh shin
  end
"""
AMC = """#!OML:ASF skeleton
:FULLY-SPECIFIED
:DEGREES
1
root 1 2 3 0 0 0
thigh 0 0
shin 0
2
root 0 0 0 0 0 90
thigh 0 0
shin 0
3
root 0 0 0 0 0 0
thigh 0 90
shin 90
"""
# Bone of the BVH (from joint, to joint), bone of the AMC (end, end).
LIMBS = {
    "left thigh": (("lThigh", "lShin"), ("lhipjoint", "lfemur")),
    "right thigh": (("rThigh", "rShin"), ("rhipjoint", "rfemur")),
    "left shin": (("lShin", "lFoot"), ("lfemur", "ltibia")),
    "right shin": (("rShin", "rFoot"), ("rfemur", "rtibia")),
    "left upper arm": (("lShldr", "lForeArm"), ("lclavicle", "lhumerus")),
    "right upper arm": (("rShldr", "rForeArm"), ("rclavicle", "rhumerus")),
    "left forearm": (("lForeArm", "lHand"), ("lhumerus", "lwrist")),
    "right forearm": (("rForeArm", "rHand"), ("rhumerus", "rwrist")),
    "spine": (("hip", "neck"), ("root", "thorax")),
    "shoulders": (("lShldr", "rShldr"), ("lclavicle", "rclavicle")),
}


def _write(folder: Path, asf: str = ASF, amc: str = AMC) -> tuple[Path, Path]:
    skeleton, take = folder / "skeleton.asf", folder / "take.amc"
    skeleton.write_text(asf, encoding="utf-8")
    take.write_text(amc, encoding="utf-8")
    return skeleton, take


def test_positions_equal_those_computed_by_hand(tmp_path: Path):
    skeleton, take = _write(tmp_path)
    motion = read_amc(take, read_asf(skeleton))
    assert motion.joints == ("root", "thigh", "shin")
    expected = [
        [[1, 2, 3], [1, -6, 3], [1, -16, 3]],
        # The root's quarter turn about z turns downwards into +x.
        [[0, 0, 0], [8, 0, 0], [18, 0, 0]],
        # The thigh's own x axis points along -z of the world, about which a quarter turn takes -y to -x; the shin's x
        # axis is turned with the thigh to -y and its quarter turn takes -x to -z.
        [[0, 0, 0], [-8, 0, 0], [-8, 0, -10]],
    ]
    np.testing.assert_allclose(motion.ends / UNIT, expected, atol=1e-9)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turn=st.lists(st.floats(-180, 180).map(lambda angle: round(angle, 3)), min_size=3, max_size=3))
def test_turning_the_root_turns_the_whole_pose(tmp_path: Path, turn: list[float]):
    amc = AMC.replace("root 0 0 0 0 0 0", f"root 0 0 0 {turn[0]} {turn[1]} {turn[2]}")
    skeleton, take = _write(tmp_path, amc=amc)
    motion = read_amc(take, read_asf(skeleton))
    # CMU turns about the world's x, then y, then z.
    about = [Rotation.from_euler(axis, angle, degrees=True) for axis, angle in zip("xyz", turn, strict=True)]
    expected = (about[2] * about[1] * about[0]).apply([[0, 0, 0], [-8, 0, 0], [-8, 0, -10]])
    np.testing.assert_allclose(motion.ends[2] / UNIT, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("angle deg", "angle rad", "angle deg"),
        (":units", ":einheiten", "no :units"),
        ("order TX TY TZ", "order TX TY", "three translations"),
        ("axis XYZ", "axis ZYX", "axis order"),
        ("length 8", "", "thigh lacks"),
        ("direction 0 -1 0", "direction 0 0 0", "no direction"),
        ("direction 0 -1 0", "direction 0 one 0", "one"),
        ("dof rz rx", "dof tz", "degrees of freedom tz"),
        ("name thigh", "", "without a name"),
        ("root thigh\n", "", "are not connected to the root"),
    ],
)
def test_damage_of_a_skeleton_is_named(tmp_path: Path, old: str, new: str, reason: str):
    assert old in ASF
    skeleton, _ = _write(tmp_path, asf=ASF.replace(old, new, 1))
    with pytest.raises(ValueError, match=reason):
        read_asf(skeleton)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (":DEGREES", ":RADIANS", "no frames"),
        ("shin 90", "", "not as many of shin"),
        ("shin 90", "shin 90 1", "degrees of freedom"),
        ("shin 90", "toe 90", "toe is unknown"),
        ("shin 90", "shin nan", "not finite"),
        ("shin 90", "shin x", "convert"),
        ("2\nroot", "2\nshin 0\nroot", "repeated"),
        ("1\nroot", "root", "unknown, repeated"),
    ],
)
def test_damage_of_a_take_is_named(tmp_path: Path, old: str, new: str, reason: str):
    assert old in AMC
    skeleton, take = _write(tmp_path, amc=AMC.replace(old, new, 1))
    bones = read_asf(skeleton)
    with pytest.raises(ValueError, match=reason):
        read_amc(take, bones)


@pytest.mark.parametrize("take", ["13_30", "13_31"])
def test_poses_agree_with_the_bvh_of_the_same_take(shared: Path, take: str):
    exercises = shared / "data" / "cmu-exercises"
    amc = read_amc(exercises / f"{take}.amc", read_asf(exercises / "skeleton_subject_02.asf"))
    bvh = read_bvh(shared / "data" / "cmu-mocap" / f"{take}.bvh")
    # The BVH has a T-pose before the first frame, and one frame less at the end.
    places = bvh.positions[1:] / 100
    ends = amc.ends[: len(places)]
    assert len(places) >= len(amc.ends) - 1
    for limb, ((start, stop), (upper, lower)) in LIMBS.items():
        ours = ends[:, amc.joints.index(lower)] - ends[:, amc.joints.index(upper)]
        theirs = places[:, bvh.joints.index(stop)] - places[:, bvh.joints.index(start)]
        cosine = (ours * theirs).sum(axis=-1) / np.linalg.norm(ours, axis=-1) / np.linalg.norm(theirs, axis=-1)
        assert cosine.mean() > 0.93, limb
        assert cosine.min() > 0.8, limb
    # The paths agree too, and so does the unit: subject 13 is about a tenth larger than the BVH's figure.
    ours, theirs = ends[:, 0], places[:, bvh.joints.index("hip")]
    for axis in range(3):
        assert np.corrcoef(ours[:, axis], theirs[:, axis])[0, 1] > 0.9
        assert 0.8 < theirs[:, axis].std() / ours[:, axis].std() < 1.1
