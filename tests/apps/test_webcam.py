"""The real program on a real X server, each time in a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from live_stf.model import Model
from live_stf.network import build_network
from live_stf.preparation import Preparation
from live_stf.sources.recording import Heading, RecordingWriter
from live_stf.types import People, Person

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "apps" / "webcam.py"
BARE = {"PATH": "", **{name: os.environ[name] for name in ("HOME", "PYTHONPATH") if name in os.environ}}
LABELS = ("walk", "sit_down", "squat", "drink", "wave", "none_of_these")


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """A model folder whose network has learned nothing; the window shows what it says all the same."""
    torch.manual_seed(0)
    network = {"architecture": "stf-net", "skeleton": "openpose18"}
    made = Model(tmp_path_factory.mktemp("model"), "untrained", LABELS, network, Preparation())
    made.save_description()
    save_file(build_network(network, len(LABELS)).state_dict(), made.weights)
    return made.folder


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    """Joints of somebody who stands still for two seconds."""
    path = tmp_path_factory.mktemp("recording") / "standing.joints.jsonl"
    body = np.random.default_rng(0).uniform(50, 200, (18, 3)).astype(np.float32)
    body[:, 2] = 0.9
    with RecordingWriter(path, Heading((320, 240), 30.0)) as writer:
        for index in range(60):
            writer.write(People(index / 30, (320, 240), (Person(body, 1),)), {})
    return path


def start(environment, *arguments):
    command = [sys.executable, str(PROGRAM), *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(environment, *arguments):
    """(status, stdout, stderr)."""
    process = start(environment, *arguments)
    try:
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    return process.returncode, out, err


def test_it_shows_a_clip_for_some_seconds(x_environment, model, clip, tmp_path):
    picture = tmp_path / "window.png"
    status, out, err = run(
        x_environment, "--source", clip, "--model", model, "--engine", "torch", "--seconds", 5, "--screenshot", picture
    )
    assert status == 0, err
    assert err == ""
    beginning, summary = out.splitlines()
    assert beginning.startswith(f"{clip}: untrained on torch")
    told = re.fullmatch(
        r"capture ([\d.]+) fps, pose ([\d.]+) fps, labels [\d.]+/s, frame age (\d+) ms, 95 % under (\d+) ms, "
        r"dropped \d+ frames, \d+ windows",
        summary,
    )
    assert told is not None, summary
    assert all(float(number) > 0 for number in told.groups())

    window = cv2.imread(str(picture))
    assert window.shape[0] >= 460
    assert window.shape[1] >= 720
    # The clip's park is in the left part: many colours, and not the dark of a window without a picture.
    left = window[window.shape[0] // 4 : window.shape[0] // 2, : window.shape[1] // 2]
    assert left.mean() > 60
    assert len(np.unique(left.reshape(-1, 3), axis=0)) > 1000


def test_ctrl_c_ends_it_without_a_traceback(x_environment, model, clip):
    process = start(x_environment, "--source", clip, "--model", model, "--engine", "torch", "--seconds", 100)
    try:
        assert "press Q" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert err == ""
    assert out.startswith("capture ")


# The program, with somebody who closes the window as soon as it says that it is at this.
IMPATIENT = """
import runpy, sys
from PyQt5.QtCore import QTimer
from live_stf.ui.live_window import LiveWindow

at, sys.argv = sys.argv[1], sys.argv[2:]
show = LiveWindow.show

def show_and_wait(window):
    def look():
        if window._live.opening.startswith(at):
            timer.stop()
            window.close()
    timer = QTimer(window)
    timer.timeout.connect(look)
    timer.start(1)
    show(window)

LiveWindow.show = show_and_wait
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_it_is_closed_while_it_opens_what_it_needs(x_environment, clip):
    opening = {}
    try:
        for at in ("Opening", "Loading the model", "Loading the pose estimator"):
            command = [sys.executable, "-c", IMPATIENT, at, str(PROGRAM), "--source", str(clip)]
            opening[at] = subprocess.Popen(command, env=x_environment, stderr=subprocess.PIPE, text=True)
        for at, process in opening.items():
            _, err = process.communicate(timeout=60)
            assert process.returncode == 0, (at, err)
            assert [line for line in err.splitlines() if not line.startswith("engine: ")] == [], at
    finally:
        for process in opening.values():
            process.kill()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--source", "97"), "camera 97 is not there"),
        (("--source", "missing.mp4"), "missing.mp4: no such file"),
        (("--source", PROGRAM), "webcam.py: no frame can be read"),
    ],
)
def test_a_source_that_cannot_be_read_is_one_line(x_environment, model, arguments, told):
    status, out, err = run(x_environment, "--model", model, *arguments)
    assert status == 2
    assert out == ""
    assert err.startswith("error: ")
    assert told in err
    assert err.count("\n") == 1
    if "97" in arguments:
        assert "--source" in err


