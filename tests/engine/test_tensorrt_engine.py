"""Engines built by the real TensorRT-RTX for GPUs of other machines. Tests that need a GPU are skipped without one.

The builds take about 5 s each on one core.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from live_stf.engine import open_engine
from live_stf.engine.build import build
from live_stf.engine.export import input_shape
from live_stf.engine.fingerprint import mismatch, model_hash
from live_stf.engine.measure import LIMITS
from live_stf.engine.references import References
from live_stf.engine.tensorrt_engine import TensorRTEngine, matching_record
from live_stf.engine.torch_engine import TorchEngine
from live_stf.errors import EngineError, LiveStfError
from live_stf.model import Model
from live_stf.runtime.hardware import Hardware, tensorrt_modules
from live_stf.runtime.record import EngineRecord, damage, file_hash, find_records
from live_stf.runtime.tensorrt_build import compile_onnx, tensorrt_library

onnx = pytest.importorskip("onnx", reason="needs onnx (pip install 'live-stf[onnx]')")

needs_rtx = pytest.mark.skipif(
    "tensorrt_rtx" not in tensorrt_modules(), reason="needs TensorRT-RTX (pip install 'live-stf[tensorrt-rtx]')"
)
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
RTX = tensorrt_modules().get("tensorrt_rtx", "")
PC = Hardware("NVIDIA GeForce RTX 3060", "sm_86", {"tensorrt_rtx": RTX, "onnxruntime": "any"}, reason="")


@pytest.fixture(scope="module")
def files(onnx_file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The random model's ONNX file in every precision."""
    from live_stf.engine.export import lowered
    from live_stf.runtime.onnx_export import OPSETS

    folder = tmp_path_factory.mktemp("precisions")
    paths = {"fp32": onnx_file}
    for precision in ("fp16", "bf16"):
        proto = onnx.load(onnx_file)
        proto.opset_import[0].version = OPSETS[precision]
        paths[precision] = folder / f"{precision}.onnx"
        onnx.save_model(lowered(proto, precision), paths[precision])
    return paths


@pytest.fixture(scope="module")
def plan(files: dict[str, Path], random_model: Model) -> bytes:
    """The fp32 engine of the random model for sm_86."""
    return compile_onnx(
        files["fp32"], input_shape(random_model), (1, 2), tensorrt_library("sm_86", Hardware()), "sm_86", "fp32"
    )


# `plan` covers fp32, and the test of `build` covers fp16 for sm_86.
@needs_rtx
@pytest.mark.parametrize(("target", "precision"), [("sm_89", "fp16"), ("sm_120", "fp16"), ("sm_120", "bf16")])
def test_every_operator_is_supported_on(target: str, precision: str, files: dict[str, Path], model: Model) -> None:
    lines: list[str] = []
    trt = tensorrt_library(target, Hardware())
    plan = compile_onnx(files[precision], input_shape(model), (1, 2), trt, target, precision, progress=lines.append)
    assert len(plan) > files[precision].stat().st_size  # the weights are inside
    assert any("building engine" in line for line in lines)


@needs_rtx
def test_an_operator_that_is_not_supported_is_named(tmp_path: Path) -> None:
    path = tmp_path / "strange.onnx"
    graph = onnx.parser.parse_model(
        '<ir_version: 9, opset_import: ["": 20]> g (float[N,3,150,18,1] x) => (float[N,3,150,18,1] y) { y = Det(x) }'
    )
    onnx.save_model(graph, path)
    trt = tensorrt_library("sm_86", Hardware())
    with pytest.raises(EngineError, match=r"cannot parse the network.*Det") as problem:
        compile_onnx(path, (3, 150, 18, 1), (1,), trt, "sm_86", "fp32")
    assert "\n" not in str(problem.value)


@needs_rtx
def test_an_unknown_target_is_refused_with_the_known_ones(files: dict[str, Path], model: Model) -> None:
    trt = tensorrt_library("sm_86", Hardware())
    with pytest.raises(EngineError, match=r"'sm_1'.*sm_86, sm_89, sm_120"):
        compile_onnx(files["fp32"], input_shape(model), (1,), trt, "sm_1", "fp32")


