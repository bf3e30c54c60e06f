"""Build engines: export the network, compile it, compare it with torch, measure it, and save it with its record."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import live_stf
from live_stf.engine import tensorrt_engine
from live_stf.engine.export import PRECISIONS as EXPORTED
from live_stf.engine.export import export_onnx, input_shape, lowered
from live_stf.engine.fingerprint import mismatch, model_hash
from live_stf.engine.measure import agreement, disagreement
from live_stf.engine.references import References
from live_stf.errors import EngineError
from live_stf.model import Model
from live_stf.runtime.hardware import TENSORRT_MODULES, Hardware
from live_stf.runtime.onnx_export import INSTALL
from live_stf.runtime.record import Agreement, EngineRecord, damage, file_hash
from live_stf.runtime.tensorrt_build import compile_onnx, target_capability, tensorrt_library
from live_stf.runtime.timing import Runnable, latencies

BACKENDS = {"tensorrt": tensorrt_engine.PRECISIONS, "openvino": ("fp32", "bf16", "int8"), "onnx": (*EXPORTED, "int8")}
DEFAULT_PRECISION = {"tensorrt": "fp16", "openvino": "fp32", "onnx": "fp32"}
SUFFIXES = {"onnx": ".onnx", "openvino": ".xml", "tensorrt": ".plan"}
RUNS = 10  # calls for the latency in the record; `bench` measures more


@dataclass(frozen=True, eq=False)
class _Job:
    """An engine to build. calibration: windows (N, C, T, V, M), only for int8."""

    model: Model
    backend: str
    precision: str
    people: tuple[int, ...]
    target: str | None
    hardware: Hardware
    calibration: np.ndarray | None
    progress: Callable[[str], None]


def build(
    model: Model,
    backend: str,
    hardware: Hardware,
    folder: Path,
    precision: str | None = None,
    people: Sequence[int] = tensorrt_engine.PEOPLE,
    target: str | None = None,
    progress: Callable[[str], None] = lambda line: None,
    references: References | None = None,
    calibration: np.ndarray | None = None,
) -> EngineRecord:
    """Build an engine into `folder`, with its record beside it, and return the record.

    precision: one of BACKENDS[backend]; None for the default of the backend. people: batch sizes. target: compute
    capability of the GPU to build for, e.g. "sm_86"; None for this machine's. references: windows to compare and
    measure on. calibration: windows (N, C, T, V, M) that give the ranges of int8. progress: called with every step.

    Raises EngineError if the engine cannot be built or differs too much from torch. Then nothing is saved.
    """
    precision = precision or DEFAULT_PRECISION[backend]
    if precision not in BACKENDS[backend]:
        raise EngineError(f"{backend} does not support {precision}; choose one of {', '.join(BACKENDS[backend])}")
    if precision == "int8":
        check_calibration(calibration, model)
    elif calibration is not None:
        raise EngineError(f"--calibration is for int8; leave it out for {precision}")
    if target is not None and backend != "tensorrt":
        raise EngineError(f"--target is for tensorrt; leave it out, because {backend} files run on every machine")
    references = References(model) if references is None else references
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".building-") as temporary:
        draft = _compile(
            _Job(model, backend, precision, tuple(people), target, hardware, calibration, progress), Path(temporary)
        )
        engine = _open(draft, model, hardware, Path(temporary))
        progress("comparing with torch on windows of the sample clip")
        measured = _compare(engine, draft, hardware, Path(temporary), references)
        if measured is not None and (reason := disagreement(measured, precision)):
            raise EngineError(f"the {backend} {precision} engine of {model.name} is not kept: {reason}")
        times = {}
        if engine is not None:
            progress("measuring its speed")
            times = latencies(engine, references.x, people, RUNS)
        record = replace(draft, agreement=measured, latency=times)
        # The record comes last, because an engine without one is ignored.
        for path in Path(temporary).iterdir():
            if backend != "tensorrt" or path.suffix != ".onnx":
                os.replace(path, folder / path.name)
        record.save(folder)
    return record


def _compile(job: _Job, folder: Path) -> EngineRecord:
    """Write the engine's file; returns its record, without measurements."""
    draft = _draft(job)
    path = folder / draft.file
    job.progress("exporting the network")
    if job.backend == "openvino":
        _write_openvino(job, path)
    else:
        _write_onnx(job, path.with_suffix(".onnx"))
    if job.backend == "tensorrt":
        _write_plan(job, path, draft.version)
    return replace(draft, file_hash=file_hash(path))


