"""From a model to an engine file with its record: export, compile, compare with torch, measure, keep."""

from __future__ import annotations

import datetime
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

import live_stf
from live_stf.engine import tensorrt_engine
from live_stf.engine.export import PRECISIONS as EXPORTED
from live_stf.engine.export import export_onnx, input_shape, lowered
from live_stf.engine.fingerprint import mismatch, model_hash
from live_stf.engine.measure import agreement, disagreement
from live_stf.engine.protocol import Engine
from live_stf.errors import EngineError
from live_stf.model import Model
from live_stf.runtime.hardware import TENSORRT_MODULES, Hardware
from live_stf.runtime.onnx_export import INSTALL
from live_stf.runtime.record import Agreement, EngineRecord, damage, file_hash
from live_stf.runtime.tensorrt_build import compile_onnx, tensorrt_library
from live_stf.runtime.timing import latencies

BACKENDS = {"tensorrt": tensorrt_engine.PRECISIONS, "openvino": ("fp32", "bf16", "int8"), "onnx": (*EXPORTED, "int8")}
DEFAULT_PRECISION = {"tensorrt": "fp16", "openvino": "fp32", "onnx": "fp32"}
SUFFIXES = {"onnx": ".onnx", "openvino": ".xml", "tensorrt": ".plan"}
RUNS = 10  # for the record; `bench` takes its time


class References:
    """A model's real windows and torch's answer to them, computed when they are first needed."""

    def __init__(self, model: Model, windows: Callable[[Model], np.ndarray] | None = None) -> None:
        self._model = model
        self._windows = prepared_windows if windows is None else windows
        self._x: np.ndarray | None = None
        self._answer: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def x(self) -> np.ndarray:
        """(N, C, T, V, M) float32."""
        if self._x is None:
            self._x = self._windows(self._model)
        return self._x

    @property
    def answer(self) -> tuple[np.ndarray, np.ndarray]:
        if self._answer is None:
            from live_stf.engine.torch_engine import TorchEngine

            self._answer = TorchEngine(self._model, device="cpu").run(self.x)
        return self._answer


