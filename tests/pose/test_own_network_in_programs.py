"""The real programs with a user's own pose network, on a clip of a painted person."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from live_stf.decision import DecisionSettings
from live_stf.model import Model
from live_stf.network import build_network
from live_stf.preparation import Preparation

APPS = Path(__file__).resolve().parents[2] / "apps"
SIZE = (320, 240)
FRAMES = 60  # from the 66th on, the tests' one-stage network sees only the other half of the body
FPS = 25


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """An untrained model whose best class is always likely enough to become a label."""
    torch.manual_seed(0)
    network = {"architecture": "stf-net", "skeleton": "openpose18"}
    made = Model(
        tmp_path_factory.mktemp("model"), "untrained", ("walk", "wave"), network, Preparation(frames=30),
        decision=DecisionSettings(enter=0.2, leave=0.1),
    )  # fmt: skip
    made.save_description()
    save_file(build_network(network, 2).state_dict(), made.weights)
    return made.folder


@pytest.fixture(scope="module")
def clip(painted, tmp_path_factory) -> Path:
    """A person walks from left to right. The codec is lossless, because the networks depend on exact colours."""
    path = tmp_path_factory.mktemp("clip") / "painted.mkv"
    with av.open(str(path), "w") as video:
        stream = video.add_stream("ffv1", rate=Fraction(FPS))
        stream.width, stream.height = SIZE
        stream.pix_fmt = "bgr0"
        for index in range(FRAMES):
            image = painted.paint(SIZE, painted.body(30 + 2 * index, 40, 150))
            video.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")))
        video.mux(stream.encode())
    return path


def run(*arguments: object, **settings: object) -> subprocess.CompletedProcess:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **settings)


@pytest.mark.parametrize("kind", ["one-stage", "simcc"])
def test_a_clip_is_labelled_with_a_users_own_network(kind, painted, model, clip, tmp_path):
    network = painted.pose_network(tmp_path / "own.onnx", kind)
    done = run(
        APPS / "video_file.py", clip, clip, "--pose", network, "--model", model, "--engine", "torch",
        "--output", tmp_path / "out", "--annotate",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    limit = "own.onnx follows one person; for more, name a detector in own.pose.json"
    # Reported once, not for each of the two clips.
    assert [line for line in done.stderr.splitlines() if "follows" in line] == [limit] * (kind == "simcc")
    segments = [json.loads(line) for line in (tmp_path / "out" / "painted.mkv.jsonl").read_text().splitlines()]
    assert segments
    assert {segment["person"] for segment in segments} == {1}
    assert (segments[0]["start"], segments[-1]["end"]) == (0.0, FRAMES / FPS)
    with av.open(str(tmp_path / "out" / "painted.mkv.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == FRAMES


def test_the_window_names_the_pose_network(painted, model, clip, tmp_path, x_environment):
    network = painted.pose_network(tmp_path / "own.onnx", "one-stage")
    picture = tmp_path / "window.png"
    done = run(
        APPS / "webcam.py", "--source", clip, "--pose", network, "--model", model, "--engine", "torch",
        "--seconds", 3, "--screenshot", picture, env=x_environment,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{clip}: untrained on torch cpu fp32, pose by own fp32; press Q")
    assert cv2.imread(str(picture)) is not None


@pytest.mark.parametrize("program", ["video_file.py", "webcam.py"])
def test_an_unfit_network_is_reported_in_one_line(program, painted, model, clip, tmp_path, x_environment):
    network = painted.detector_network(tmp_path / "own.onnx", "yolo")
    source = [clip, "--output", tmp_path] if program == "video_file.py" else ["--source", clip]
    done = run(APPS / program, *source, "--pose", network, "--model", model, "--engine", "torch", env=x_environment)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {network}: its outputs output0 (1, 5, 8) are of none of the known forms")
    assert done.stderr.count("\n") == 1
    done = run(APPS / program, *source, "--pose", "openpose", "--model", model, env=x_environment)
    assert done.returncode == 2
    assert "unknown pose estimator 'openpose'; choose mediapipe, blazepose or an ONNX file" in done.stderr
    assert "Traceback" not in done.stderr
