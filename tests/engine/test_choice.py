"""The best engine for a machine. The machine is fake; the engines and the builds are real."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from live_stf.engine import ENGINES, Classifier, Engine, EngineStatus, open_engine
from live_stf.engine.build import build
from live_stf.engine.choice import open_best
from live_stf.engine.references import References
from live_stf.engine.switching import SwitchingEngine, upgrade_later
from live_stf.engine.torch_engine import TorchEngine
from live_stf.errors import EngineError, ModelError
from live_stf.model import Model
from live_stf.runtime.hardware import Hardware, detect_hardware, tensorrt_modules
from live_stf.runtime.record import find_records
from tests.engine.conftest import SHALLOW_LINES

RTX = tensorrt_modules().get("tensorrt_rtx", "")
PC = Hardware("NVIDIA GeForce RTX 3060", "sm_86", {"tensorrt_rtx": RTX, "torch": "2"}, reason="")
no_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without an NVIDIA GPU")


def assert_agrees_with_torch(engine: Engine, model: Model, x: np.ndarray) -> None:
    for found, wanted in zip(engine.run(x), TorchEngine(model, device="cpu").run(x), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-4, rtol=0)


def test_without_a_gpu_openvino_is_chosen_and_the_reason_reported(model: Model, inputs: np.ndarray) -> None:
    open_engine(model, "openvino")  # converts the network
    lines: list[str] = []
    engine = open_best(model, lines.append, Hardware())
    assert lines == [f"engine: {engine.name} (no NVIDIA GPU here)"]
    assert engine.status == EngineStatus(engine.name, "no NVIDIA GPU here")
    assert open_engine(model, "openvino").status == EngineStatus(engine.name)
    assert engine.name.startswith("OpenVINO")
    assert_agrees_with_torch(engine, model, inputs[:1])


def test_without_openvino_torch_is_chosen(model: Model, inputs: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "openvino", ("no_such_engine", "Engine"))
    lines: list[str] = []
    engine = open_best(model, lines.append, Hardware())
    assert engine.name == "torch cpu fp32"
    assert "no_such_engine" in lines[0]
    assert lines[1] == "engine: torch cpu fp32 (no NVIDIA GPU here, and OpenVINO is not installed)"
    assert_agrees_with_torch(engine, model, inputs[:1])
    monkeypatch.setitem(ENGINES, "torch", ("no_such_engine", "Engine"))
    with pytest.raises(ModelError, match="no_such_engine"):
        open_best(model, lines.append, Hardware())


@no_gpu
def test_a_gpu_that_torch_cannot_use_is_skipped_and_the_reason_reported(model: Model, inputs: np.ndarray) -> None:
    """The real torch refuses the GPU."""
    open_engine(model, "openvino")
    lines: list[str] = []
    engine = open_best(model, lines.append, dataclasses.replace(PC, modules={"torch": "2"}))
    (line,) = lines
    assert line.startswith("engine: OpenVINO CPU fp32 (torch does not run on NVIDIA GeForce RTX 3060: ")
    assert "sees no NVIDIA GPU" in line
    assert_agrees_with_torch(engine, model, inputs[:1])


@no_gpu
@pytest.mark.skipif(not RTX, reason="needs TensorRT-RTX (pip install 'live-stf[tensorrt-rtx]')")
def test_a_missing_engine_is_built_while_another_runs(
    small_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The build is real, in a separate process. The library then refuses to load the engine, so the other one stays."""
    (tmp_path / "shallow").mkdir()
    (tmp_path / "shallow" / "sitecustomize.py").write_text(SHALLOW_LINES)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "shallow"), prepend=os.pathsep)
    priorities: list[int] = []  # at low priority it might never end on a busy machine
    monkeypatch.setattr(os, "setpriority", lambda which, process, priority: priorities.append(priority))
    lines: list[str] = []
    engine = open_best(small_model, lines.append, PC, tmp_path)
    x = np.random.default_rng(0).normal(size=(2, 3, 150, 18, 1)).astype(np.float32)
    assert_agrees_with_torch(engine, small_model, x)
    assert "there is no TensorRT engine of small" in lines[0]
    (upgrade,) = [thread for thread in threading.enumerate() if thread.name == "engine upgrade"]
    upgrade.join()
    assert priorities == [10]
    (record,) = find_records(tmp_path, pytest.fail)
    assert (record.model, record.backend, record.capability) == ("small", "tensorrt_rtx", "sm_86")
    assert lines[-1].startswith("engine: OpenVINO CPU fp32 stays, because ")
    assert "does not load" in lines[-1]
    assert engine.status.name == "OpenVINO CPU fp32"
    assert "does not load" in engine.status.reason
    assert_agrees_with_torch(engine, small_model, x)


