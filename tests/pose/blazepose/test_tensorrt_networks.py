"""Pose engines compiled by the real TensorRT-RTX for another machine's GPU: their records, and their use."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from live_stf.cli import pose_engine
from live_stf.errors import AssetError, EngineError
from live_stf.pose.blazepose import tensorrt_networks as tensorrt
from live_stf.pose.blazepose.build_engines import build
from live_stf.pose.blazepose.device import open_networks
from live_stf.pose.blazepose.tensorrt_networks import needed, parts
from live_stf.pose.pose_models import pose_model
from live_stf.runtime.hardware import Hardware, detect_hardware, tensorrt_modules
from live_stf.runtime.record import find_records, unfit

RTX = tensorrt_modules().get("tensorrt_rtx", "")
needs_rtx = pytest.mark.skipif(not RTX, reason="needs TensorRT-RTX (pip install 'live-stf[tensorrt-rtx]')")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
PC = Hardware("NVIDIA GeForce RTX 3060", "sm_86", {"tensorrt_rtx": RTX, "torch": "2"}, reason="")


@pytest.fixture(scope="session")
def built(bundle: Path, clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with engines for another machine's GPU, built as the command does."""
    for name in ("onnxscript", "onnxruntime"):
        pytest.importorskip(name, reason=f"needs {name} (pip install 'live-stf[onnx]')")
    folder = tmp_path_factory.mktemp("engines")
    build(bundle, Hardware(modules={"onnxruntime": "any"}), folder, "fp16", "sm_86")
    return folder


@needs_rtx
def test_engines_for_another_gpu_have_records_and_are_refused_here(bundle: Path, built: Path) -> None:
    records = {record.model: record for record in find_records(built, pytest.fail)}
    assert sorted(path.name for path in built.iterdir()) == sorted(
        name for record in records.values() for name in (record.file, f"{record.file}.engine.json")
    )
    detector, landmarks = (records[name] for name in ("pose_detector", bundle.stem))
    for record, precision, batches, limit in (
        (detector, "fp32", (1,), 1e-5),
        (landmarks, "fp16", (1, 2, 4), 5e-3),
    ):
        assert (record.backend, record.version, record.capability, record.device) == ("tensorrt_rtx", RTX, "sm_86", "")
        assert (record.precision, record.people, record.latency) == (precision, batches, {})
        assert 0 < max(record.differences.values()) < limit  # of the ONNX file, from OpenVINO
    for part in parts(bundle, "fp16"):
        record = records[part.name]
        # It fits the GPU that it was built for, and no other GPU, version or weights.
        assert unfit(record, part.name, part.fingerprint, PC) is None
        assert "no NVIDIA GPU here" in unfit(record, part.name, part.fingerprint, Hardware())
        ada = dataclasses.replace(PC, gpu="NVIDIA GeForce RTX 4070", capability="sm_89")
        assert "this GPU is NVIDIA GeForce RTX 4070 (sm_89)" in unfit(record, part.name, part.fingerprint, ada)
        newer = dataclasses.replace(PC, modules={"tensorrt_rtx": "99.0"})
        assert "99.0 is installed" in unfit(record, part.name, part.fingerprint, newer)
        assert "other weights" in unfit(record, part.name, "other", PC)


@needs_rtx
def test_engines_of_another_precision_are_not_used_and_the_command_is_named(bundle: Path, built: Path) -> None:
    with pytest.raises(EngineError, match=r"no TensorRT engine of pose_landmarker_full in fp32.*live-stf pose-engine"):
        tensorrt.open_networks(bundle, 2, "fp32", PC, built)
    with pytest.raises(EngineError, match=r"no TensorRT engine of pose_detector .*--complexity full --precision fp16"):
        tensorrt.open_networks(bundle, 2, "fp16", PC, built / "nothing")
    with pytest.raises(EngineError, match=r"TensorRT cannot run: no NVIDIA GPU here"):
        tensorrt.open_networks(bundle, 2, "fp16", Hardware(), built / "nothing")


@needs_rtx
@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without an NVIDIA GPU")
def test_without_engines_that_load_the_next_device_is_used(bundle: Path, built: Path) -> None:
    lines: list[str] = []
    networks = open_networks(bundle, 2, "fp32", None, lines.append, PC, built)
    assert networks.device == ""
    assert "no TensorRT engine of pose_landmarker_full in fp32" in lines[0]
    assert "torch runs BlazePose instead" in lines[0]
    assert "it runs on the CPU" in lines[1]
    assert not any("\n" in line for line in lines)
    with pytest.raises(EngineError, match="does not load") as raised:
        tensorrt.open_networks(bundle, 2, "fp16", PC, built)
    assert "\n" not in str(raised.value)


def test_fingerprints_differ_if_and_only_if_weights_differ(bundle: Path) -> None:
    try:
        lite = pose_model("lite")
    except AssetError as error:
        pytest.skip(f"needs the lite pose model: {error}")
    full, other = (parts(path, "fp32") for path in (bundle, lite))
    assert full[0].fingerprint == other[0].fingerprint  # both have the same detector
    assert len({part.fingerprint for part in (*full, *other)}) == 3


def test_only_needed_batches_are_loaded() -> None:
    assert [needed((1, 2, 4), people) for people in (1, 2, 3, 4, 9)] == [{1}, {1, 2}, *[{1, 2, 4}] * 3]


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without an NVIDIA GPU")
def test_the_command_without_a_gpu_prints_one_line(capsys: pytest.CaptureFixture, bundle: Path) -> None:
    assert pose_engine.main([]) == 2
    assert capsys.readouterr().err == (
        "error: no NVIDIA GPU here: name the GPU to build for, for example --target sm_86\n"
    )


@needs_gpu
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_on_the_gpu_engines_agree_with_openvino(bundle: Path, clip: Path, tmp_path: Path, precision: str) -> None:
    hardware = detect_hardware()
    if hardware.tensorrt is None:
        pytest.skip("needs tensorrt or tensorrt_rtx")
    for record in build(bundle, hardware, tmp_path, precision):  # refuses an engine that differs too much
        assert record.latency
    lines: list[str] = []
    networks = open_networks(bundle, 3, precision, "cuda", lines.append, hardware, tmp_path)
    assert "TensorRT" in networks.device
    assert lines == []
