"""The best engine for a machine: the machine is made up, the engines and the builds are real."""

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


def is_torch(engine: Engine, model: Model, x: np.ndarray) -> None:
    for found, wanted in zip(engine.run(x), TorchEngine(model, device="cpu").run(x), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-4, rtol=0)


def test_without_a_gpu_it_is_openvino_and_the_reason_is_said(model: Model, inputs: np.ndarray) -> None:
    open_engine(model, "openvino")  # converted
    said: list[str] = []
    engine = open_best(model, said.append, Hardware())
    assert said == [f"engine: {engine.name} (no NVIDIA GPU here)"]
    assert engine.status == EngineStatus(engine.name, "no NVIDIA GPU here")
    assert open_engine(model, "openvino").status == EngineStatus(engine.name)
    assert engine.name.startswith("OpenVINO")
    is_torch(engine, model, inputs[:1])


def test_without_openvino_it_is_torch(model: Model, inputs: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "openvino", ("no_such_engine", "Engine"))
    said: list[str] = []
    engine = open_best(model, said.append, Hardware())
    assert engine.name == "torch cpu fp32"
    assert "no_such_engine" in said[0]
    assert said[1] == "engine: torch cpu fp32 (no NVIDIA GPU here, and OpenVINO is not installed)"
    is_torch(engine, model, inputs[:1])
    monkeypatch.setitem(ENGINES, "torch", ("no_such_engine", "Engine"))
    with pytest.raises(ModelError, match="no_such_engine"):
        open_best(model, said.append, Hardware())


@no_gpu
def test_a_gpu_that_torch_cannot_use_is_passed_over_with_the_reason(model: Model, inputs: np.ndarray) -> None:
    """torch is asked for the GPU and really refuses."""
    open_engine(model, "openvino")
    said: list[str] = []
    engine = open_best(model, said.append, dataclasses.replace(PC, modules={"torch": "2"}))
    (line,) = said
    assert line.startswith("engine: OpenVINO CPU fp32 (torch does not run on NVIDIA GeForce RTX 3060: ")
    assert "sees no NVIDIA GPU" in line
    is_torch(engine, model, inputs[:1])


@no_gpu
@pytest.mark.skipif(not RTX, reason="needs TensorRT-RTX (pip install 'live-stf[tensorrt-rtx]')")
def test_a_missing_engine_is_built_while_another_serves(
    small_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The build is real, in a process of its own. The library then refuses to run it, so the other engine stays."""
    (tmp_path / "shallow").mkdir()
    (tmp_path / "shallow" / "sitecustomize.py").write_text(SHALLOW_LINES)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "shallow"), prepend=os.pathsep)
    priorities: list[int] = []  # it would never end beside busy processes if it gave way to them
    monkeypatch.setattr(os, "setpriority", lambda which, process, priority: priorities.append(priority))
    said: list[str] = []
    engine = open_best(small_model, said.append, PC, tmp_path)
    x = np.random.default_rng(0).normal(size=(2, 3, 150, 18, 1)).astype(np.float32)
    is_torch(engine, small_model, x)
    assert "there is no TensorRT engine of small" in said[0]
    (upgrade,) = [thread for thread in threading.enumerate() if thread.name == "engine upgrade"]
    upgrade.join()
    assert priorities == [10]
    (record,) = find_records(tmp_path, pytest.fail)
    assert (record.model, record.backend, record.capability) == ("small", "tensorrt_rtx", "sm_86")
    assert said[-1].startswith("engine: OpenVINO CPU fp32 stays, because ")
    assert "does not load" in said[-1]
    assert engine.status.name == "OpenVINO CPU fp32"
    assert "does not load" in engine.status.reason
    is_torch(engine, small_model, x)


def test_an_engine_takes_over_between_two_runs_of_a_busy_classifier(model: Model, inputs: np.ndarray) -> None:
    """OpenVINO first, then torch, with two threads asking all the time."""
    serving = SwitchingEngine(open_engine(model, "openvino"))
    classifier = Classifier(model, serving)
    wanted = TorchEngine(model, device="cpu").run(inputs[:2])
    stop, worst, runs = threading.Event(), [], []

    def ask() -> None:
        while not stop.is_set():
            name = serving.name
            found = serving.run(inputs[:2])
            worst.append(max(np.abs(f - w).max() for f, w in zip(found, wanted, strict=True)))
            runs.append(name)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    release = threading.Event()

    def prepare() -> Engine:
        release.wait()
        return TorchEngine(model, device="cpu")

    said: list[str] = []
    upgrade = upgrade_later(serving, prepare, said.append)
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
    assert said == ["engine: torch cpu fp32 has replaced OpenVINO CPU fp32"]
    assert classifier.engine_status == EngineStatus("torch cpu fp32", "it has replaced OpenVINO CPU fp32")
    assert max(worst) < 1e-4


def test_an_upgrade_that_fails_changes_nothing_but_is_said(model: Model, inputs: np.ndarray) -> None:
    def prepare() -> Engine:
        raise EngineError("the disk is full")

    serving = SwitchingEngine(TorchEngine(model, device="cpu"))
    said: list[str] = []
    upgrade_later(serving, prepare, said.append).join()
    assert said == ["engine: torch cpu fp32 stays, because the disk is full"]
    assert serving.status == EngineStatus("torch cpu fp32", "no better engine is available: the disk is full")
    is_torch(serving, model, inputs[:1])


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
    while not done():  # the general time-out ends it
        time.sleep(0.01)


def test_an_engine_built_for_openvino_is_used_while_it_fits(
    small_model: Model, inputs: np.ndarray, cache: Path, tmp_path: Path
) -> None:
    folder, here = tmp_path / "built", Hardware(modules=detect_hardware().modules, reason="no GPU")
    references = References(small_model, lambda _: inputs[:2])
    record = build(small_model, "openvino", detect_hardware(), folder, "fp32", people=(1,), references=references)
    converted = set(cache.glob("small-*"))
    said: list[str] = []
    is_torch(open_best(small_model, said.append, here, folder), small_model, inputs[:1])
    assert said == ["engine: OpenVINO CPU fp32 (no GPU)"]
    assert set(cache.glob("small-*")) == converted  # nothing was converted again
    (folder / record.file).write_text("torn")
    is_torch(open_best(small_model, said.append, here, folder), small_model, inputs[:1])
    assert "is not used" in said[1]
    assert "changed since it was built" in said[1]
    assert "--backend openvino --precision fp32" in said[1]
