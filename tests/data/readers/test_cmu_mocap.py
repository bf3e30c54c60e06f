from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from live_stf.data.clip import Clip, Damaged
from live_stf.data.readers import cmu_mocap
from live_stf.errors import DataError
from live_stf.skeleton import OPENPOSE_18

AT = {joint: index for index, joint in enumerate(OPENPOSE_18.joints)}


@pytest.fixture(scope="module")
def takes(shared: Path) -> list[Clip | Damaged]:
    return list(cmu_mocap.read(shared / "data" / "cmu-mocap"))


@pytest.fixture(scope="module")
def clips(takes: list[Clip | Damaged]) -> list[Clip]:
    return [take for take in takes if isinstance(take, Clip)]


def _joint(clip: Clip, name: str) -> np.ndarray:
    return clip.coordinates[0][:, AT[name]]


def _forward(clip: Clip) -> np.ndarray:
    """(T, 3) level direction in which the hips face, from left and right alone."""
    across = _joint(clip, "left_hip") - _joint(clip, "right_hip")
    ahead = np.cross(across, [0, 1, 0])
    return ahead / np.linalg.norm(ahead, axis=-1, keepdims=True)


def test_every_take_is_read_except_those_left_out(shared: Path, takes: list[Clip | Damaged], clips: list[Clip]):
    files = {path.stem for path in (shared / "data" / "cmu-mocap").glob("*.bvh")}
    assert len(files) == 142
    assert sorted(take.name for take in takes) == sorted(files - set(cmu_mocap.LEFT_OUT))
    assert {clip.subject for clip in clips} == {f"{number:02d}" for number in range(1, 15)} - {"04"}
    for clip in clips:
        assert clip.rate == pytest.approx(30, abs=0.01)
        assert np.isfinite(clip.coordinates[0]).all()
        assert (clip.scores[0] == 1).all()


def test_badly_converted_takes_count_as_damaged(takes: list[Clip | Damaged]):
    reasons = {take.name: take.reason for take in takes if isinstance(take, Damaged)}
    assert "hips are at -1.01 m" in reasons["09_10"]
    assert "hips are at -0.94 m" in reasons["07_12"]
    assert "a limb jumps before frame 94" in reasons["05_05"]
    # Of the 13, ten are of the dances and the climbing in which legs are raised high.
    assert len(reasons) == 13
    assert {name[:2] for name in reasons} == {"01", "03", "05", "07", "09"}


def test_labels_are_the_descriptions(clips: list[Clip]):
    labels = {clip.name: clip.label for clip in clips}
    assert labels["13_10"] == "jump up to grab, reach for, tiptoe"
    assert labels["02_03"] == "run/jog"


def test_bodies_are_adult_and_walkers_are_upright_on_the_ground(clips: list[Clip]):
    for clip in clips:
        hip, knee, ankle = (_joint(clip, f"left_{joint}") for joint in ("hip", "knee", "ankle"))
        leg = np.linalg.norm(hip - knee, axis=-1) + np.linalg.norm(knee - ankle, axis=-1)
        assert leg == pytest.approx(np.full(len(leg), 0.82), abs=0.02)
        if clip.label == "walk":
            lowest = np.minimum(_joint(clip, "left_ankle"), _joint(clip, "right_ankle"))[:, 1]
            assert -0.1 < lowest.min() < lowest.max() < 0.3, clip.name
            assert (_joint(clip, "nose")[:, 1] > hip[:, 1] + 0.4).all(), clip.name


def test_people_walk_in_the_direction_they_face(clips: list[Clip]):
    for clip in clips:
        if clip.label in ("walk", "slow walk", "run", "forward jump"):
            path = np.diff(_joint(clip, "neck"), axis=0)
            along = (path * _forward(clip)[:-1]).sum()
            assert along > 0.5 * np.linalg.norm(path.sum(axis=0)), clip.name


def test_the_face_looks_ahead(clips: list[Clip]):
    for clip in clips:
        ears = (_joint(clip, "left_ear") + _joint(clip, "right_ear")) / 2
        assert ((_joint(clip, "nose") - ears) * _forward(clip)).sum(axis=-1).mean() > 0, clip.name


def test_the_t_pose_before_the_first_frame_is_left_out(clips: list[Clip]):
    for clip in clips:
        # From a T-pose into a take some limb would jump by tens of centimetres within one frame.
        limbs = [AT[f"{side}_{joint}"] for side in ("left", "right") for joint in ("wrist", "elbow", "ankle")]
        seen_from_neck = clip.coordinates[0][:2, limbs] - clip.coordinates[0][:2, [AT["neck"]]]
        assert np.linalg.norm(seen_from_neck[1] - seen_from_neck[0], axis=-1).max() < 0.25, clip.name


def test_people_who_drink_tilt_their_heads_back(clips: list[Clip]):
    clip = next(clip for clip in clips if clip.name == "13_09")
    ears = (_joint(clip, "left_ear") + _joint(clip, "right_ear")) / 2
    rise = (_joint(clip, "nose") - ears)[:, 1]
    wrist = np.linalg.norm(_joint(clip, "right_wrist") - _joint(clip, "nose"), axis=-1)
    assert rise[wrist < np.percentile(wrist, 10)].mean() > rise[wrist > np.percentile(wrist, 90)].mean() + 0.02


def test_damaged_and_missing_takes_are_reported(shared: Path, tmp_path: Path):
    source = shared / "data" / "cmu-mocap"
    shutil.copy(source / "09_01.bvh", tmp_path)
    shutil.copy(source / "09_02.bvh", tmp_path / "99_01.bvh")
    (tmp_path / "09_03.bvh").write_text("HIERARCHY", encoding="utf-8")
    (tmp_path / "DESCRIPTIONS.tsv").write_text(
        "09_01\t149\t1.2s\tRun\n09_03\t129\t1.1s\trun\n09_04\t138\t1.1s\trun\n", encoding="utf-8"
    )
    read = {item.name: item for item in cmu_mocap.read(tmp_path)}
    assert isinstance(read["09_01"], Clip)
    assert read["09_01"].label == "run"
    assert read["09_03"].reason == "no MOTION part"
    assert "not there" in read["09_04"].reason
    assert "does not name it" in read["99_01"].reason
    assert len(read) == 4


def test_a_missing_folder_and_missing_or_damaged_descriptions_are_data_errors(tmp_path: Path):
    with pytest.raises(DataError, match=r"has no \.bvh files"):
        next(cmu_mocap.read(tmp_path))
    (tmp_path / "09_03.bvh").write_text("HIERARCHY", encoding="utf-8")
    with pytest.raises(DataError, match="cannot be read"):
        next(cmu_mocap.read(tmp_path))
    (tmp_path / "DESCRIPTIONS.tsv").write_text("09_03 run\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 1: not take"):
        next(cmu_mocap.read(tmp_path))
