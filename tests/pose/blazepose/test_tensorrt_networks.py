"""Pose networks are really compiled by TensorRT-RTX, for GPUs that are not here, and compared with OpenVINO."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from live_stf.cli import pose_engine
from live_stf.errors import AssetError, EngineError
from live_stf.pose.blazepose import tensorrt_networks as tensorrt
from live_stf.pose.blazepose.device import open_networks
from live_stf.pose.blazepose.tensorrt_networks import GraphRunner, Part, differences, needed, parts, real_references
from live_stf.pose.blazepose.torch_network import torch_network
from live_stf.pose.pose_models import pose_model
from live_stf.runtime.cuda_graph import CudaGraph
from live_stf.runtime.hardware import Hardware, detect_hardware, tensorrt_modules
from live_stf.runtime.record import find_records, unfit
from live_stf.runtime.tensorrt_build import compile_onnx, tensorrt_library

RTX = tensorrt_modules().get("tensorrt_rtx", "")
needs_rtx = pytest.mark.skipif(not RTX, reason="needs TensorRT-RTX (pip install 'live-stf[tensorrt-rtx]')")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
PC = Hardware("NVIDIA GeForce RTX 3060", "sm_86", {"tensorrt_rtx": RTX, "torch": "2"}, reason="")


@pytest.fixture(scope="session")
def references(bundle: Path, clip: Path) -> tuple[np.ndarray, list[np.ndarray]]:
    """What the landmark network sees of the sample clip, and what it gives."""
    return real_references(bundle)[1]


@pytest.fixture(scope="session")
def exported(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Part, Path]]:
    """The landmark network as ONNX files, by precision."""
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name, reason=f"needs {name} (pip install 'live-stf[onnx]')")
    folder = tmp_path_factory.mktemp("onnx")
    found = {precision: parts(bundle, precision)[1] for precision in ("fp32", "bf16")}
    return {precision: (part, tensorrt.export_onnx(part, folder / precision)) for precision, part in found.items()}


def test_the_file_gives_what_openvino_gives_for_many_pictures_at_once(
    exported: dict[str, tuple[Part, Path]], references: tuple[np.ndarray, list[np.ndarray]]
) -> None:
    from live_stf.runtime.onnx_engine import OnnxEngine

    part, path = exported["fp32"]
    pictures, wanted = references
    assert len(pictures) >= 5
    found = OnnxEngine(path).run(pictures)
    assert [values.dtype for values in found] == [np.float32] * len(part.outputs)
    assert 0 < max(differences(part.outputs, found, wanted).values()) < 1e-5


@pytest.mark.parametrize("precision", tensorrt.LIMITS)
def test_limits_leave_room_for_rounding_but_not_for_less_precision(
    precision: str, bundle: Path, references: tuple[np.ndarray, list[np.ndarray]]
) -> None:
    pictures, wanted = references
    part = parts(bundle, precision)[1]
    with torch.inference_mode():
        found = [values.numpy() for values in torch_network(part.model, precision)(torch.from_numpy(pictures))]
    share = max(differences(part.outputs, found, wanted).values())
    assert share < tensorrt.LIMITS[precision]
    assert all(share > limit for limit in tensorrt.LIMITS.values() if limit < tensorrt.LIMITS[precision])


@needs_rtx
@pytest.mark.parametrize(("precision", "target"), [("fp32", "sm_86"), ("fp32", "sm_120"), ("bf16", "sm_120")])
def test_every_operator_is_supported(precision: str, target: str, exported: dict[str, tuple[Part, Path]]) -> None:
    """Of the others when `built` is made."""
    part, path = exported[precision]
    trt = tensorrt_library(target, Hardware())
    plan = compile_onnx(path, part.shape, part.batches, trt, target, precision)
    assert len(plan) > path.stat().st_size  # the weights are inside


@pytest.fixture(scope="session")
def built(bundle: Path, clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with engines for another machine's GPU, built as the command does."""
    for name in ("onnxscript", "onnxruntime"):
        pytest.importorskip(name, reason=f"needs {name} (pip install 'live-stf[onnx]')")
    folder = tmp_path_factory.mktemp("engines")
    tensorrt.build(bundle, Hardware(modules={"onnxruntime": "any"}), folder, "fp16", "sm_86")
    return folder