def _draft(job: _Job) -> EngineRecord:
    """The record of an engine that is not built yet."""
    module, device, capability = job.backend, job.hardware.cpu, None
    people: tuple[int, ...] = ()
    if job.backend == "tensorrt":
        capability = target_capability(job.target, job.hardware)
        trt = tensorrt_library(capability, job.hardware)
        module, version, people = trt.__name__, trt.__version__, job.people
        device = (job.hardware.gpu or "") if capability == job.hardware.capability else ""
    elif job.backend == "onnx":
        version = importlib.metadata.version("onnx")
    else:
        version = job.hardware.modules[job.backend]
    fingerprint = model_hash(job.model)
    name = "-".join(filter(None, (job.model.name, fingerprint[:8], module, capability, job.precision)))
    return EngineRecord(
        model=job.model.name,
        model_hash=fingerprint,
        backend=module,
        version=version,
        device=device,
        capability=capability,
        precision=job.precision,
        people=people,
        file=name + SUFFIXES[job.backend],
        file_hash="",
        project_version=live_stf.__version__,
        built=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def _write_openvino(job: _Job, path: Path) -> None:
    if job.calibration is not None:
        from live_stf.engine.openvino_int8 import write_int8

        write_int8(job.model, path, job.calibration, job.progress)
        return
    from live_stf.engine.openvino_engine import load_network, save

    save(load_network(job.model, job.precision), path)


def _write_onnx(job: _Job, path: Path) -> None:
    if job.calibration is not None:
        other = "fp16" if job.backend == "tensorrt" else "fp32"
        export_int8(job.model, path, job.calibration, other, job.progress)
    else:
        export_onnx(job.model, path, job.precision)


def _write_plan(job: _Job, path: Path, version: str) -> None:
    """Compile the ONNX file beside `path` by TensorRT."""
    capability = target_capability(job.target, job.hardware)
    trt = tensorrt_library(capability, job.hardware)
    cache = path.parent.parent / f"{trt.__name__}-{version}-{job.precision}.timing"
    graph, shape = path.with_suffix(".onnx"), input_shape(job.model)
    plan = compile_onnx(graph, shape, job.people, trt, capability, job.precision, cache, job.progress)
    path.write_bytes(plan)


def check_calibration(windows: np.ndarray | None, model: Model) -> None:
    """Raise EngineError unless these are windows (N, C, T, V, M) float32 for the model."""
    if windows is None:
        raise EngineError("int8 needs calibration windows: name a .npy file with --calibration")
    if windows.dtype != np.float32 or windows.ndim != 5 or windows.shape[1:] != input_shape(model) or not len(windows):
        expected = " x ".join(map(str, input_shape(model)))
        found = " x ".join(map(str, windows.shape))
        raise EngineError(f"calibration windows must be N x {expected} float32, but these are {found} {windows.dtype}")


def export_int8(
    model: Model, path: Path, windows: np.ndarray, other: str, progress: Callable[[str], None]
) -> list[str]:
    """Write the model as ONNX with int8 products; everything else is in the precision `other`.

    windows (N, C, T, V, M) give the ranges. Returns the names of the products that are not rounded, see
    `quantize.most_sensitive`. Raises EngineError if a library is missing.
    """
    try:
        import onnx

        from live_stf.engine.quantize import measure_ranges, most_sensitive, quantized

        plain = export_onnx(model, path)
        progress("measuring the ranges of int8")
        ranges = measure_ranges(plain, windows)
        progress("measuring the error of each product in int8")
        proto = onnx.load(plain)
        kept = most_sensitive(proto, ranges, windows)
    except ImportError as problem:
        raise EngineError(f"int8 needs {problem.name}, which is not installed; {INSTALL}") from problem
    onnx.save_model(quantized(proto if other == "fp32" else lowered(proto, other), ranges, kept), path)
    return kept


def _open(record: EngineRecord, model: Model, hardware: Hardware, folder: Path) -> Runnable | None:
    """Open the engine of a record; None if it cannot run on this machine."""
    if mismatch(record, model, hardware) or damage(record, folder):
        return None
    path = folder / record.file
    if record.backend in TENSORRT_MODULES:
        return tensorrt_engine.TensorRTEngine(model, hardware=hardware, folder=folder, record=record)
    if record.backend == "onnx":
        from live_stf.runtime.onnx_engine import OnnxEngine

        try:
            return OnnxEngine(path)
        except EngineError:
            return None
    from live_stf.engine.openvino_engine import OpenVINOEngine

    return OpenVINOEngine(model, record.precision, path=path)


def _compare(
    engine: Runnable | None, record: EngineRecord, hardware: Hardware, folder: Path, references: References
) -> Agreement | None:
    """Compare the engine with torch, or the ONNX file that it was compiled from if the engine cannot run here."""
    if engine is not None:
        return agreement(engine, references.x, references.answer, "the engine itself")
    if "onnxruntime" not in hardware.modules:
        return None
    from live_stf.runtime.onnx_engine import OnnxEngine

    try:
        substitute = OnnxEngine((folder / record.file).with_suffix(".onnx"))
    except EngineError:
        return None
    by = f"{substitute.name} on the file that it was compiled from, because the engine cannot run here"
    return agreement(substitute, references.x, references.answer, by)


def check(
    record: EngineRecord, model: Model, hardware: Hardware, folder: Path, references: References
) -> tuple[list[str], bool]:
    """Check a built engine. Returns lines for the user, and False if it is damaged or too far from torch.

    An engine for another machine passes if its file is the one that was built.
    """
    if reason := damage(record, folder):
        return [reason], False
    lines = ["the file is the one that was built"]
    if reason := mismatch(record, model, hardware):
        return [*lines, f"not for this machine: {reason}"], True
    engine = _open(record, model, hardware, folder)
    if engine is None:
        return [*lines, f"nothing installed here runs {record.backend} {record.precision}"], True
    found = agreement(engine, references.x, references.answer, "the engine itself")
    lines.append(f"{found.windows} windows against torch: {describe_agreement(found)}")
    reason = disagreement(found, record.precision)
    return [*lines, reason or "close enough to torch"], reason is None


def describe_agreement(found: Agreement) -> str:
    """An agreement in one line."""
    return (
        f"logits within {found.logits:.1e} (they reach {found.largest_logit:.1f}), attention within "
        f"{found.attention:.1e}, same best class {found.same_best:.1%}"
    )
