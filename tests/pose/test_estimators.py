"""Pose estimators opened by name."""

from __future__ import annotations

import argparse

import pytest
import torch

from live_stf.errors import AssetError, PoseError
from live_stf.pose import estimators
from live_stf.pose.estimators import PoseChoice, open_pose, parse_pose
from live_stf.pose.pose_models import pose_model


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("mediapipe", PoseChoice("mediapipe")),
        ("blazepose", PoseChoice("blazepose")),
        ("blazepose:heavy", PoseChoice("blazepose", "heavy")),
        ("blazepose:bf16", PoseChoice("blazepose", None, "bf16")),
        ("blazepose:lite:bf16", PoseChoice("blazepose", "lite", "bf16")),
        ("blazepose:fp32:full", PoseChoice("blazepose", "full", "fp32")),
        ("blazepose:cpu", PoseChoice("blazepose", device="cpu")),
        ("blazepose:heavy:fp16:cuda", PoseChoice("blazepose", "heavy", "fp16", "cuda")),
        ("blazepose:cuda:lite", PoseChoice("blazepose", "lite", None, "cuda")),
        ("nets/own.onnx", PoseChoice("nets/own.onnx")),
        ("own.ONNX:bf16", PoseChoice("own.ONNX", None, "bf16")),
        ("C:/nets/own.onnx", PoseChoice("C:/nets/own.onnx")),
    ],
)
def test_a_name_may_have_complexity_precision_and_device(text, chosen):
    assert parse_pose(text) == chosen


@pytest.mark.parametrize(
    "text",
    [
        "",
        "openpose",
        "mediapipe:",
        "mediapipe:huge",
        "blazepose:lite:heavy",
        "own.onnx:full",
        "own.tflite",
        ":lite",
        "blazepose:cpu:cuda",
        "mediapipe:cuda",
        "own.onnx:cuda",
    ],
)
def test_an_invalid_name_is_reported_in_one_line(text):
    with pytest.raises(PoseError) as raised:
        parse_pose(text)
    assert repr(text) in str(raised.value)
    assert "\n" not in str(raised.value)
    parser = argparse.ArgumentParser()
    parser.add_argument("--pose", type=estimators.pose_argument)
    with pytest.raises(SystemExit):
        parser.parse_args(["--pose", text])


def test_the_default_can_be_opened(shared):
    try:
        pose_model()
    except AssetError as error:
        pytest.skip(f"needs the pose model: {error}")
    pose = open_pose()
    assert pose.name
    pose.close()


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without an NVIDIA GPU")
def test_a_missing_gpu_is_reported_in_one_line(bundle):
    with pytest.raises(PoseError, match=r"BlazePose cannot run on a GPU: .*GPU.*; leave :cuda out"):
        open_pose("blazepose:cuda")


def test_mediapipe_supports_only_fp32():
    with pytest.raises(PoseError, match="MediaPipe does not support bf16"):
        open_pose("mediapipe:bf16")


def test_an_onnx_file_is_opened_with_its_settings(painted, tmp_path):
    lines: list[str] = []
    path = painted.pose_network(tmp_path / "own.onnx", "simcc")
    pose = open_pose(str(path), people=3, notify=lines.append)
    assert pose.name == "own fp32"
    assert lines == ["own.onnx follows one person; for more, name a detector in own.pose.json"]
    with pytest.raises(PoseError, match="no such pose network"):
        open_pose(str(tmp_path / "other.onnx"))


def test_a_missing_library_is_reported_in_one_line(monkeypatch):
    monkeypatch.setitem(estimators.ESTIMATORS, "mediapipe", ("no_such_module", "Estimator"))
    with pytest.raises(PoseError, match=r"pose estimator mediapipe: .*no_such_module.*choose another with --pose"):
        open_pose("mediapipe")
