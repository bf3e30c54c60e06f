"""The whole estimator on real frames."""

from __future__ import annotations

import zipfile
from dataclasses import replace

import numpy as np
import pytest

from live_stf.errors import ModelError, PoseError
from live_stf.pose.blazepose import BlazePose
from live_stf.pose.blazepose.blazepose import apart
from live_stf.pose.blazepose.region import Region
from live_stf.runtime.openvino import bf16_available
from live_stf.skeleton import OPENPOSE_18
from live_stf.sources.opening import open_source
from live_stf.types import Frame

BLACK = np.zeros((360, 640, 3), np.uint8)


@pytest.fixture(scope="module")
def frames(shared):
    with open_source(shared / "videos" / "squats.mp4") as source:
        return [source.read() for _ in range(6)]


def count_detections(estimator: BlazePose) -> list[int]:
    """A list that gets an entry whenever the estimator's detector is started."""
    started = []

    class Counting:
        def __init__(self, network):
            self.image, self.results = network.image, network.results
            self._start = network.start

        def start(self):
            started.append(1)
            self._start()

    networks = estimator._networks
    estimator._networks = replace(networks, detector=Counting(networks.detector))
    return started


def joint(joints: np.ndarray, name: str) -> np.ndarray:
    return joints[OPENPOSE_18.index(name)]


def test_the_person_of_a_real_clip_is_found(bundle, frames):
    with BlazePose(model=bundle) as pose:
        found = [pose.detect(picture) for picture in frames]
    assert all(len(people.persons) == 1 for people in found)
    people = found[-1]
    joints = people.persons[0].joints
    assert (people.size, people.time) == (frames[-1].size, frames[-1].time)
    assert joints.dtype == np.float32
    assert (joints[:, 2] > 0).sum() >= 14
    # She stands or squats and is always upright.
    assert joint(joints, "nose")[1] < joint(joints, "right_hip")[1] < joint(joints, "right_ankle")[1]


def test_the_detector_does_not_run_while_everybody_is_followed(bundle, frames):
    with BlazePose(people=1, model=bundle) as pose:
        started = count_detections(pose)
        for picture in frames:
            assert len(pose.detect(picture).persons) == 1
        assert len(started) == 1


def test_the_detector_runs_while_fewer_people_than_requested_are_followed(bundle, frames):
    with BlazePose(people=2, model=bundle) as pose:
        started = count_detections(pose)
        for picture in frames:
            # It finds the same person every time; she stays one person.
            assert len(pose.detect(picture).persons) == 1
        assert len(started) == len(frames)


def test_the_detector_runs_again_when_one_of_two_is_lost(bundle, frames):
    image = frames[0].image
    both, one = np.concatenate([image, image], axis=1), np.concatenate([image, np.zeros_like(image)], axis=1)
    with BlazePose(people=2, model=bundle) as pose:
        started = count_detections(pose)
        counts = []
        for picture in (both, both, one, both):
            counts.append(len(pose.detect(Frame(picture, len(counts) / 30, len(counts))).persons))
        assert counts == [2, 2, 1, 2]
        assert len(started) == 2


def test_a_person_who_leaves_is_dropped_at_once_and_found_again_later(bundle, frames):
    with BlazePose(people=1, model=bundle) as pose:
        started = count_detections(pose)
        counts = []
        for image in (frames[0].image, BLACK, BLACK, frames[1].image):
            counts.append(len(pose.detect(Frame(image, len(counts) / 30, len(counts))).persons))
        assert counts == [1, 0, 0, 1]
        assert len(started) == 3


@pytest.mark.parametrize("people", [2, 3])
def test_people_side_by_side_get_their_own_landmarks(bundle, frames, people):
    """Copies of one image beside each other: with several networks at work, nobody gets another's landmarks."""
    image, width = frames[0].image, frames[0].size[0]
    with BlazePose(people=people, model=bundle) as pose:
        found = pose.detect(Frame(np.concatenate([image] * people, axis=1), 0.0, 0)).persons
    assert len(found) == people
    necks = sorted(float(joint(person.joints, "neck")[0]) for person in found)
    np.testing.assert_allclose(np.diff(necks), width, atol=0.02 * width)


def test_nobody_is_found_in_a_black_image(bundle):
    with BlazePose(model=bundle) as pose:
        assert pose.detect(Frame(BLACK, 0.0, 0)).persons == ()


def test_times_that_do_not_increase_are_accepted(bundle, frames):
    with BlazePose(people=1, model=bundle) as pose:
        for time in (0.0, 0.0, 5.0, 1.0, 1.2, 0.0):
            assert len(pose.detect(Frame(frames[0].image, time, 0)).persons) == 1


def test_bf16_is_close_to_fp32_or_refused(bundle, frames):
    if not bf16_available():
        with pytest.raises(ModelError, match="bf16"):
            BlazePose(model=bundle, precision="bf16")
        return
    joints = []
    for precision in ("fp32", "bf16"):
        with BlazePose(model=bundle, precision=precision) as pose:
            joints.append(pose.detect(frames[0]).persons[0].joints)
    apart_by = np.hypot(*(joints[0] - joints[1])[:, :2].T)
    assert 0 < np.median(apart_by) < 0.02 * abs(joint(joints[0], "right_hip")[1] - joint(joints[0], "neck")[1])


def test_the_later_of_two_regions_of_one_person_stays():
    left, right, again = Region(100, 100, 80), Region(300, 100, 80), Region(105, 100, 80)
    assert apart([left, right, again]) == [right, again]
    assert apart([left, right]) == [left, right]
    assert apart([]) == []


def test_it_can_be_closed_twice(bundle):
    pose = BlazePose(model=bundle)
    pose.close()
    pose.close()


def test_a_file_that_cannot_be_opened_is_named(bundle, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.task"):
        BlazePose(model=tmp_path / "nothing.task")
    (tmp_path / "text.task").write_text("not a bundle")
    with pytest.raises(PoseError, match=r"text\.task does not hold MediaPipe's pose networks"):
        BlazePose(model=tmp_path / "text.task")
    with zipfile.ZipFile(bundle) as whole, zipfile.ZipFile(tmp_path / "half.task", "w") as half:
        half.writestr("pose_detector.tflite", whole.read("pose_detector.tflite"))
    with pytest.raises(PoseError, match=r"half\.task does not hold .*pose_landmarks_detector\.tflite"):
        BlazePose(model=tmp_path / "half.task")
    with zipfile.ZipFile(tmp_path / "swapped.task", "w") as swapped:
        swapped.writestr("pose_detector.tflite", b"weights")
        swapped.writestr("pose_landmarks_detector.tflite", b"weights")
    with pytest.raises(PoseError, match=r"swapped\.task does not hold"):
        BlazePose(model=tmp_path / "swapped.task")
    with pytest.raises(PoseError, match="0 people"):
        BlazePose(people=0, model=bundle)
