from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from live_stf.data.clip import Clip, Damaged
from live_stf.data.readers import cmu_exercises
from live_stf.errors import DataError
from live_stf.skeleton import OPENPOSE_18

AT = {joint: index for index, joint in enumerate(OPENPOSE_18.joints)}


@pytest.fixture(scope="module")
def clips(shared: Path) -> list[Clip]:
    clips = list(cmu_exercises.read(shared / "data" / "cmu-exercises"))
    assert not [clip for clip in clips if isinstance(clip, Damaged)]
    return clips


def _joint(clip: Clip, name: str) -> np.ndarray:
    return clip.coordinates[0][:, AT[name]]


def test_five_takes_are_cut_into_clips_of_one_label(shared: Path, clips: list[Clip]):
    assert {clip.name[:5] for clip in clips} == {"13_29", "13_30", "13_31", "14_14", "14_20"}
    assert {clip.subject for clip in clips} == {"13", "14"}
    for clip in clips:
        assert len(clip.scores[0]) >= cmu_exercises.SHORTEST * cmu_exercises.RATE
        assert clip.name[:2] == clip.subject
    labels = (shared / "data" / "cmu-exercises" / "13_30.txt").read_text(encoding="utf-8").split()
    cut = [(clip.label, len(clip.scores[0]) / 3) for clip in clips if clip.name.startswith("13_30")]
    numbers = list(dict.fromkeys(labels))
    assert cut[:-1] == [(cmu_exercises.LABELS[int(at) - 1], labels.count(at)) for at in numbers][:-1]
    # The take ends a frame before its last label does.
    assert cut[-1][1] == pytest.approx(labels.count(numbers[-1]), abs=1)


def test_bodies_are_adult_and_upright(clips: list[Clip]):
    for clip in clips:
        assert np.isfinite(clip.coordinates[0]).all()
        hip, knee, ankle = (_joint(clip, f"left_{joint}") for joint in ("hip", "knee", "ankle"))
        leg = np.linalg.norm(hip - knee, axis=-1) + np.linalg.norm(knee - ankle, axis=-1)
        assert leg == pytest.approx(np.full(len(leg), 0.84), abs=0.02)
        assert -0.05 < ankle[:, 1].min() < 0.35, clip.name
        if clip.label in ("jog", "jumping jack", "twist", "knee raise"):
            assert (_joint(clip, "nose")[:, 1] > hip[:, 1] + 0.3).all(), clip.name


def test_labels_fit_the_motion(clips: list[Clip]):
    for clip in clips:
        hips = (_joint(clip, "left_hip")[:, 1] + _joint(clip, "right_hip")[:, 1]) / 2
        if clip.label == "squat":
            assert np.ptp(hips) > 0.3, clip.name
        if clip.label == "jumping jack":
            for side in ("left", "right"):
                assert np.ptp(_joint(clip, f"{side}_wrist")[:, 1]) > 0.5, clip.name
        if clip.label == "knee raise":
            knees = np.maximum(_joint(clip, "left_knee")[:, 1], _joint(clip, "right_knee")[:, 1])
            assert (knees - hips).max() > -0.2, clip.name


def test_the_face_looks_ahead(clips: list[Clip]):
    for clip in clips:
        ahead = np.cross(_joint(clip, "left_hip") - _joint(clip, "right_hip"), [0, 1, 0])
        ears = (_joint(clip, "left_ear") + _joint(clip, "right_ear")) / 2
        assert ((_joint(clip, "nose") - ears) * ahead).sum(axis=-1).mean() > 0, clip.name


@pytest.mark.parametrize(
    ("labels", "reason"),
    [("1 1 13", r"\[13\] are not 1 to 12"), ("1 x", "invalid literal"), ("", "no labels"), ("1 " * 999, "999 labels")],
)
def test_damaged_labels_are_reported(shared: Path, tmp_path: Path, labels: str, reason: str):
    source = shared / "data" / "cmu-exercises"
    for name in ("13_30.amc", "14_14.amc", "14_14.txt", cmu_exercises.SKELETON):
        shutil.copy(source / name, tmp_path)
    (tmp_path / "13_30.txt").write_text(labels, encoding="utf-8")
    damaged, *rest = cmu_exercises.read(tmp_path)
    assert isinstance(damaged, Damaged)
    assert damaged.name == "13_30"
    assert re.search(reason, damaged.reason)
    assert rest
    assert all(isinstance(clip, Clip) and clip.subject == "14" for clip in rest)


def test_a_take_without_labels_or_with_half_a_frame_is_reported(shared: Path, tmp_path: Path):
    source = shared / "data" / "cmu-exercises"
    shutil.copy(source / cmu_exercises.SKELETON, tmp_path)
    shutil.copy(source / "13_30.amc", tmp_path)
    text = (source / "13_31.amc").read_text(encoding="utf-8")
    (tmp_path / "13_31.amc").write_text(text[: text.rindex("lradius")], encoding="utf-8")
    shutil.copy(source / "13_31.txt", tmp_path)
    unlabelled, halved = cmu_exercises.read(tmp_path)
    assert isinstance(unlabelled, Damaged)
    assert "13_30.txt" in unlabelled.reason
    assert isinstance(halved, Damaged)
    assert "not as many of" in halved.reason


def test_missing_takes_and_a_missing_skeleton_are_data_errors(shared: Path, tmp_path: Path):
    with pytest.raises(DataError, match=r"has no \.amc files"):
        next(cmu_exercises.read(tmp_path))
    shutil.copy(shared / "data" / "cmu-exercises" / "13_30.amc", tmp_path)
    with pytest.raises(DataError, match="without it AMC files have no bones"):
        next(cmu_exercises.read(tmp_path))
