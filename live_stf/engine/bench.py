"""Measure the speed of every engine on this machine, and of the ST-GCN baseline on the same engines."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from live_stf.engine.bound import Bound, bounds
from live_stf.engine.fingerprint import mismatch
from live_stf.engine.protocol import Engine
from live_stf.engine.references import References
from live_stf.errors import LiveStfError, one_line
from live_stf.model import Model
from live_stf.runtime.hardware import Hardware
from live_stf.runtime.record import find_records
from live_stf.runtime.timing import RUNS, batch_of, median_times

PEOPLE = (1, 2, 4, 8)
MANY = 256  # windows in one batch, for the throughput of a GPU
MANY_RUNS = 5  # calls with MANY windows
LONGEST = 200  # characters of the reason why an engine was not measured
BASELINE = "st-gcn"


@dataclass
class Row:
    """One engine of one model. ms: median of one call by batch size. many: windows per second in batches of MANY."""

    model: str
    engine: str
    precision: str
    ms: dict[int, float] = field(default_factory=dict)
    many: float | None = None
    missing: str = ""  # why the engine was not measured


@dataclass(frozen=True)
class Report:
    """The measurements of one run. runs: calls that each median is taken over."""

    model: Model
    hardware: Hardware
    runs: int
    rows: Sequence[Row]
    bounds: Sequence[Bound]

    def show(self, console: Console) -> None:
        """Print the machine, the bounds and a table of all engines."""
        table = Table(title="median ms of one call; below, ms per person")
        table.add_column("model", overflow="fold")
        table.add_column("engine", overflow="fold")
        for people in PEOPLE:
            table.add_column(f"{people}", justify="right", no_wrap=True)
        table.add_column("x bound", justify="right")
        table.add_column(f"{MANY}: 1/s", justify="right")
        for row in self.rows:
            if row.missing:
                continue
            bound = self._bound(row)
            table.add_row(
                row.model,
                row.engine,
                *(f"{row.ms[n]:.2f}\n{row.ms[n] / n:.2f}" for n in PEOPLE),
                f"{row.ms[1] / bound.ms:.1f}" if bound else "",
                "" if row.many is None else f"{row.many:.0f}",
            )
        print(f"machine: {self.hardware}")
        c, t, v = 3, self.model.preparation.frames, len(self.model.skeleton)
        print(f"windows of {c} x {t} x {v} of the sample clip; median of {self.runs} calls, the engines taking turns")
        print(f"{BASELINE}: the baseline, with random weights: only its speed means anything")
        for bound in self.bounds:
            print(bound)
        console.print(table)
        for row in self.rows:
            if row.missing:
                print(f"{row.model} on {row.engine}: not measured: {row.missing}")

    def _bound(self, row: Row) -> Bound | None:
        """The bound of the model on the engine's device and in its precision; None for the baseline."""
        device = "GPU" if _on_gpu(row.engine) else "CPU"
        fitting = [bound for bound in self.bounds if (bound.device, bound.precision) == (device, row.precision)]
        return fitting[0] if fitting and row.model == self.model.name else None


def _on_gpu(engine: str) -> bool:
    return "cuda" in engine or engine.startswith("TensorRT")


def bench(
    model: Model,
    hardware: Hardware,
    folder: Path,
    runs: int = RUNS,
    progress: Callable[[str], None] = lambda line: None,
) -> Report:
    """Measure all engines that run here, in turns.

    folder: the folder of built engines. runs: calls that each median is taken over. progress: called with every step.
    Raises AssetError if the sample clip or the pose networks cannot be downloaded.
    """
    x = References(model).x
    rows: list[Row] = []
    running: list[tuple[Row, Engine]] = []
    with tempfile.TemporaryDirectory() as temporary:
        for measured in (model, baseline(model, Path(temporary) / BASELINE)):
            for name, precision, opener in engines(measured, hardware, folder):
                progress(f"opening {measured.name} on {name}")
                row = Row(measured.name, name, precision)
                rows.append(row)
                try:
                    found = opener()
                except (LiveStfError, ImportError, RuntimeError) as problem:
                    found = one_line(problem, LONGEST)
                if isinstance(found, str):
                    row.missing = found
                else:
                    running.append((row, found))
        for people in PEOPLE:
            progress(f"{people} at a time")
            for row, ms in _medians(running, batch_of(x, people), runs):
                row.ms[people] = ms
        progress(f"{MANY} at a time")
        on_gpu = [(row, engine) for row, engine in running if _on_gpu(row.engine)]
        for row, ms in _medians(on_gpu, batch_of(x, MANY), MANY_RUNS):
            row.many = 1000 * MANY / ms
    progress("measuring the limits of the machine")
    all_bounds = [bound for device in devices(hardware) for bound in bounds(model, x, device)]
    return Report(model, hardware, runs, rows, all_bounds)


