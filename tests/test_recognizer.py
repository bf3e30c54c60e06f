"""The library: images and keypoints in, events out."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import live_stf
from live_stf.decision import DecisionSettings
from live_stf.errors import PoseError, SourceError
from live_stf.model import Model
from live_stf.network import build_network
from live_stf.pose.mediapipe import MediaPipePose
from live_stf.preparation import Preparation
from live_stf.recognizer import LAYOUTS, Recognizer
from live_stf.skeleton import OPENPOSE_18
from live_stf.sources.opening import open_source
from live_stf.types import SCENE, State

README = Path(__file__).resolve().parent.parent / "README.md"


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer()


@pytest.fixture(scope="module")
def beginning(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first five seconds of the sample clip."""
    path = tmp_path_factory.mktemp("clip") / "beginning.mp4"
    with av.open(str(clip)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None and packet.pts * packet.time_base < 5:
                packet.stream = stream
                target.mux(packet)
    return path


def walking_points(seconds: float, clip: Path) -> tuple[list[tuple[float, np.ndarray]], tuple[int, int]]:
    """Joints of the person in every frame of the clip's first seconds, with times, and the size of the frames."""
    found = []
    with open_source(clip) as source, MediaPipePose(people=1) as pose:
        while (frame := source.read()) is not None and frame.time < seconds:
            people = pose.detect(frame).persons
            if people:
                found.append((frame.time, people[0].joints))
        return found, source.size


@pytest.fixture(scope="module")
def points(clip: Path) -> tuple[list[tuple[float, np.ndarray]], tuple[int, int]]:
    return walking_points(3.5, clip)


def test_images_pushed_one_by_one_get_a_label(clip: Path) -> None:
    events = []
    with Recognizer(people=1) as recognizer, open_source(clip) as source:
        while (frame := source.read()) is not None and frame.time < 3.5:
            events += recognizer.push_image(frame.image, frame.time)
    states = {event.state for event in events}
    assert State.FILLING in states
    assert all(event.label in recognizer.labels for event in events if event.state is State.LABEL)
    assert any(event.state in (State.LABEL, State.UNSURE) and event.score > 0 for event in events)


def test_pushed_keypoints_give_the_same_events_as_their_images(
    clip: Path, points: tuple[list[tuple[float, np.ndarray]], tuple[int, int]]
) -> None:
    joints, size = points
    by_picture, by_points = Recognizer(people=1, pose="mediapipe"), Recognizer()
    at = dict(joints)
    compared = 0
    with by_picture, open_source(clip) as source:
        while (frame := source.read()) is not None and frame.time < 3.0:
            bodies = [at[frame.time]] if frame.time in at else []
            wanted = by_picture.push_image(frame.image, frame.time)
            assert by_points.push_keypoints(bodies, size, frame.time) == wanted
            compared += len(wanted)
    assert compared > 20


@pytest.mark.parametrize("layout", ["coco17", "mediapipe33"])
def test_points_of_other_layouts_are_read_as_the_same_body(
    points: tuple[list[tuple[float, np.ndarray]], tuple[int, int]], layout: str
) -> None:
    """Neither layout has a neck; as in MediaPipe's joints, it is the middle of the shoulders."""
    joints, size = points
    one, other = Recognizer(), Recognizer()
    remap = LAYOUTS[layout]
    labelled = 0
    for time, body in joints[:60]:
        given = np.zeros((1, len(remap.source), 3), np.float32)
        for joint, sources in remap.sources.items():
            if len(sources) == 1:
                given[0, remap.source.index(sources[0])] = body[OPENPOSE_18.index(joint)]
        first = one.push_keypoints([body], size, time)
        second = other.push_keypoints(given, size, time, layout=layout)
        assert [(event.state, event.label) for event in first] == [(event.state, event.label) for event in second]
        assert [event.score for event in first] == pytest.approx([event.score for event in second], abs=1e-3)
        labelled += any(event.state in (State.LABEL, State.UNSURE) for event in second)
    assert labelled > 10


def test_a_person_who_leaves_is_reported_once(points: tuple[list[tuple[float, np.ndarray]], tuple[int, int]]) -> None:
    joints, size = points
    recognizer = Recognizer()
    for time, body in joints[:40]:
        recognizer.push_keypoints([body], size, time)
    left = [recognizer.push_keypoints([], size, joints[39][0] + 0.1 * step) for step in range(1, 20)]
    assert [event.state for events in left for event in events if event.state is State.NO_PERSON] == [State.NO_PERSON]
    assert left[-1] == []


def test_listen_yields_the_changes_of_a_clip_until_it_ends(beginning: Path) -> None:
    events = list(Recognizer(people=1).listen(str(beginning)))
    assert events[0].state is State.FILLING
    for before, after in pairwise(events):
        if before.identity == after.identity:
            assert (before.state, before.label) != (after.state, after.label)
    assert any(event.state is State.LABEL for event in events)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"bodies": np.zeros((1, 17, 3)), "size": (9, 9)}, r"openpose18 keypoints must be \(people, 18, 3\)"),
        ({"bodies": np.zeros((18, 3)), "size": (9, 9)}, r"got \(18, 3\)"),
        ({"bodies": np.full((1, 18, 3), np.nan), "size": (9, 9)}, "finite"),
        ({"bodies": np.zeros((1, 18, 3)), "size": (9, 9), "layout": "h36m"}, "h36m.*coco17"),
    ],
)
def test_invalid_keypoints_are_refused(recognizer: Recognizer, given: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recognizer.push_keypoints(**given)


def test_invalid_images_and_times_that_do_not_increase_are_refused() -> None:
    recognizer = Recognizer()
    with pytest.raises(ValueError, match=r"uint8, got \(4, 4\) float64"):
        recognizer.push_image(np.zeros((4, 4)))
    recognizer.push_keypoints([], (9, 9), 1.0)
    with pytest.raises(ValueError, match="not later than"):
        recognizer.push_keypoints([], (9, 9), 1.0)


@pytest.fixture
def model_of_two(tmp_path: Path) -> Path:
    """An untrained network for two people together, like the networks for Kinetics."""
    torch.manual_seed(0)
    network = {"architecture": "stf-net", "skeleton": "openpose18"}
    preparation = Preparation(frames=60, span=2.0, coordinates="kinetics", scores="score", bodies=2)
    decision = DecisionSettings(enter=0.5, leave=0.4)
    made = Model(tmp_path, "of two", ("shake hands", "hug"), network, preparation, decision=decision)
    made.save_description()
    save_file(build_network(network, 2).state_dict(), made.weights)
    return tmp_path


def test_a_model_of_two_bodies_gives_one_label_for_the_scene(
    points: tuple[list[tuple[float, np.ndarray]], tuple[int, int]], model_of_two: Path
) -> None:
    joints, size = points
    recognizer = Recognizer(str(model_of_two), engine="torch")
    events = []
    for time, body in joints[:60]:
        other = body * (-1, 1, 1) + (size[0] * (body[:, 2:] > 0) * (1, 0, 0))
        events += recognizer.push_keypoints([body, np.where(body[:, 2:] > 0, other, 0)], size, time)
    assert {event.identity for event in events} == {SCENE}
    assert {event.state for event in events} >= {State.FILLING, State.LABEL}


def test_an_unknown_pose_estimator_is_named() -> None:
    with pytest.raises(PoseError, match="unknown pose estimator 'abacus'"):
        Recognizer(pose="abacus")


def test_a_missing_source_is_named(recognizer: Recognizer) -> None:
    with pytest.raises(SourceError, match=r"nowhere\.mp4"):
        next(recognizer.listen("nowhere.mp4"))


FORK = """
import multiprocessing, os, sys
import live_stf

def use():
    try:
        recognizer.push_keypoints([], (9, 9), 2.0)
    except live_stf.LiveStfError as problem:
        print(problem, flush=True)
    try:
        live_stf.Recognizer(sys.argv[1], engine="torch")
    except live_stf.LiveStfError as problem:
        print(problem, flush=True)

recognizer = live_stf.Recognizer(sys.argv[1], engine="torch")
recognizer.push_keypoints([], (9, 9), 1.0)
process = multiprocessing.get_context("fork").Process(target=use)
process.start()
process.join()
recognizer.push_keypoints([], (9, 9), 2.0)
"""


def test_a_forked_process_gets_an_error_instead_of_hanging(small_models: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", FORK, str(small_models / "one")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == second
    assert first.startswith("this process was forked from one that had opened an engine")
    assert "'spawn'" in first


def test_public_names_exist_and_importing_them_is_light() -> None:
    for name in live_stf.__all__:
        assert getattr(live_stf, name) is not None
    assert set(live_stf.__all__) <= set(dir(live_stf))
    subclasses = {
        kind.__name__ for kind in live_stf.LiveStfError.__subclasses__() if kind.__module__ == "live_stf.errors"
    }
    assert subclasses <= set(live_stf.__all__)
    code = "import sys, live_stf; print([m for m in ('numpy', 'cv2', 'openvino', 'torch', 'av') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_recognizer_is_public_and_needs_no_qt() -> None:
    assert live_stf.Recognizer is Recognizer
    with pytest.raises(AttributeError, match="Recogniser"):
        _ = live_stf.Recogniser
    code = "import sys, live_stf; live_stf.Recognizer; print([m for m in sys.modules if 'Qt' in m or m == 'mediapipe'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert set(LAYOUTS) == {"openpose18", "coco17", "mediapipe33"}


def test_the_example_of_the_readme_runs(beginning: Path) -> None:
    """A clip replaces the camera, and Qt is not available."""
    (lines,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len([line for line in lines.splitlines() if line]) <= 10
    assert "cv2.VideoCapture(0)" in lines
    program = lines.replace("cv2.VideoCapture(0)", f"cv2.VideoCapture({str(beginning)!r})")
    program += "\nimport sys\nassert not [name for name in sys.modules if 'Qt' in name]\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    printed = [line.split(" ", 1) for line in done.stdout.splitlines()]
    assert all(identity.isdigit() for identity, _ in printed)
    states = {state for _, state in printed}
    assert "filling None 0.0" in states
    assert any(state.startswith(("label ", "unsure None ")) for state in states)