def prepared_windows(model: Model) -> np.ndarray:
    """The windows of the sample clip as the model takes them."""
    from live_stf.engine.real_windows import sample_windows

    windows = sample_windows(model)
    return np.stack([model.preparation(window.joints, window.size) for window in windows])


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
    """Build an engine into `folder` and return its record, which lies beside it. EngineError when it cannot be.

    calibration: windows (N, C, T, V, M) that the ranges of int8 are measured on.
    progress: told again and again what is being done. An engine that is too far from torch is not kept.
    """
    precision = precision or DEFAULT_PRECISION[backend]
    if precision not in BACKENDS[backend]:
        raise EngineError(f"{backend} has no {precision} here, it can be {', '.join(BACKENDS[backend])}")
    if precision == "int8":
        check_calibration(calibration, model)
    elif calibration is not None:
        raise EngineError(f"--calibration is for int8, {precision} has no ranges to measure")
    if target is not None and backend != "tensorrt":
        raise EngineError(f"--target is for tensorrt; {backend} files run on every machine")
    references = References(model) if references is None else references
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".building-") as temporary:
        draft = _compile(
            model, backend, hardware, Path(temporary), precision, tuple(people), target, progress, calibration
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
        record = EngineRecord(**{**vars(draft), "agreement": measured, "latency": times})
        # The record last: a file without one is not seen.
        for path in Path(temporary).iterdir():
            if backend != "tensorrt" or path.suffix != ".onnx":
                os.replace(path, folder / path.name)
        record.save(folder)
    return record


def _compile(
    model: Model,
    backend: str,
    hardware: Hardware,
    folder: Path,
    precision: str,
    people: tuple[int, ...],
    target: str | None,
    progress: Callable[[str], None],
    calibration: np.ndarray | None,
) -> EngineRecord:
    """Writes the engine's file; its record as far as it is known."""
    fingerprint = model_hash(model)
    module, device, capability = backend, hardware.cpu, None
    if backend == "tensorrt":
        capability = target or hardware.capability
        if capability is None:
            raise EngineError(f"{hardware.reason}: say which one to build for, for example --target sm_86")
        trt = tensorrt_library(capability, hardware)
        module, version = trt.__name__, trt.__version__
        device = hardware.gpu if capability == hardware.capability else ""
    elif backend == "onnx":
        import onnx

        version, people = onnx.__version__, ()
    else:
        version, people = hardware.modules[backend], ()
    name = "-".join(filter(None, (model.name, fingerprint[:8], module, capability, precision)))
    path = folder / (name + SUFFIXES[backend])
    progress("exporting the network")
    if backend == "openvino":
        if precision == "int8":
            from live_stf.engine.openvino_int8 import write_int8

            write_int8(model, path, calibration, progress)
        else:
            from live_stf.engine.openvino_engine import convert, save

            save(convert(model, precision), path)
    else:
        graph = path.with_suffix(".onnx")
        if precision == "int8":
            export_int8(model, graph, calibration, "fp16" if backend == "tensorrt" else "fp32", progress)
        else:
            export_onnx(model, graph, precision)
        if backend == "tensorrt":
            cache = folder.parent / f"{module}-{version}-{precision}.timing"
            window = input_shape(model)
            plan = compile_onnx(graph, window, people, trt, capability, precision, cache, progress)
            path.write_bytes(plan)
    return EngineRecord(
        model=model.name,
        model_hash=fingerprint,
        backend=module,
        version=version,
        device=device,
        capability=capability,
        precision=precision,
        people=people,
        file=path.name,
        file_hash=file_hash(path),
        project_version=live_stf.__version__,
        built=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def check_calibration(windows: np.ndarray | None, model: Model) -> None:
    if windows is None:
        raise EngineError("int8 needs windows to measure its ranges on: name a file of them with --calibration")
    if windows.dtype != np.float32 or windows.ndim != 5 or windows.shape[1:] != input_shape(model) or not len(windows):
        wanted = " x ".join(map(str, input_shape(model)))
        found = " x ".join(map(str, windows.shape))
        raise EngineError(f"calibration windows have to be N x {wanted} float32, these are {found} {windows.dtype}")


def export_int8(
    model: Model, path: Path, windows: np.ndarray, other: str, progress: Callable[[str], None]
) -> list[str]:
    """The model as ONNX with int8 products; in the precision `other` what is between them and what suffers most.

    Returns the results of the products that are not rounded, see `quantize.most_sensitive`.
    """
    try:
        import onnx

        from live_stf.engine.quantize import measure_ranges, most_sensitive, quantized

        plain = export_onnx(model, path)
        progress("measuring the ranges of int8")
        ranges = measure_ranges(plain, windows)
        progress("measuring which products suffer from int8")
        proto = onnx.load(plain)
        kept = most_sensitive(proto, ranges, windows)
    except ImportError as problem:
        raise EngineError(f"int8 needs {problem.name}, which is not installed; {INSTALL}") from problem
    onnx.save_model(quantized(proto if other == "fp32" else lowered(proto, other), ranges, kept), path)
    return kept


def _open(record: EngineRecord, model: Model, hardware: Hardware, folder: Path) -> Engine | None:
    """The engine of a record, None where it cannot run on this machine."""
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
    engine: Engine | None, record: EngineRecord, hardware: Hardware, folder: Path, references: References
) -> Agreement | None:
    """The engine against torch; where it cannot run here, the ONNX file that it was compiled from, if that can."""
    if engine is not None:
        return agreement(engine, references.x, references.answer, "the engine itself")
    if "onnxruntime" not in hardware.modules:
        return None
    from live_stf.runtime.onnx_engine import OnnxEngine

    try:
        substitute = OnnxEngine((folder / record.file).with_suffix(".onnx"))
    except EngineError:
        return None
    by = f"{substitute.name} on the file that it was compiled from, because it cannot run here"
    return agreement(substitute, references.x, references.answer, by)


def check(
    record: EngineRecord, model: Model, hardware: Hardware, folder: Path, references: References
) -> tuple[list[str], bool]:
    """What is to be said of a built engine, line by line, and whether its file is sound."""
    if reason := damage(record, folder):
        return [reason], False
    lines = ["the file is the one that was built"]
    if reason := mismatch(record, model, hardware):
        return [*lines, f"not for this machine: {reason}"], True
    engine = _open(record, model, hardware, folder)
    if engine is None:
        return [*lines, f"nothing installed here runs {record.backend} {record.precision}"], True
    found = agreement(engine, references.x, references.answer, "the engine itself")
    lines.append(f"{found.windows} windows against torch: {said(found)}")
    reason = disagreement(found, record.precision)
    return [*lines, reason or "near enough to torch"], reason is None


def said(found: Agreement) -> str:
    """An agreement in words."""
    return (
        f"logits within {found.logits:.1e} (they reach {found.largest_logit:.1f}), attention within "
        f"{found.attention:.1e}, same best class {found.same_best:.1%}"
    )