def test_a_missing_model_and_a_missing_display_are_one_line(x_environment, clip):
    status, _, err = run(x_environment, "--source", clip, "--model", "nowhere")
    assert (status, err.count("\n")) == (2, 1)
    assert err.startswith("error: no model 'nowhere'")
    status, _, err = run({**x_environment, "DISPLAY": "", "WAYLAND_DISPLAY": ""}, "--source", clip)
    assert (status, err.count("\n")) == (2, 1)
    assert err.startswith("error: no display")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--seconds", "0"), "--seconds is 0; it must be above 0"),
        (("--size", "large"), "'large' is not a size; give one like 640x480"),
        (("--size", "0x480"), "is not a size"),
        (("--rate", "0"), "--rate is 0; it must be above 0"),
        (("--headless", "--screenshot", "a.png"), "leave out --headless"),
        (("--seconds", "nan"), "--seconds is nan"),
        (("--threshold", "0"), "--threshold is 0; it must be above 0 and at most 1"),
        (("--listen", " , "), "no label is given"),
        (("--output", "nowhere"), "there is no such folder"),
        (("--people", "0"), "--people is 0; it must be 1 or more"),
        (("--screenshot", "window.txt"), "its name must end in .png"),
        (("--screenshot", "nowhere/window.png"), "there is no folder nowhere"),
        (("--engine", "abacus"), "invalid choice: 'abacus'"),
    ],
)
def test_wrong_arguments_are_told_before_anything_starts(x_environment, arguments, told):
    status, _, err = run(x_environment, *arguments)
    assert status == 2
    assert told in err
    assert "Traceback" not in err


def test_without_a_window_every_line_is_an_event(model, clip):
    environment = {**BARE, "QT_QPA_PLATFORM": "none"}
    arguments = ("--source", clip, "--model", model, "--engine", "torch", "--headless", "--fast")
    status, out, err = run(environment, *arguments)
    assert status == 0, err
    lines = [json.loads(line) for line in out.splitlines()]
    assert lines[0]["state"] == "filling"
    assert {line["state"] for line in lines} >= {"filling", "unsure"}
    assert all(set(line) == {"time", "person", "state", "label", "score"} for line in lines)
    # There may be notices among the lines for people, e.g. of a slow machine.
    assert [line for line in err.splitlines() if line.endswith("; press Ctrl-C to quit")]
    assert err.splitlines()[-1].startswith("capture ")


def test_events_are_written_beside_a_window_too(x_environment, model, clip, tmp_path):
    file = tmp_path / "events.jsonl"
    arguments = ("--source", clip, "--model", model, "--engine", "torch", "--seconds", 4, "--events", file)
    status, out, err = run(x_environment, *arguments)
    assert (status, err) == (0, "")
    assert len(out.splitlines()) == 2
    assert json.loads(file.read_text().splitlines()[0])["state"] == "filling"


def remember(environment, **values):
    """As a run before would have left it."""
    file = Path(environment["XDG_CONFIG_HOME"]) / "live-stf" / "live-stf.ini"
    file.parent.mkdir(parents=True)
    file.write_text("[General]\n" + "".join(f"{name}={value}\n" for name, value in values.items()))
    return file


def test_what_was_chosen_before_is_taken_and_can_be_reset(x_environment, model, recording):
    file = remember(x_environment, source=recording, model=model, engine="torch", theme="light")
    status, out, err = run(x_environment, "--seconds", 3)
    assert (status, err) == (0, "")
    assert out.startswith(f"{recording}: untrained on torch")
    assert "recorded joints" in out
    status, _, err = run(x_environment, "--reset", "--seconds", 0.5)
    assert f"source={recording}" not in file.read_text()
    assert "camera 0" in err or status == 0


def test_what_was_chosen_before_and_is_gone_leaves_the_window_open(x_environment, model):
    remember(x_environment, source="/gone/clip.mp4", model=model, engine="torch")
    began = time.monotonic()
    status, out, err = run(x_environment, "--seconds", 2)
    assert time.monotonic() - began > 2
    assert (status, out) == (2, "")
    assert err == "error: /gone/clip.mp4: no such file\n"


def test_recorded_joints_are_played_again(model, recording):
    environment = {**BARE, "QT_QPA_PLATFORM": "none"}
    arguments = ("--source", recording, "--model", model, "--engine", "torch", "--headless", "--fast")
    status, out, err = run(environment, *arguments, "--threshold", 0.05)
    assert status == 0, err
    lines = [json.loads(line) for line in out.splitlines()]
    labels = {line["label"] for line in lines} - {None}
    assert len(labels) == 1
    status, out, err = run(environment, *arguments, "--threshold", 0.05, "--listen", ",".join(set(LABELS) - labels))
    assert status == 0, err
    assert {json.loads(line)["label"] for line in out.splitlines()} == {None}
    status, out, err = run(environment, *arguments, "--listen", "walk,fly")
    assert (status, out) == (2, "")
    assert err.startswith("error: untrained has no label fly; there are walk, ")


def test_cameras_are_listed_without_a_screen_or_a_model():
    status, out, err = run(BARE, "--list-cameras", "--model", "nowhere")
    assert (status, err) == (0, "")
    assert all(re.match(r"\d+: .|no camera was found", line) for line in out.splitlines())
    assert out