@needs_rtx
def test_engines_for_a_gpu_elsewhere_carry_records_and_are_refused_here(bundle: Path, built: Path) -> None:
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
        # On the GPU that it was built for it would be loaded; on no other, with no other version, for no other weights.
        assert unfit(record, part.name, part.fingerprint, PC) is None
        assert "no NVIDIA GPU here" in unfit(record, part.name, part.fingerprint, Hardware())
        ada = dataclasses.replace(PC, gpu="NVIDIA GeForce RTX 4070", capability="sm_89")
        assert "this GPU is NVIDIA GeForce RTX 4070 (sm_89)" in unfit(record, part.name, part.fingerprint, ada)
        newer = dataclasses.replace(PC, modules={"tensorrt_rtx": "99.0"})
        assert "installed is 99.0" in unfit(record, part.name, part.fingerprint, newer)
        assert "other weights" in unfit(record, part.name, "other", PC)


@needs_rtx
def test_engines_of_another_precision_are_not_taken_and_the_command_is_named(bundle: Path, built: Path) -> None:
    with pytest.raises(EngineError, match=r"no TensorRT engine of pose_landmarker_full in fp32.*live-stf pose-engine"):
        tensorrt.open_networks(bundle, 2, "fp32", PC, built)
    with pytest.raises(EngineError, match=r"no TensorRT engine of pose_detector .*--complexity full --precision fp16"):
        tensorrt.open_networks(bundle, 2, "fp16", PC, built / "nothing")
    with pytest.raises(EngineError, match=r"TensorRT cannot run: no NVIDIA GPU here"):
        tensorrt.open_networks(bundle, 2, "fp16", Hardware(), built / "nothing")


@needs_rtx
@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without an NVIDIA GPU")
def test_engines_that_do_not_load_give_way(bundle: Path, built: Path) -> None:
    said: list[str] = []
    networks = open_networks(bundle, 2, "fp32", None, said.append, PC, built)
    assert networks.device == ""
    assert "no TensorRT engine of pose_landmarker_full in fp32" in said[0]
    assert "torch runs BlazePose meanwhile" in said[0]
    assert "it runs on the processor" in said[1]
    assert not any("\n" in line for line in said)
    with pytest.raises(EngineError, match="does not load") as raised:
        tensorrt.open_networks(bundle, 2, "fp16", PC, built)
    assert "\n" not in str(raised.value)


def test_the_same_weights_have_the_same_fingerprint_and_others_another(bundle: Path) -> None:
    try:
        lite = pose_model("lite")
    except AssetError as error:
        pytest.skip(f"needs the lite pose model: {error}")
    full, other = (parts(path, "fp32") for path in (bundle, lite))
    assert full[0].fingerprint == other[0].fingerprint  # they have one detector
    assert len({part.fingerprint for part in (*full, *other)}) == 3


def test_only_the_batches_that_are_needed_are_loaded() -> None:
    assert [needed((1, 2, 4), people) for people in (1, 2, 3, 4, 9)] == [{1}, {1, 2}, *[{1, 2, 4}] * 3]


def test_any_number_of_pictures_goes_through_graphs() -> None:
    def graph(count: int) -> CudaGraph:
        return CudaGraph((count, 2), lambda x: (x.float() + 1, x.sum(dim=1)), None, dtype=torch.uint8)

    pictures = np.arange(14, dtype=np.uint8).reshape(7, 2)
    more, total = GraphRunner({size: graph(size) for size in (1, 2, 4)}).run(pictures)
    np.testing.assert_array_equal(more, pictures + 1)
    np.testing.assert_array_equal(total, pictures.sum(axis=1))


def test_differences_are_shares_and_never_hide_what_is_no_number() -> None:
    wanted = [np.linspace(-10, 10, 101)]
    assert differences(["a"], [wanted[0] + 1], wanted) == {"a": pytest.approx(0.1)}
    assert not differences(["a"], [np.full(101, np.nan)], wanted)["a"] <= 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without an NVIDIA GPU")
def test_the_command_says_in_one_line_what_it_lacks(capsys: pytest.CaptureFixture, bundle: Path) -> None:
    assert pose_engine.main([]) == 2
    assert capsys.readouterr().err == (
        "error: no NVIDIA GPU here: say which one to build for, for example --target sm_86\n"
    )


@needs_gpu
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_on_the_gpu_engines_are_openvino(bundle: Path, clip: Path, tmp_path: Path, precision: str) -> None:
    hardware = detect_hardware()
    if hardware.tensorrt is None:
        pytest.skip("needs tensorrt or tensorrt_rtx")
    for record in tensorrt.build(bundle, hardware, tmp_path, precision):  # refuses what is too far
        assert record.latency
    said: list[str] = []
    networks = open_networks(bundle, 3, precision, "cuda", said.append, hardware, tmp_path)
    assert "TensorRT" in networks.device
    assert said == []
