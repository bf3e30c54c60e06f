"""MediaPipe on real frames, and the conversion of its landmarks."""

from __future__ import annotations

import itertools
import subprocess
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from live_stf.pose.joints import VISIBLE
from live_stf.skeleton import BLAZEPOSE_33, OPENPOSE_18
from live_stf.sources.opening import open_source
from live_stf.types import Frame

pytest.importorskip("mediapipe", reason="needs MediaPipe (pip install 'live-stf[mediapipe]')")
MediaPipePose = pytest.importorskip("live_stf.pose.mediapipe").MediaPipePose

SIZE = (640, 360)


@pytest.fixture
def pose(task_bundle):
    with MediaPipePose(people=2, model=task_bundle) as estimator:
        yield estimator


@pytest.fixture(scope="module")
def frames(shared):
    with open_source(shared / "videos" / "squats.mp4") as source:
        return [source.read() for _ in range(10)]


def landmarks(**changed: tuple[float, float, float]) -> list[SimpleNamespace]:
    """33 landmarks at different places, all visible, with some changed (x, y, visibility)."""
    places = {name: (0.1 + index / 50, 0.2 + index / 60, 0.9) for index, name in enumerate(BLAZEPOSE_33)}
    return [SimpleNamespace(x=x, y=y, visibility=v) for x, y, v in {**places, **changed}.values()]


def joint(joints: np.ndarray, name: str) -> np.ndarray:
    return joints[OPENPOSE_18.index(name)]


def test_joints_are_in_pixels_with_visibility_as_score(pose):
    joints = pose._joints(landmarks(left_wrist=(0.25, 0.5, 0.8)), SIZE)
    assert joints.shape == (18, 3)
    assert joints.dtype == np.float32
    np.testing.assert_allclose(joint(joints, "left_wrist"), (160, 180, 0.8), rtol=1e-5)


def test_the_neck_is_the_middle_of_the_shoulders_with_the_smaller_score(pose):
    joints = pose._joints(landmarks(left_shoulder=(0.6, 0.4, 0.9), right_shoulder=(0.4, 0.5, 0.7)), SIZE)
    np.testing.assert_allclose(joint(joints, "neck"), (320, 162, 0.7), rtol=1e-5)


@pytest.mark.parametrize(
    "hidden", [(0.5, 0.5, VISIBLE - 0.01), (-0.01, 0.5, 0.9), (1.0, 0.5, 0.9), (0.5, 1.2, 0.9), (0.5, -0.2, 0.9)]
)
def test_an_unseen_shoulder_is_absent_and_so_is_the_neck(pose, hidden):
    joints = pose._joints(landmarks(right_shoulder=hidden), SIZE)
    assert not joint(joints, "right_shoulder").any()
    assert not joint(joints, "neck").any()
    assert joint(joints, "left_shoulder")[2] > 0


def test_the_person_of_a_real_clip_is_found(pose, frames):
    found = [pose.detect(frame) for frame in frames]
    assert all(len(people.persons) == 1 for people in found)
    people = found[-1]
    joints = people.persons[0].joints
    assert people.size == frames[-1].size
    assert people.time == frames[-1].time
    assert people.persons[0].identity == 0
    assert (joints[:, 2] > 0).sum() >= 14
    width, height = people.size
    assert (joints[:, 0] >= 0).all()
    assert (joints[:, 0] < width).all()
    assert (joints[:, 1] < height).all()
    # She stands or squats and is always upright.
    assert joint(joints, "nose")[1] < joint(joints, "right_hip")[1] < joint(joints, "right_ankle")[1]


def test_nobody_is_found_in_a_black_image(pose):
    assert pose.detect(Frame(np.zeros((360, 640, 3), np.uint8), 0.0, 0)).persons == ()


def test_times_that_do_not_increase_are_accepted(pose, frames):
    for time in (0.0, 0.0, 0.0001, 5.0, 5.0, 1.0, 1.2, 0.0):
        assert len(pose.detect(Frame(frames[0].image, time, 0)).persons) == 1


def test_timestamps_increase_and_keep_the_time_between_frames(pose):
    stamps = [pose._advance(time) for time in (0.0, 0.1, 0.1, 2.0, 0.5, 0.6, 0.7)]
    assert all(later > earlier for earlier, later in itertools.pairwise(stamps))
    assert stamps[1] - stamps[0] == 100
    assert stamps[3] - stamps[1] == 1900
    assert stamps[-1] - stamps[-2] == 100


def test_it_can_be_closed_twice(task_bundle):
    estimator = MediaPipePose(model=task_bundle)
    estimator.close()
    estimator.close()


def test_a_missing_bundle_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.task"):
        MediaPipePose(model=tmp_path / "nothing.task")


def test_only_known_native_messages_are_hidden(task_bundle, frames, tmp_path):
    cv2.imwrite(str(tmp_path / "person.png"), frames[0].image)
    program = """
import os, sys, cv2
from pathlib import Path
from live_stf.pose import mediapipe as module
from live_stf.types import Frame
with module.MediaPipePose(model=Path(sys.argv[1])) as pose:
    print(len(pose.detect(Frame(cv2.imread(sys.argv[2]), 0.0, 0)).persons))
with module._without_known_messages():
    os.write(2, b"E0000 a fault that matters\\n")
"""
    command = [sys.executable, "-c", program, str(task_bundle), str(tmp_path / "person.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
    assert done.stderr == "E0000 a fault that matters\n"
