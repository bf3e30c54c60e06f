"""The measuring program on a real clip; what it measures is never asserted."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from benchmarks import stages as bench
from live_stf.engine import open_classifier
from live_stf.model import Model, load_model
from live_stf.network import build_network
from live_stf.preparation import Preparation


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Threads of torch that wait for each other stand still on a machine that is busy otherwise."""
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


def test_every_stage_is_timed_on_every_picture_that_it_sees(squats, model):
    described = load_model(model)
    classifier = open_classifier(described, "torch")
    times = bench.measure_stages(squats, described, classifier, ["mediapipe"], people=1, seconds=3.0)
    pictures = 15  # 5 a second, up to and with 3.0 s, without the first
    assert {*times.by_stage, "pose"} == set(bench.STAGES)
    for stage in ("decode", "track", "decide", "draw"):
        assert len(times.by_stage[stage]) == pictures
    # The person is seen for the second that a label needs at the sixth picture.
    assert len(times.by_stage["network"]) == 11
    assert all(seconds > 0 for stage in times.by_stage for seconds in times.by_stage[stage])
    for index, rest in enumerate(times.rest):
        assert rest >= sum(times.by_stage[stage][index] for stage in ("decode", "track", "decide", "draw")) - 1e-9
    pose = times.poses["mediapipe"]
    assert len(pose.seconds) == pictures
    assert min(pose.seconds) > 0
    assert pose.people == [1] * 16


def test_pose_estimators_take_turns_in_going_first():
    names = ("a", "b", "c")
    orders = [bench._in_turn(names, index) for index in range(6)]
    assert [order[0] for order in orders] == ["a", "b", "c", "a", "b", "c"]
    assert all(sorted(order) == list(names) for order in orders)


def test_several_pose_estimators_are_compared_on_the_same_pictures(squats, model, capsys):
    options = ["--model", str(model), "--engine", "torch", "--people", "1", "--seconds", "1", "--width", "180"]
    assert bench.main([str(squats), *options, "--pose", "mediapipe,blazepose", "--fps", "20"]) == 0
    out = capsys.readouterr().out
    for said in ("pose: mediapipe", "pose: blazepose", "speed-up", "same number", "20 pictures per second"):
        assert said in out
    names = re.findall(r"│ (MediaPipe|BlazePose)[^│]*│ +[\d.]+ │ +[\d.]+ │ +([\d.]+) │ +1.00 │ +100.0% │", out)
    assert [name for name, _ in names] == ["MediaPipe", "BlazePose"]
    assert names[0][1] == "1.00"


def test_a_clip_is_played_to_and_fro_at_a_rate(squats):
    camera = bench._Camera(squats, fps=50, seconds=60.0)
    pictures = [camera.read() for _ in range(140)]  # the clip has 65
    camera.close()
    assert [frame.index for frame in pictures] == list(range(140))
    np.testing.assert_allclose([frame.time for frame in pictures], np.arange(140) / 50)
    for later, earlier in ((65, 63), (100, 28), (128, 0), (131, 3)):
        np.testing.assert_array_equal(pictures[later].image, pictures[earlier].image)
    assert not np.array_equal(pictures[1].image, pictures[30].image)


def test_of_a_long_clip_its_beginning_is_played(squats):
    camera = bench._Camera(squats, fps=50, seconds=0.0)
    np.testing.assert_array_equal(camera.read().image, camera.read().image)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--pose", "mediapipe,openpose"), "pose estimator 'openpose' is not known"),
        (("--pose", "mediapipe,mediapipe"), "--pose names an estimator twice"),
        (("--fps", "0"), "--fps is 0, it has to be above 0"),
    ],
)
def test_wrong_arguments_are_told_before_anything_starts(arguments, told, capsys):
    with pytest.raises(SystemExit) as ended:
        bench.main(["clip.mp4", *arguments])
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_it_prints_stages_rates_drops_and_age(squats, model, capsys):
    assert bench.main([str(squats), "--model", str(model), "--engine", "torch", "--people", "1", "--seconds", "2"]) == 0
    out = capsys.readouterr().out
    assert "squats.mp4: 720x1280, 5 pictures per second; 1.0 people" in out
    for said in (*bench.STAGES, "median ms", "95 % ms", "everything but pose and network"):
        assert said in out
    for said in ("captured", "posed", "labelled", "drawn", "dropped pictures", "dropped windows"):
        assert said in out
    for said in ("frame age ms", "age on the screen ms"):
        assert f"{said}, median" in out
        assert f"{said}, 95 %" in out


def test_what_cannot_be_read_is_one_line(model, tmp_path, capsys):
    assert bench.main([str(tmp_path / "missing.mp4"), "--model", str(model)]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path / 'missing.mp4'}: no such file\n"


def test_a_copy_of_another_width_is_measured(squats, model, capsys):
    options = ["--model", str(model), "--engine", "torch", "--people", "1", "--seconds", "1", "--width", "180"]
    assert bench.main([str(squats), *options]) == 0
    assert "squats.mp4: 180x320, 5 pictures per second" in capsys.readouterr().out


def test_a_copy_of_another_size_has_the_whole_clip_inside(squats, tmp_path):
    bench.scaled_copy(squats, tmp_path / "copy.mp4", 320, 0.5, 240)
    with bench.VideoFile(tmp_path / "copy.mp4") as source:
        assert source.size == (320, 240)
        image = source.read().image
    assert image[:, :80].mean() < 5  # upright, so there is black beside it
    assert image[:, 100:220].mean() > 40


def test_a_height_alone_is_told_before_anything_starts(capsys):
    with pytest.raises(SystemExit):
        bench.main(["clip.mp4", "--height", "480"])
    assert "goes with --width" in capsys.readouterr().err