@needs_rtx
def test_an_engine_for_another_gpu_is_built_compared_and_refused_here(
    model: Model, references: References, tmp_path: Path
) -> None:
    pytest.importorskip("onnxruntime", reason="needs onnxruntime (pip install 'live-stf[onnx]')")
    here = Hardware(modules={"onnxruntime": "any"})
    record = build(model, "tensorrt", here, tmp_path, people=(1,), target="sm_86", references=references)
    assert sorted(path.name for path in tmp_path.iterdir()) == [record.file, f"{record.file}.engine.json"]
    assert find_records(tmp_path, pytest.fail) == [record]
    assert (record.backend, record.version, record.precision) == ("tensorrt_rtx", RTX, "fp16")
    assert (record.capability, record.device) == ("sm_86", "")
    assert record.people == (1,)
    assert record.latency == {}
    assert record.agreement.windows == len(references.x)
    assert "ONNX Runtime" in record.agreement.by
    assert 1e-6 < record.agreement.logits < LIMITS["fp16"]
    assert damage(record, tmp_path) is None
    # It fits the GPU that it was built for, and no other.
    assert mismatch(record, model, PC) is None
    assert matching_record(model, PC, tmp_path) == record
    with pytest.raises(EngineError, match="no NVIDIA GPU here"):
        TensorRTEngine(model, hardware=here, folder=tmp_path)
    ada = dataclasses.replace(PC, gpu="NVIDIA GeForce RTX 4070", capability="sm_89")
    with pytest.raises(EngineError, match=r"built for GPUs of sm_86.*RTX 4070 \(sm_89\).*build --model"):
        TensorRTEngine(model, hardware=ada, folder=tmp_path)
    (tmp_path / record.file).write_bytes(b"another file")
    with pytest.raises(EngineError, match="has changed since it was built"):
        TensorRTEngine(model, hardware=PC, folder=tmp_path)


@needs_rtx
@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without an NVIDIA GPU")
def test_an_engine_that_the_library_refuses_is_reported_in_one_line(plan: bytes, model: Model, tmp_path: Path) -> None:
    path = tmp_path / "some.plan"
    path.write_bytes(plan)
    record = EngineRecord(
        model=model.name,
        model_hash=model_hash(model),
        backend="tensorrt_rtx",
        version=RTX,
        device="",
        capability="sm_86",
        precision="fp32",
        people=(1, 2),
        file=path.name,
        file_hash=file_hash(path),
        project_version="any",
        built="any",
    )
    with pytest.raises(EngineError, match=r"does not load: .*build it again") as problem:
        TensorRTEngine(model, hardware=PC, folder=tmp_path, record=record)
    assert "\n" not in str(problem.value)


def test_without_an_engine_the_command_that_builds_it_is_named(model: Model, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"no TensorRT engine of random.*live_stf\.engine build --model .*tensorrt"):
        matching_record(model, PC, tmp_path)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("live_stf.runtime.tensorrt_build.tensorrt_modules", dict)
    with pytest.raises(EngineError, match=r"neither tensorrt .* nor tensorrt_rtx is installed.*pip install"):
        tensorrt_library("sm_86")


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without an NVIDIA GPU")
def test_tensorrt_chosen_by_name_reports_why_it_cannot_run(model: Model) -> None:
    with pytest.raises(LiveStfError, match=r"TensorRT cannot run: .*NVIDIA GPU"):
        open_engine(model, "tensorrt")


@needs_gpu
def test_cuda_graphs_change_nothing(model: Model, inputs: np.ndarray) -> None:
    eager, graphs = TorchEngine(model, device="cuda", graphs=False), TorchEngine(model, device="cuda")
    for batch in (inputs[:1], inputs[:3], inputs, inputs[1:2]):
        for found, wanted in zip(graphs.run(batch), eager.run(batch), strict=True):
            np.testing.assert_allclose(found, wanted, atol=LIMITS["fp32"], rtol=0)
