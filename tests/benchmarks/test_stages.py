"""The program runs on a real clip; measured times are never asserted."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from benchmarks.stages import __main__ as program
from benchmarks.stages.looped_camera import LoopedCamera
from benchmarks.stages.stage_times import STAGES, in_turn, measure_stages
from live_stf.engine import open_classifier
from live_stf.model import Model, load_model
from live_stf.network import build_network
from live_stf.preparation import Preparation
from live_stf.sources.video_file import VideoFile


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Use one thread of torch: several wait for each other for a long time on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    torch.manual_seed(0)
    network = {"architecture": "stf-net", "skeleton": "openpose18"}
    made = Model(tmp_path_factory.mktemp("model"), "untrained", ("walk", "wave"), network, Preparation(frames=30))
    made.save_description()
    save_file(build_network(network, 2).state_dict(), made.weights)
    return made.folder


@pytest.fixture
def squats(shared) -> Path:
    return shared / "videos" / "squats.mp4"


def test_every_stage_is_timed_on_every_frame(squats, model):
    described = load_model(model)
    classifier = open_classifier(described, "torch")
    times = measure_stages(squats, described, classifier, ["mediapipe"], people=1, seconds=3.0)
    frames = 15  # 5 per second, up to and including 3.0 s, without the first
    assert {*times.by_stage, "pose"} == set(STAGES)
    for stage in ("decode", "track", "decide", "draw"):
        assert len(times.by_stage[stage]) == frames
    # A label needs one second of a person, which ends at the sixth frame.
    assert len(times.by_stage["network"]) == 11
    assert all(seconds > 0 for stage in times.by_stage for seconds in times.by_stage[stage])
    for index, rest in enumerate(times.rest):
        assert rest >= sum(times.by_stage[stage][index] for stage in ("decode", "track", "decide", "draw")) - 1e-9
    pose = times.poses["mediapipe"]
    assert len(pose.seconds) == frames
    assert min(pose.seconds) > 0
    assert pose.people == [1] * 16


def test_pose_estimators_take_turns_in_running_first():
    names = ("a", "b", "c")
    orders = [in_turn(names, index) for index in range(6)]
    assert [order[0] for order in orders] == ["a", "b", "c", "a", "b", "c"]
    assert all(sorted(order) == list(names) for order in orders)


def test_several_pose_estimators_are_compared_on_the_same_frames(squats, model, capsys):
    options = ["--model", str(model), "--engine", "torch", "--people", "1", "--seconds", "1", "--width", "180"]
    assert program.main([str(squats), *options, "--pose", "mediapipe,blazepose", "--fps", "20"]) == 0
    out = capsys.readouterr().out
    for text in ("pose: mediapipe", "pose: blazepose", "speed-up", "same number", "20 frames per second"):
        assert text in out
    names = re.findall(r"│ (MediaPipe|BlazePose)[^│]*│ +[\d.]+ │ +[\d.]+ │ +([\d.]+) │ +1.00 │ +100.0% │", out)
    assert [name for name, _ in names] == ["MediaPipe", "BlazePose"]
    assert names[0][1] == "1.00"


def test_a_clip_is_played_forward_and_backward_at_a_rate(squats):
    camera = LoopedCamera(squats, fps=50, seconds=60.0)
    frames = [camera.read() for _ in range(140)]  # the clip has 65
    camera.close()
    assert [frame.index for frame in frames] == list(range(140))
    np.testing.assert_allclose([frame.time for frame in frames], np.arange(140) / 50)
    for later, earlier in ((65, 63), (100, 28), (128, 0), (131, 3)):
        np.testing.assert_array_equal(frames[later].image, frames[earlier].image)
    assert not np.array_equal(frames[1].image, frames[30].image)


def test_only_the_first_seconds_of_a_clip_are_played(squats):
    camera = LoopedCamera(squats, fps=50, seconds=0.0)
    np.testing.assert_array_equal(camera.read().image, camera.read().image)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--pose", "mediapipe,openpose"), "unknown pose estimator 'openpose'"),
        (("--pose", "mediapipe,mediapipe"), "--pose names an estimator twice"),
        (("--fps", "0"), "--fps is 0, it must be above 0"),
    ],
)
def test_wrong_arguments_are_reported_before_anything_starts(arguments, message, capsys):
    with pytest.raises(SystemExit) as exited:
        program.main(["clip.mp4", *arguments])
    assert exited.value.code == 2
    assert message in capsys.readouterr().err


def test_the_program_prints_stages_rates_drops_and_ages(squats, model, capsys):
    assert (
        program.main([str(squats), "--model", str(model), "--engine", "torch", "--people", "1", "--seconds", "2"]) == 0
    )
    out = capsys.readouterr().out
    assert "squats.mp4: 720x1280, 5 frames per second; 1.0 people" in out
    for text in (*STAGES, "median ms", "95 % ms", "all stages except pose and network"):
        assert text in out
    for text in ("captured", "pose results", "labels", "drawn", "dropped frames", "dropped windows"):
        assert text in out
    for text in ("frame age ms", "age on the screen ms"):
        assert f"{text}, median" in out
        assert f"{text}, 95 %" in out


def test_a_clip_that_cannot_be_read_is_reported_in_one_line(model, tmp_path, capsys):
    assert program.main([str(tmp_path / "missing.mp4"), "--model", str(model)]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path / 'missing.mp4'}: no such file\n"


def test_a_copy_of_another_width_is_measured(squats, model, capsys):
    options = ["--model", str(model), "--engine", "torch", "--people", "1", "--seconds", "1", "--width", "180"]
    assert program.main([str(squats), *options]) == 0
    assert "squats.mp4: 180x320, 5 frames per second" in capsys.readouterr().out


def test_a_copy_of_another_size_contains_the_whole_frame(squats, tmp_path):
    program.scaled_copy(squats, tmp_path / "copy.mp4", 320, 0.5, 240)
    with VideoFile(tmp_path / "copy.mp4") as source:
        assert source.size == (320, 240)
        image = source.read().image
    assert image[:, :80].mean() < 5  # upright, so there is black beside it
    assert image[:, 100:220].mean() > 40


def test_a_height_without_a_width_is_reported_before_anything_starts(capsys):
    with pytest.raises(SystemExit):
        program.main(["clip.mp4", "--height", "480"])
    assert "needs --width" in capsys.readouterr().err
