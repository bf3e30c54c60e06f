from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from live_stf.data.clip import Clip, Damaged
from live_stf.data.readers import bandai_namco
from live_stf.errors import DataError
from live_stf.skeleton import OPENPOSE_18

AT = {joint: index for index, joint in enumerate(OPENPOSE_18.joints)}


@pytest.fixture(scope="module")
def clips(shared: Path) -> list[Clip]:
    clips = list(bandai_namco.read(shared / "data" / "bandai-namco"))
    assert not [clip for clip in clips if isinstance(clip, Damaged)]
    return clips


def _joint(clip: Clip, name: str) -> np.ndarray:
    return clip.coordinates[0][:, AT[name]]


def _forward(clip: Clip) -> np.ndarray:
    """(T, 3) level direction in which the hips face, from left and right alone."""
    across = _joint(clip, "left_hip") - _joint(clip, "right_hip")
    ahead = np.cross(across, [0, 1, 0])
    return ahead / np.linalg.norm(ahead, axis=-1, keepdims=True)


def test_every_take_is_a_whole_body(clips: list[Clip]):
    assert len(clips) == 734
    for clip in clips:
        assert clip.rate == pytest.approx(30, abs=0.01)
        assert clip.coordinates.dtype == np.float32
        assert np.isfinite(clip.coordinates[0]).all()
        assert (clip.scores[0] == 1).all()


def test_labels_and_subjects_come_from_the_name(clips: list[Clip]):
    by_name = {clip.name: clip for clip in clips}
    raised = by_name["dataset-2_raise-up-both-hands_active_001"]
    assert (raised.label, raised.subject) == ("raise up both hands", "dataset-2 active")
    bow = by_name["dataset-1_bow_not-confident_001"]
    assert (bow.label, bow.subject) == ("bow", "dataset-1 not-confident")
    assert len({clip.label for clip in clips}) == 24
    assert len({clip.subject for clip in clips}) == 22


def test_bodies_are_adult_and_stand_on_the_ground(clips: list[Clip]):
    for clip in clips:
        for side in ("left", "right"):
            hip, knee, ankle = (_joint(clip, f"{side}_{joint}") for joint in ("hip", "knee", "ankle"))
            leg = np.linalg.norm(hip - knee, axis=-1) + np.linalg.norm(knee - ankle, axis=-1)
            assert leg == pytest.approx(np.full(len(leg), 0.80), abs=0.02)
        lowest = min(_joint(clip, f"{side}_ankle")[:, 1].min() for side in ("left", "right"))
        assert 0 < lowest < 0.2, clip.name
        # The sad figure hangs its head almost to the chest.
        if clip.label.startswith(("walk", "raise", "wave")) and not clip.subject.endswith("sad"):
            assert (_joint(clip, "nose")[:, 1] > _joint(clip, "left_hip")[:, 1] + 0.2).all(), clip.name


def test_people_walk_in_the_direction_they_face(clips: list[Clip]):
    ways = {"walk": 1, "run": 1, "dash": 1, "walk back": -1}
    for clip in clips:
        if clip.label in ways:
            path = np.diff(_joint(clip, "neck"), axis=0)
            along = (path * _forward(clip)[:-1]).sum() * ways[clip.label]
            assert along > 0.5 * np.linalg.norm(path.sum(axis=0)), clip.name


def test_the_face_looks_ahead(clips: list[Clip]):
    for clip in clips:
        if clip.subject.endswith("sad"):
            continue  # looks at the floor
        ears = (_joint(clip, "left_ear") + _joint(clip, "right_ear")) / 2
        looking = ((_joint(clip, "nose") - ears) * _forward(clip)).sum(axis=-1)
        assert looking.mean() > 0, clip.name


def test_the_named_hand_is_the_one_that_moves(clips: list[Clip]):
    for clip in clips:
        for side, other in (("left", "right"), ("right", "left")):
            if clip.label in (f"wave {side} hand", f"raise up {side} hand"):
                reach = _joint(clip, f"{side}_wrist")[:, 1].max() - _joint(clip, f"{other}_wrist")[:, 1].max()
                assert reach > 0.2, clip.name


def test_a_damaged_file_is_reported_and_the_rest_is_read(shared: Path, tmp_path: Path):
    name = "dataset-1_bow_active_001"
    whole = shared / "data" / "bandai-namco" / f"{name}.bvh"
    shutil.copy(whole, tmp_path)
    text = whole.read_text(encoding="utf-8")
    (tmp_path / "dataset-1_bow_angry_001.bvh").write_text(text[: len(text) // 2], encoding="utf-8")
    (tmp_path / "dataset-1_bow_sad_001.bvh").write_text(text.replace("Head", "Kopf"), encoding="utf-8")
    shutil.copy(whole, tmp_path / "bow.bvh")
    read = {item.name: item for item in bandai_namco.read(tmp_path)}
    assert isinstance(read[name], Clip)
    assert "frames announced" in read["dataset-1_bow_angry_001"].reason
    assert isinstance(read["dataset-1_bow_sad_001"], Damaged)
    assert "name is not" in read["bow"].reason
    assert len(read) == 4


@pytest.mark.parametrize("folder", ["", "nothing"])
def test_a_folder_without_takes_is_reported_in_one_line(tmp_path: Path, folder: str):
    with pytest.raises(DataError, match=r"^.* has no \.bvh files; .*$"):
        next(bandai_namco.read(tmp_path / folder))
