"""What works without Qt, torch, MediaPipe and ONNX, each time in a process in which they cannot be imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from live_stf.engine import open_classifier
from live_stf.model import load_model
from live_stf.sources.recording import Heading, RecordingWriter
from live_stf.types import People, Person

BLOCKED = ("PyQt5", "pyqtgraph", "torch", "lightning", "mediapipe", "onnx", "onnxruntime", "scipy", "safetensors")
RUN = f"""
import sys
for name in {BLOCKED}:
    sys.modules[name] = None
from live_stf.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Joints of somebody who stands still for six seconds; the everyday model's network is converted beforehand."""
    open_classifier(load_model("everyday"), "openvino")
    path = tmp_path_factory.mktemp("recording") / "standing.joints.jsonl"
    body = np.random.default_rng(0).uniform(50, 200, (18, 3)).astype(np.float32)
    body[:, 2] = 0.9
    with RecordingWriter(path, Heading((320, 240), 30.0)) as writer:
        for index in range(180):
            writer.write(People(index / 30, (320, 240), (Person(body, 1),)), {})
    return path


def run(*arguments: object) -> tuple[int, str, str]:
    """(status, stdout, stderr)."""
    command = [sys.executable, "-c", RUN, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def test_a_clip_is_labelled(recording: Path, tmp_path: Path) -> None:
    status, out, err = run("label", recording, "--output", tmp_path)
    assert status == 0, err
    assert f"labels: {tmp_path / 'standing.jsonl'}" in out
    assert (tmp_path / "standing.jsonl").exists()


def test_a_clip_of_pictures_is_labelled(clip: Path, tmp_path: Path, recording: Path) -> None:
    status, out, err = run("label", clip, "--output", tmp_path)
    assert status == 0, err
    assert (tmp_path / f"{clip.stem}.jsonl").read_text()
    assert "labels: " in out


def test_an_annotated_video_needs_qt_and_is_refused_before_any_work(recording: Path, tmp_path: Path) -> None:
    status, out, err = run("label", recording, "--annotate", "--output", tmp_path / "out")
    assert (status, out) == (2, "")
    assert err == "error: --annotate needs Qt, which is not installed: pip install 'live-stf[window]'\n"
    assert not (tmp_path / "out").exists()


def test_the_live_program_runs_without_a_window(recording: Path) -> None:
    status, out, err = run("webcam", "--headless", "--fast", "--source", recording)
    assert status == 0, err
    assert {json.loads(line)["person"] for line in out.splitlines()} == {1}


def test_a_window_needs_qt_and_the_line_says_what_to_do(recording: Path) -> None:
    status, out, err = run("webcam", "--source", recording)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: the window needs Qt")
    assert err.endswith("pip install 'live-stf[window]', or run without a window by --headless\n")
