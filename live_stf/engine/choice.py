"""Which engine runs the network, and why."""

from __future__ import annotations

import atexit
import importlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from live_stf.engine.fingerprint import mismatch
from live_stf.engine.protocol import Engine
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


def open_engine(model: Model, engine: str = "auto", notify: Notify = log.info) -> Engine:
    """The engine by name, or with "auto" the best for this machine, see `open_best`. ModelError when there is none.

    notify: called with one line for people when something takes long, and with the choice and its reason.
    """
    if engine == "auto":
        return open_best(model, notify)
    if engine not in ENGINES:
        raise ModelError(f"engine {engine!r} is not known, it can be auto or one of {', '.join(ENGINES)}")
    try:
        return _openvino(model, notify) if engine == "openvino" else _opened(engine, model, notify)
    except ImportError as problem:
        raise ModelError(f"engine {engine}: {problem}; install it, or choose another with --engine") from problem


def _opened(name: str, model: Model, notify: Notify, **settings: object) -> Engine:
    module, kind = ENGINES[name]
    return getattr(importlib.import_module(f"live_stf.engine.{module}"), kind)(model, notify=notify, **settings)


def _openvino(model: Model, notify: Notify, hardware: Hardware | None = None, folder: Path | None = None) -> Engine:
    """The newest engine that was built for OpenVINO and still fits the model; where there is none, fp32."""
    hardware = detect_hardware() if hardware is None else hardware
    folder = engines_folder() if folder is None else folder
    for record in find_records(folder, notify):
        if record.backend != "openvino" or record.model != model.name:
            continue
        reason = mismatch(record, model, hardware) or damage(record, folder)
        if reason is None:
            return _opened("openvino", model, notify, precision=record.precision, path=folder / record.file)
        notify(
            f"{record.file} is left out: {reason}; build it again: python -m live_stf.engine build --model "
            f"{model.folder} --backend openvino --precision {record.precision}"
        )
    return _opened("openvino", model, notify)


def open_best(model: Model, notify: Notify, hardware: Hardware | None = None, folder: Path | None = None) -> Engine:
    """TensorRT where there is a GPU and an engine built for it, else torch on that GPU, else OpenVINO, else torch.

    Where an engine for TensorRT is missing but can be built, that is done by a process of its own while the next engine
    serves; then it takes over. ModelError when not even torch is there.
    """
    hardware = detect_hardware() if hardware is None else hardware
    folder = engines_folder() if folder is None else folder
    if hardware.gpu is None:
        return _open_next(model, notify, hardware, folder, hardware.reason)
    if hardware.tensorrt is None:
        return _open_on_gpu(model, notify, hardware, folder, "TensorRT is not installed")
    try:
        engine = _opened("tensorrt", model, notify, hardware=hardware, folder=folder)
    except DEVICE_FAILURES as problem:
        reason = one_line(problem, LONGEST_REASON)
    else:
        _say(engine, f"it was built for this {hardware.gpu}", notify)
        return engine
    notify(reason)
    meanwhile = "the TensorRT engine is being built meanwhile"
    serving = SwitchingEngine(_open_on_gpu(model, notify, hardware, folder, meanwhile))
    upgrade_later(serving, lambda: _built(model, hardware, folder), notify)
    return serving


def _open_on_gpu(model: Model, notify: Notify, hardware: Hardware, folder: Path, reason: str) -> Engine:
    try:
        engine = _opened("torch", model, notify, device="cuda")
        engine.run(np.zeros((1, *model.preparation.shape), np.float32))
    except DEVICE_FAILURES as problem:
        reason = f"torch does not run on {hardware.gpu}: {one_line(problem, LONGEST_REASON)}"
        return _open_next(model, notify, hardware, folder, reason)
    _say(engine, reason, notify)
    return engine


def _open_next(model: Model, notify: Notify, hardware: Hardware, folder: Path, reason: str) -> Engine:
    """The best on the processor alone."""
    try:
        engine = _openvino(model, notify, hardware, folder)
    except ImportError as problem:
        notify(f"engine openvino is left out: {problem}")
    else:
        _say(engine, reason, notify)
        return engine
    try:
        engine = _opened("torch", model, notify, device="cpu")
    except ImportError as problem:
        raise ModelError(f"engine auto: {problem}; install it") from problem
    _say(engine, f"{reason}, and no OpenVINO", notify)
    return engine


def _say(engine: Engine, reason: str, notify: Notify) -> None:
    notify(f"engine: {engine.name} ({reason})")


class SwitchingEngine:
    """An engine that another can replace while it is in use; every run is done by one of them from end to end."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()  # no engine is asked by two threads at once

    @property
    def name(self) -> str:
        return self._engine.name

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with self._lock:
            return self._engine.run(x)

    def switch(self, engine: Engine) -> None:
        """From the next run on `engine` does the work; the other one is let go."""
        with self._lock:
            self._engine = engine


def upgrade_later(serving: SwitchingEngine, prepare: Callable[[], Engine], notify: Notify) -> threading.Thread:
    """Call `prepare` in a thread and switch to the engine that it returns. Where it fails all stays as it is."""

    def work() -> None:
        try:
            engine = prepare()
        except DEVICE_FAILURES as problem:
            notify(f"engine: {serving.name} goes on, because {one_line(problem, LONGEST_REASON)}")
            return
        before = serving.name
        serving.switch(engine)
        notify(f"engine: {engine.name} has taken over from {before}")

    thread = threading.Thread(target=work, name="engine upgrade", daemon=True)
    thread.start()
    return thread


def _built(model: Model, hardware: Hardware, folder: Path) -> Engine:
    """Build the TensorRT engine in a process of its own, which holds up nobody here, and load it."""
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
        said = process.communicate()[1].strip().splitlines()
    finally:
        atexit.unregister(process.kill)
    if process.returncode:
        raise EngineError(f"the TensorRT engine could not be built: {said[-1] if said else process.returncode}")
    return _opened("tensorrt", model, log.info, hardware=hardware, folder=folder)
