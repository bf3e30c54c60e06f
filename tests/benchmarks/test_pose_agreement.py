"""The measure of agreement, and the agreement of the two ways to run MediaPipe's networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.pose_agreement import Agreement, drawn, joint_distances, main, matched, measure
from live_stf.pose.blazepose import BlazePose
from live_stf.skeleton import OPENPOSE_18
from live_stf.sources.video_file import VideoFile
from live_stf.types import Frame, People, Person

SIZE = (640, 360)


def body(x: float, hidden: tuple[str, ...] = ()) -> np.ndarray:
    """Joints (18, 3) of someone whose torso is 100 pixels long."""
    joints = np.full((18, 3), 0.9, np.float32)
    joints[:, 0] = x + 10 * np.arange(18)
    joints[:, 1] = 100 + 7 * np.arange(18)
    for name, place in {"neck": (x, 100), "right_hip": (x - 20, 200), "left_hip": (x + 20, 200)}.items():
        joints[OPENPOSE_18.index(name), :2] = place
    for name in hidden:
        joints[OPENPOSE_18.index(name)] = 0
    return joints


def seen(*bodies: np.ndarray) -> People:
    return People(0.0, SIZE, tuple(Person(joints) for joints in bodies))


def test_people_are_matched_by_place_not_by_order():
    assert matched(seen(body(100), body(400)), seen(body(402), body(99))) == [(0, 1), (1, 0)]
    assert matched(seen(body(100)), seen(body(400))) == []
    assert matched(seen(), seen(body(400))) == []


def test_distances_are_in_torso_lengths_over_joints_seen_by_both():
    reference, other = body(100), body(100, hidden=("nose",))
    other[:, 0] += 3
    distances = joint_distances(reference, other)
    assert distances.shape == (17,)
    np.testing.assert_allclose(distances, 0.03, rtol=1e-5)
    assert joint_distances(body(100, hidden=("left_hip",)), other).shape == (0,)


def test_a_frame_with_another_number_of_people_differs():
    result = Agreement("one")
    for reference, other in (
        (seen(body(100)), seen(body(101))),
        (seen(body(100)), seen(body(101), body(400))),
        (seen(body(100), body(400)), seen(body(101))),
        (seen(), seen()),
    ):
        result.add(reference, other)
    assert result.same == [True, False, False, True]
    assert result.row() == ("50.0", "1.000", "1.000")


def test_both_estimators_are_drawn():
    frame = Frame(np.zeros((360, 640, 3), np.uint8), 0.0, 0)
    image = drawn(frame, seen(body(100)), seen(body(300)))
    assert image[:, :280].any()
    assert image[:, 300:].any()
    assert not frame.image.any()


def test_an_unreadable_clip_is_reported_in_one_line_and_the_others_are_measured(tmp_path, clip, capsys):
    pytest.importorskip("mediapipe")
    drawings = tmp_path / "drawings"
    status = main([str(tmp_path / "no.mp4"), str(clip), "--seconds", "0.1", "--draw", str(drawings)])
    out, err = capsys.readouterr()
    assert status == 2
    assert err.startswith("error: ")
    assert len(err.splitlines()) == 1
    assert "demo.mp4" in out
    assert list(drawings.glob("demo-*.png"))


@pytest.fixture(scope="module")
def stretch(clip):
    """A second and a half of the sample clip."""
    with VideoFile(clip) as source:
        return [frame for _ in range(105) if (frame := source.read()).index >= 60]


@pytest.mark.parametrize("people", [1, 2])
def test_blazepose_agrees_with_mediapipe(stretch, people):
    """The networks are the same; rounding remains, which regions that follow from each other enlarge."""
    mediapipe = pytest.importorskip("live_stf.pose.mediapipe")
    result = Agreement("blazepose")
    with mediapipe.MediaPipePose(people) as reference, BlazePose(people) as pose:
        for frame in stretch:
            result.add(reference.detect(frame), pose.detect(frame))
    distances = np.concatenate(result.distances)
    assert len(distances) > 10 * len(stretch)
    assert np.mean(result.same) >= 0.97
    assert np.median(distances) <= 0.01
    assert np.percentile(distances, 95) <= 0.04


# Frames of the sample clip in which both differ when people are tracked: two regions on one man that overlap by
# less than half, a man upside down, and one who is half hidden.
HARD = (17, 18, 19, 167, 168, 227)


def test_frame_by_frame_blazepose_finds_the_same_people_as_mediapipe(clip):
    """Without tracking, differences do not grow; the steps between the networks cause those that remain."""
    mediapipe = pytest.importorskip("live_stf.pose.mediapipe")
    result = Agreement("blazepose")
    with VideoFile(clip) as source, mediapipe.MediaPipePose(2) as reference, BlazePose(2) as pose:
        while (frame := source.read()) is not None:
            if frame.index in HARD:
                for estimator in (reference, pose):
                    assert not estimator.detect(replace(frame, image=np.zeros_like(frame.image))).persons
                result.add(reference.detect(frame), pose.detect(frame))
    assert result.same == [True] * len(HARD)
    distances = np.concatenate(result.distances)
    assert len(distances) > 50
    assert np.median(distances) <= 0.001
    assert np.percentile(distances, 95) <= 0.01


def test_with_lose_a_frame_does_not_depend_on_earlier_ones(clip):
    class Follower:
        """Finds somebody if the frame before was not black, and counts frames since the last black one."""

        def __init__(self):
            self.before = 0

        def detect(self, frame):
            found = seen(body(100)) if self.before else seen()
            self.before = self.before + 1 if frame.image.any() else 0
            longest.append(self.before)
            return found

        def close(self):
            pass

    longest: list[int] = []

    def people(lose):
        longest.clear()
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("live_stf.pose.estimators.open_pose", lambda *_: Follower())
            return sum(map(len, measure(clip, ["a", "b"], 2, seconds=0.2, lose=lose)[0].distances))

    assert people(lose=None) > 0
    assert max(longest) > 3
    assert people(lose=3) > 0
    assert max(longest) == 3
    assert people(lose=1) == 0


def test_an_invalid_number_of_frames_is_refused(capsys):
    with pytest.raises(SystemExit) as exited:
        main(["clip.mp4", "--lose", "0"])
    assert exited.value.code == 2
    assert "--lose is 0; it must be 1 or more" in capsys.readouterr().err
