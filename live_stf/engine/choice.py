"""Choose the engine that runs the network, and report the reason."""

from __future__ import annotations

import atexit
import importlib
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from live_stf.engine.fingerprint import mismatch
from live_stf.engine.protocol import Engine
from live_stf.engine.switching import SwitchingEngine, upgrade_later
from live_stf.errors import EngineError, ModelError, one_line
from live_stf.model import Model
from live_stf.runtime.hardware import DEVICE_FAILURES, LONGEST_REASON, Hardware, detect_hardware
from live_stf.runtime.record import damage, engines_folder, find_records

log = logging.getLogger(__name__)

Notify = Callable[[str], None]

ENGINES = {
    "tensorrt": ("tensorrt_engine", "TensorRTEngine"),
    "openvino": ("openvino_engine", "OpenVINOEngine"),
    "torch": ("torch_engine", "TorchEngine"),
}


def open_engine(model: Model, engine: str = "auto", notify: Notify = log.info) -> SwitchingEngine:
    """Open the engine of that name; "auto" is the best one for this machine, see `open_best`.

    notify: called with one line if something takes long, and with the choice and its reason. Raises ModelError if the
    engine is unknown or not installed, EngineError if it cannot run on this machine.
    """
    if engine == "auto":
        return open_best(model, notify)
    if engine not in ENGINES:
        raise ModelError(f"unknown engine {engine!r}; choose auto or one of {', '.join(ENGINES)}")
    try:
        return SwitchingEngine(_openvino(model, notify) if engine == "openvino" else _open(engine, model, notify))
    except ImportError as problem:
        raise ModelError(f"engine {engine}: {problem}; install it, or choose another with --engine") from problem


def _open(name: str, model: Model, notify: Notify, **settings: object) -> Engine:
    module, kind = ENGINES[name]
    opened: Engine = getattr(importlib.import_module(f"live_stf.engine.{module}"), kind)(
        model, notify=notify, **settings
    )
    return opened


def _openvino(model: Model, notify: Notify, hardware: Hardware | None = None, folder: Path | None = None) -> Engine:
    """The newest OpenVINO engine that was built for the model as it is now, otherwise a new one in fp32."""
    hardware = detect_hardware() if hardware is None else hardware
    folder = engines_folder() if folder is None else folder
    for record in find_records(folder, notify):
        if record.backend != "openvino" or record.model != model.name:
            continue
        reason = mismatch(record, model, hardware) or damage(record, folder)
        if reason is None:
            return _open("openvino", model, notify, precision=record.precision, path=folder / record.file)
        notify(
            f"{record.file} is not used: {reason}; build it again: python -m live_stf.engine build --model "
            f"{model.folder} --backend openvino --precision {record.precision}"
        )
    return _open("openvino", model, notify)


def open_best(
    model: Model, notify: Notify, hardware: Hardware | None = None, folder: Path | None = None
) -> SwitchingEngine:
    """Open the best engine for this machine.

    On an NVIDIA GPU that is TensorRT if an engine was built for it, otherwise torch; on a CPU it is OpenVINO if it is
    installed, otherwise torch. If a TensorRT engine can be built, a process of its own builds it while the other engine
    runs, and the new engine takes over when it is ready. Raises ModelError if neither OpenVINO nor torch is installed.
    """
    hardware = detect_hardware() if hardware is None else hardware
    folder = engines_folder() if folder is None else folder
    if hardware.gpu is None:
        return _open_on_cpu(model, notify, hardware, folder, hardware.reason)
    if hardware.tensorrt is None:
        return _open_on_gpu(model, notify, hardware, folder, "TensorRT is not installed")
    try:
        engine = _open("tensorrt", model, notify, hardware=hardware, folder=folder)
    except DEVICE_FAILURES as problem:
        notify(one_line(problem, LONGEST_REASON))
    else:
        return _report_choice(engine, f"it was built for this {hardware.gpu}", notify)
    serving = _open_on_gpu(model, notify, hardware, folder, "a TensorRT engine is being built meanwhile")
    upgrade_later(serving, lambda: _build(model, hardware, folder), notify)
    return serving


def _open_on_gpu(model: Model, notify: Notify, hardware: Hardware, folder: Path, reason: str) -> SwitchingEngine:
    """torch on the GPU if it works, otherwise the best engine on the CPU."""
    try:
        engine = _open("torch", model, notify, device="cuda")
        engine.run(np.zeros((1, *model.preparation.shape), np.float32))
    except DEVICE_FAILURES as problem:
        reason = f"torch does not run on {hardware.gpu}: {one_line(problem, LONGEST_REASON)}"
        return _open_on_cpu(model, notify, hardware, folder, reason)
    return _report_choice(engine, reason, notify)


def _open_on_cpu(model: Model, notify: Notify, hardware: Hardware, folder: Path, reason: str) -> SwitchingEngine:
    try:
        engine = _openvino(model, notify, hardware, folder)
    except ImportError as problem:
        notify(f"engine openvino is not used: {problem}")
    else:
        return _report_choice(engine, reason, notify)
    try:
        engine = _open("torch", model, notify, device="cpu")
    except ImportError as problem:
        raise ModelError(f"engine auto: {problem}; install it") from problem
    return _report_choice(engine, f"{reason}, and OpenVINO is not installed", notify)


def _report_choice(engine: Engine, reason: str, notify: Notify) -> SwitchingEngine:
    serving = SwitchingEngine(engine, reason)
    notify(f"engine: {serving.status}")
    return serving


def _build(model: Model, hardware: Hardware, folder: Path) -> Engine:
    """Build the TensorRT engine in a process of its own, at low priority, and load it."""
    root = Path(__file__).resolve().parent.parent.parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))}
    # fmt: off
    command = [
        sys.executable, "-m", "live_stf.engine", "build", "--model", str(model.folder), "--backend", "tensorrt",
        "--target", str(hardware.capability), "--output", str(folder),
    ]
    # fmt: on
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),
    )
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, process.pid, 10)
    atexit.register(process.kill)
    try:
        errors = process.communicate()[1].strip().splitlines()
    finally:
        atexit.unregister(process.kill)
    if process.returncode:
        reason = errors[-1] if errors else f"exit status {process.returncode}"
        raise EngineError(f"the TensorRT engine could not be built: {reason}")
    return _open("tensorrt", model, log.info, hardware=hardware, folder=folder)