def _medians(running: Sequence[tuple[Row, Engine]], x: np.ndarray, runs: int) -> list[tuple[Row, float]]:
    """The rows whose engine can run x, with the median milliseconds. The other rows get the reason in `missing`."""
    working = []
    for row, engine in running:
        if row.missing:
            continue
        try:
            engine.run(x)
        except (LiveStfError, RuntimeError) as problem:  # for example out of memory
            row.missing = one_line(problem, LONGEST)
        else:
            working.append((row, engine))
    medians = median_times([engine for _, engine in working], x, runs)
    return [(row, ms) for (row, _), ms in zip(working, medians, strict=True)]


def baseline(model: Model, folder: Path) -> Model:
    """ST-GCN for the same windows and labels, with the same random weights on every call."""
    import torch
    from safetensors.torch import save_file

    from live_stf.network import build_network

    description = {"architecture": "st-gcn", "skeleton": model.preparation.skeleton}
    made = dataclasses.replace(model, folder=folder, name=BASELINE, network=description)
    made.save_description()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        save_file(build_network(description, len(model.labels)).state_dict(), made.weights)
    return made


def engines(model: Model, hardware: Hardware, folder: Path) -> list[tuple[str, str, Callable[[], Engine | str]]]:
    """Name, precision and opener of every engine. An opener returns the engine, or one line why it cannot run here."""
    from live_stf.engine.openvino_engine import OpenVINOEngine
    from live_stf.engine.tensorrt_engine import TensorRTEngine
    from live_stf.engine.torch_engine import TorchEngine

    listed: list[tuple[str, str, Callable[[], Engine | str]]] = [
        ("torch cpu", "fp32", lambda: TorchEngine(model, device="cpu")),
        ("OpenVINO fp32", "fp32", lambda: OpenVINOEngine(model)),
        ("OpenVINO bf16", "bf16", lambda: OpenVINOEngine(model, "bf16")),
    ]
    built = [
        record
        for record in find_records(folder, lambda line: None)
        if record.model == model.name and not mismatch(record, model, hardware)
    ]
    for record in built:
        # For the other precisions OpenVINO reads the model itself.
        if record.backend == "openvino" and record.precision == "int8":
            path = folder / record.file
            listed.append(("OpenVINO int8", "int8", partial(OpenVINOEngine, model, "int8", path=path)))
    if hardware.gpu is None:
        missing = (("torch cuda, eager", "fp32"), ("torch cuda, CUDA graphs", "fp32"), ("TensorRT", "fp16"))
        return listed + [(name, precision, lambda: hardware.reason) for name, precision in missing]
    listed.append(("torch cuda, eager", "fp32", lambda: TorchEngine(model, device="cuda", graphs=False)))
    listed.append(("torch cuda, CUDA graphs", "fp32", lambda: TorchEngine(model, device="cuda")))
    for_gpu = [record for record in built if record.backend.startswith("tensorrt")]
    for record in for_gpu:
        name = f"TensorRT{'-RTX' if record.backend == 'tensorrt_rtx' else ''} {record.precision}"
        opener = partial(TensorRTEngine, model, hardware=hardware, folder=folder, record=record)
        listed.append((name, record.precision, opener))
    if not for_gpu:
        listed.append(("TensorRT fp16", "fp16", lambda: _built_now(model, hardware)))
    return listed


def _built_now(model: Model, hardware: Hardware) -> Engine:
    """Build a TensorRT engine for this run only."""
    from live_stf.engine.build import build
    from live_stf.engine.tensorrt_engine import TensorRTEngine

    with tempfile.TemporaryDirectory() as folder:
        record = build(model, "tensorrt", hardware, Path(folder))
        return TensorRTEngine(model, hardware=hardware, folder=Path(folder), record=record)


def devices(hardware: Hardware) -> list[str]:
    """The devices that bounds are measured for."""
    return ["CPU"] if hardware.gpu is None else ["CPU", "GPU"]
