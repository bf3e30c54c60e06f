"""The record beside a built engine: its weights, its hardware and its measurements.

An engine file does not name its weights, and on the wrong machine it fails with an obscure error or not at all. So an
engine is only loaded if its record fits.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platformdirs import user_cache_dir

from live_stf.errors import EngineError
from live_stf.runtime.hardware import TENSORRT_MODULES, Hardware

log = logging.getLogger(__name__)

FORMAT = 1
SUFFIX = ".engine.json"


@dataclass(frozen=True)
class Agreement:
    """Largest difference to torch over real windows, and how often the best class is the same.

    largest_logit: largest absolute logit of torch, as the scale of an error in logits. same_best: share of the windows.
    by: the runtime that was compared. An engine that cannot run where it was built is represented by another runtime
    on the same graph.
    """

    logits: float
    largest_logit: float
    attention: float
    same_best: float  # 0..1
    windows: int
    by: str


@dataclass(frozen=True)
class EngineRecord:
    """One engine.

    model_hash: see `engine.fingerprint`. capability: "sm_86", None for a CPU. people: its batch sizes, empty for any
    size. agreement: None if nothing could run it where it was built. latency: median milliseconds by batch size.
    differences: of a pose network, by output, as a share of the output's largest absolute value.
    """

    model: str
    model_hash: str
    backend: str  # "tensorrt", "tensorrt_rtx", "openvino", "onnx"
    version: str  # of the backend
    device: str  # name of the GPU, empty if it was built for another machine; or of the processor
    capability: str | None
    precision: str
    people: tuple[int, ...]
    file: str  # name, in the folder of the record
    file_hash: str
    project_version: str
    built: str  # ISO 8601, UTC
    agreement: Agreement | None = None
    latency: Mapping[int, float] = field(default_factory=dict)
    differences: Mapping[str, float] = field(default_factory=dict)

    def save(self, folder: Path) -> Path:
        """Write the record beside its engine. The file is replaced in one step, so no reader sees a partial file."""
        path = folder / (self.file + SUFFIX)
        content = {"format": FORMAT, **dataclasses.asdict(self)}
        partial = path.with_name(f".{os.getpid()}-{path.name}")
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        os.replace(partial, path)
        return path


def load_record(path: Path) -> EngineRecord:
    """Read a record. Raises EngineError if the file is not a record of this format."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as problem:
        raise EngineError(f"{path} cannot be read: {problem}") from problem
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise EngineError(f"{path} is not a record of format {FORMAT}: build the engine again")
    try:
        return EngineRecord(**_typed(content))
    except (KeyError, TypeError, ValueError) as problem:
        raise EngineError(f"{path} is not a record of an engine: {problem}; build it again") from problem


def _typed(content: dict[str, Any]) -> dict[str, Any]:
    agreement = content.get("agreement")
    if Path(content["file"]).name != content["file"]:
        raise ValueError(f"file {content['file']!r} is not a plain name")
    return {
        **content,
        "people": tuple(int(n) for n in content["people"]),
        "agreement": None if agreement is None else Agreement(**agreement),
        "latency": {int(n): float(ms) for n, ms in content.get("latency", {}).items()},
    }


def engines_folder() -> Path:
    """The default folder of engines."""
    return Path(user_cache_dir("live-stf")) / "engines"


def find_records(folder: Path, report: Callable[[str], None]) -> list[EngineRecord]:
    """All records in a folder, newest first. `report` is called with one line for each that cannot be read."""
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            found.append(load_record(path))
        except EngineError as problem:
            report(str(problem))
    return sorted(found, key=lambda record: record.built, reverse=True)


def file_hash(path: Path) -> str:
    """SHA-256 of an engine's file, and of the weights that OpenVINO puts into a second file."""
    digest = hashlib.sha256()
    for part in (path, path.with_suffix(".bin")) if path.suffix == ".xml" else (path,):
        if part.is_file():
            digest.update(part.read_bytes())
    return digest.hexdigest()


def unfit(record: EngineRecord, name: str, fingerprint: str, hardware: Hardware) -> str | None:
    """Why an engine cannot run the network `name` on this hardware, in one line; None if it can.

    fingerprint: the `model_hash` of an engine built from the network's present weights and code.
    """
    if record.model_hash != fingerprint:
        return f"it was built from other weights or another network than {name} has now"
    if record.backend in TENSORRT_MODULES:
        if hardware.gpu is None:
            return f"it was built for {_target(record)}; {hardware.reason}"
        if record.capability != hardware.capability:
            return f"it was built for {_target(record)}, but this GPU is {hardware.gpu} ({hardware.capability})"
        # TensorRT-RTX compiles kernels on the GPU that runs them; TensorRT has chosen them on one GPU model.
        if record.backend == "tensorrt" and record.device != hardware.gpu:
            return f"it was built on {record.device}, but this GPU is {hardware.gpu}"
    module = "onnxruntime" if record.backend == "onnx" else record.backend
    if module not in hardware.modules:
        return f"{module} is not installed"
    if record.backend != "onnx" and record.version != hardware.modules[module]:
        return f"it was built with {module} {record.version}, but {hardware.modules[module]} is installed"
    return None


def _target(record: EngineRecord) -> str:
    return f"{record.device} ({record.capability})" if record.device else f"GPUs of {record.capability}"


def damage(record: EngineRecord, folder: Path) -> str | None:
    """Why the engine's file is not the one that was built, in one line; None if it is."""
    path = folder / record.file
    if not path.is_file():
        return f"{path} is missing"
    return None if file_hash(path) == record.file_hash else f"{path} has changed since it was built"


def fitting_record(
    name: str,
    fingerprint: str,
    hardware: Hardware,
    folder: Path,
    command: str,
    precision: str | None = None,
) -> EngineRecord:
    """The newest TensorRT engine of a network that fits this hardware, see `unfit`. precision: None for any.

    command: the command that builds such an engine. Raises EngineError if there is none, with the reason and the
    command.
    """
    reason = None
    for record in find_records(folder, log.debug):
        other = precision is not None and record.precision != precision
        if record.model != name or record.backend not in TENSORRT_MODULES or other:
            continue
        why = unfit(record, name, fingerprint, hardware) or damage(record, folder)
        if why is None:
            return record
        reason = reason or f"{record.file} is not used: {why}"
    if hardware.gpu is None:
        raise EngineError(f"TensorRT cannot run: {hardware.reason}")
    what = name if precision is None else f"{name} in {precision}"
    reason = reason or f"there is no TensorRT engine of {what} in {folder}"
    raise EngineError(f"{reason}; build it: {command}")