def test_an_engine_is_replaced_between_two_runs_of_a_busy_classifier(model: Model, inputs: np.ndarray) -> None:
    """torch replaces OpenVINO while two threads run it all the time."""
    serving = SwitchingEngine(open_engine(model, "openvino"))
    classifier = Classifier(model, serving)
    wanted = TorchEngine(model, device="cpu").run(inputs[:2])
    stop, differences, runs = threading.Event(), [], []

    def run_repeatedly() -> None:
        while not stop.is_set():
            name = serving.name
            found = serving.run(inputs[:2])
            differences.append(max(np.abs(f - w).max() for f, w in zip(found, wanted, strict=True)))
            runs.append(name)

    threads = [threading.Thread(target=run_repeatedly) for _ in range(2)]
    for thread in threads:
        thread.start()
    release = threading.Event()

    def prepare() -> Engine:
        release.wait()
        return TorchEngine(model, device="cpu")

    lines: list[str] = []
    upgrade = upgrade_later(serving, prepare, lines.append)
    _wait(lambda: len(runs) > 3)
    assert classifier.engine_name == "OpenVINO CPU fp32"
    release.set()
    upgrade.join()
    before = len(runs)
    _wait(lambda: len(runs) > before + 4)
    stop.set()
    for thread in threads:
        thread.join()
    assert classifier.engine_name == runs[-1] == "torch cpu fp32"
    assert runs[0] == "OpenVINO CPU fp32"
    assert lines == ["engine: torch cpu fp32 has replaced OpenVINO CPU fp32"]
    assert classifier.engine_status == EngineStatus("torch cpu fp32", "it has replaced OpenVINO CPU fp32")
    assert max(differences) < 1e-4


def test_a_failed_upgrade_is_reported_and_changes_nothing(model: Model, inputs: np.ndarray) -> None:
    def prepare() -> Engine:
        raise EngineError("the disk is full")

    serving = SwitchingEngine(TorchEngine(model, device="cpu"))
    lines: list[str] = []
    upgrade_later(serving, prepare, lines.append).join()
    assert lines == ["engine: torch cpu fp32 stays, because the disk is full"]
    assert serving.status == EngineStatus("torch cpu fp32", "no better engine is available: the disk is full")
    assert_agrees_with_torch(serving, model, inputs[:1])


def test_only_one_thread_is_inside_an_engine(model: Model, inputs: np.ndarray) -> None:
    inside, most = [], []

    class Watched(TorchEngine):
        def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            inside.append(1)
            most.append(len(inside))
            try:
                return super().run(x)
            finally:
                inside.pop()

    serving = SwitchingEngine(Watched(model, device="cpu"))
    threads = [threading.Thread(target=serving.run, args=(inputs[:1],)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert len(most) == 4


def test_this_machine_is_described() -> None:
    hardware = detect_hardware()
    assert (hardware.gpu is not None) == torch.cuda.is_available()
    assert {"torch", "openvino"} <= hardware.modules.keys()
    assert (hardware.gpu is None) == bool(hardware.reason)
    assert "processor cores" in str(hardware)


def _wait(done: Callable[[], bool]) -> None:
    while not done():  # until the general time-out
        time.sleep(0.01)


def test_a_built_openvino_engine_is_used_while_it_fits(
    small_model: Model, inputs: np.ndarray, cache: Path, tmp_path: Path
) -> None:
    folder, here = tmp_path / "built", Hardware(modules=detect_hardware().modules, reason="no GPU")
    references = References(small_model, lambda _: inputs[:2])
    record = build(small_model, "openvino", detect_hardware(), folder, "fp32", people=(1,), references=references)
    converted = set(cache.glob("small-*"))
    lines: list[str] = []
    assert_agrees_with_torch(open_best(small_model, lines.append, here, folder), small_model, inputs[:1])
    assert lines == ["engine: OpenVINO CPU fp32 (no GPU)"]
    assert set(cache.glob("small-*")) == converted  # nothing was converted again
    (folder / record.file).write_text("torn")
    assert_agrees_with_torch(open_best(small_model, lines.append, here, folder), small_model, inputs[:1])
    assert "is not used" in lines[1]
    assert "changed since it was built" in lines[1]
    assert "--backend openvino --precision fp32" in lines[1]
