"""The device that runs BlazePose, on fake machines; devices that do not work are reported in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from live_stf.errors import ModelError, PoseError
from live_stf.pose.blazepose import BlazePose
from live_stf.pose.blazepose.device import open_networks
from live_stf.pose.estimators import open_pose
from live_stf.runtime.hardware import Hardware, detect_hardware

without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without an NVIDIA GPU")
PC = Hardware("NVIDIA GeForce RTX 3060", "sm_86", {"torch": "2"}, reason="")


def test_without_a_gpu_the_cpu_is_used_silently(bundle: Path) -> None:
    lines: list[str] = []
    assert open_networks(bundle, 1, "fp32", None, lines.append, Hardware()).device == ""
    assert lines == []


@without_gpu
def test_the_name_does_not_mention_the_cpu(bundle: Path) -> None:
    for text in ("blazepose", "blazepose:cpu"):
        pose = open_pose(text, 1)
        assert pose.name == "BlazePose full fp32"
        pose.close()


def test_a_missing_requested_gpu_is_reported_in_one_line(bundle: Path) -> None:
    with pytest.raises(PoseError, match="cannot run on a GPU: no NVIDIA GPU here; leave :cuda out") as raised:
        open_networks(bundle, 1, "fp32", "cuda", hardware=Hardware())
    assert "\n" not in str(raised.value)
    with pytest.raises(PoseError, match="unknown device 'tpu'; choose cpu or cuda"):
        open_networks(bundle, 1, "fp32", "tpu")


@without_gpu
def test_the_cpu_replaces_a_gpu_that_does_not_work(bundle: Path) -> None:
    lines: list[str] = []
    assert open_networks(bundle, 1, "fp32", None, lines.append, PC).device == ""
    (line,) = lines
    assert line.startswith("BlazePose does not run on NVIDIA GeForce RTX 3060: torch ")
    assert line.endswith("it runs on the CPU instead")
    with pytest.raises(PoseError, match="BlazePose does not run on NVIDIA GeForce RTX 3060: torch"):
        open_networks(bundle, 1, "fp32", "cuda", lines.append, PC)
    assert len(lines) == 1


def test_an_unreadable_bundle_is_not_blamed_on_the_gpu(tmp_path: Path) -> None:
    (tmp_path / "text.task").write_text("not a bundle")
    for hardware in (Hardware(), PC):
        with pytest.raises(PoseError, match=r"text\.task does not hold"):
            open_networks(tmp_path / "text.task", 1, "fp32", None, pytest.fail, hardware)
        with pytest.raises(FileNotFoundError, match=r"nothing\.task"):
            open_networks(tmp_path / "nothing.task", 1, "fp32", None, pytest.fail, hardware)


@without_gpu
def test_fp16_is_refused_on_a_cpu(bundle: Path) -> None:
    with pytest.raises(ModelError, match="does not support precision 'fp16'; choose fp32 or bf16"):
        BlazePose(model=bundle, precision="fp16")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_a_working_gpu_is_used_and_named(bundle: Path) -> None:
    pose = open_pose("blazepose", 2)
    assert detect_hardware().gpu in pose.name
    pose.close()
