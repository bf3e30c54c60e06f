"""Every engine on this machine in one table, beside the ST-GCN baseline on the same engines in the same run."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from live_stf.engine.base import Engine
from live_stf.engine.build import References
from live_stf.engine.machine import Machine
from live_stf.engine.measure import RUNS, batch_of, latencies, latency
from live_stf.engine.record import find_records, mismatch
from live_stf.errors import LiveStfError
from live_stf.model import Model

PEOPLE = (1, 2, 4, 8)
MANY = 256  # windows, for the throughput of a GPU
SMALL_RUNS = 5  # of MANY windows


@dataclass(frozen=True)
class Row:
    """One engine of one model. ms: median of one call by batch size. many: windows per second, MANY at once."""

    model: str
    engine: str
    ms: dict[int, float] = field(default_factory=dict)
    many: float | None = None
    missing: str = ""  # why it was not measured


@dataclass(frozen=True)
class Reference:
    """The time that one window's operations and bytes take at the speed of a large product and copy of torch.

    On a GPU hardly anything is faster in fp32. On a processor OpenVINO's products are, so an engine can stay below it.
    """

    device: str
    operations: float  # of one window, a multiplication and an addition counting as two
    flops: float  # a second, fp32, reached by a large matrix product
    bytes: float  # weights, input and outputs, each moved once
    bandwidth: float  # bytes a second, reached by a large copy

    @property
    def ms(self) -> float:
        return 1000 * max(self.operations / self.flops, self.bytes / self.bandwidth)

    def __str__(self) -> str:
        return (
            f"{self.device}: one window needs {self.operations / 1e9:.2f} GFLOP and {self.bytes / 1e6:.1f} MB "
            f"(weights, input, outputs); a large matrix product reaches {self.flops / 1e9:.0f} GFLOP/s in fp32, "
            f"a large copy {self.bandwidth / 1e9:.0f} GB/s; that makes {self.ms:.2f} ms"
        )


@dataclass(frozen=True)
class Report:
    model: Model
    machine: Machine
    runs: int
    rows: Sequence[Row]
    references: Sequence[Reference]

    def show(self, console: Console) -> None:
        table = Table(title="median ms of one call; below, ms per person")
        table.add_column("model", overflow="fold")
        table.add_column("engine", overflow="fold")
        for people in PEOPLE:
            table.add_column(f"{people}", justify="right", no_wrap=True)
        table.add_column("x that", justify="right")
        table.add_column(f"{MANY}: 1/s", justify="right")
        reference = {bound.device: bound.ms for bound in self.references}
        for row in self.rows:
            if row.missing:
                continue
            bound = reference.get("GPU" if _on_gpu(row.engine) else "CPU") if row.model == self.model.name else None
            table.add_row(
                row.model,
                row.engine,
                *(f"{row.ms[n]:.2f}\n{row.ms[n] / n:.2f}" for n in PEOPLE),
                f"{row.ms[1] / bound:.1f}" if bound else "",
                "" if row.many is None else f"{row.many:.0f}",
            )
        print(f"machine: {self.machine}")
        c, t, v = 3, self.model.preparation.frames, len(self.model.skeleton)
        print(f"windows of {c} x {t} x {v} of the sample clip; median of {self.runs} calls, from array to arrays")
        print(f"{BASELINE}: the baseline, with random weights, so it stands for speed alone")
        for bound in self.references:
            print(bound)
        console.print(table)
        for row in self.rows:
            if row.missing:
                print(f"{row.model} on {row.engine}: not measured: {row.missing}")


BASELINE = "st-gcn"


def _on_gpu(engine: str) -> bool:
    return "cuda" in engine or engine.startswith("TensorRT")


def bench(
    model: Model, machine: Machine, folder: Path, runs: int = RUNS, progress: Callable[[str], None] = lambda line: None
) -> Report:
    """Measure all engines that run here; `folder` has the built ones."""
    x = References(model).x
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as temporary:
        for measured in (model, baseline(model, Path(temporary) / BASELINE)):
            for name, open_it in engines(measured, machine, folder):
                progress(f"{measured.name} on {name}")
                rows.append(_measure(measured.name, name, open_it, x, runs))
    progress("what the machine can do")
    return Report(model, machine, runs, rows, [reference_of(model, x, device) for device in devices(machine)])


def baseline(model: Model, folder: Path) -> Model:
    """ST-GCN for the same windows and labels, with the same random weights every time."""
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


def engines(model: Model, machine: Machine, folder: Path) -> list[tuple[str, Callable[[], Engine | str]]]:
    """Names and what opens each; or says in a line why it cannot be measured here."""
    from live_stf.engine.openvino_engine import OpenVINOEngine
    from live_stf.engine.tensorrt_engine import TensorRTEngine
    from live_stf.engine.torch_engine import TorchEngine

    listed: list[tuple[str, Callable[[], Engine | str]]] = [
        ("torch cpu", lambda: TorchEngine(model, device="cpu")),
        ("OpenVINO fp32", lambda: OpenVINOEngine(model)),
        ("OpenVINO bf16", lambda: OpenVINOEngine(model, "bf16")),
    ]
    if machine.gpu is None:
        names = ("torch cuda, eager", "torch cuda, CUDA graphs", "TensorRT")
        return listed + [(name, lambda: machine.reason) for name in names]
    listed.append(("torch cuda, eager", lambda: TorchEngine(model, device="cuda", graphs=False)))
    listed.append(("torch cuda, CUDA graphs", lambda: TorchEngine(model, device="cuda")))
    built = [
        record
        for record in find_records(folder, lambda line: None)
        if record.backend.startswith("tensorrt") and record.model == model.name and not mismatch(record, model, machine)
    ]
    for record in built:
        name = f"TensorRT{'-RTX' if record.backend == 'tensorrt_rtx' else ''} {record.precision}"
        settings = {"machine": machine, "folder": folder, "record": record}
        listed.append((name, lambda settings=settings: TensorRTEngine(model, **settings)))
    if not built:
        listed.append(("TensorRT fp16", lambda: _built_now(model, machine)))
    return listed


def _built_now(model: Model, machine: Machine) -> Engine:
    """A TensorRT engine for this run alone."""
    from live_stf.engine.build import build
    from live_stf.engine.tensorrt_engine import TensorRTEngine

    with tempfile.TemporaryDirectory() as folder:
        record = build(model, "tensorrt", machine, Path(folder))
        return TensorRTEngine(model, machine=machine, folder=Path(folder), record=record)


def _measure(model: str, name: str, open_it: Callable[[], Engine | str], x: np.ndarray, runs: int) -> Row:
    try:
        engine = open_it()
        if isinstance(engine, str):
            return Row(model, name, missing=engine)
        ms = latencies(engine, x, PEOPLE, runs)
        many = 1000 * MANY / latency(engine, batch_of(x, MANY), SMALL_RUNS) if _on_gpu(name) else None
    except (LiveStfError, ImportError, RuntimeError) as problem:
        return Row(model, name, missing=" ".join(str(problem).split())[:200])
    return Row(model, name, ms, many)


def devices(machine: Machine) -> list[str]:
    return ["CPU"] if machine.gpu is None else ["CPU", "GPU"]


def reference_of(model: Model, x: np.ndarray, device: str) -> Reference:
    """Operations and bytes of one window of the model, and what the device reaches on nothing but those."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from live_stf.engine.torch_engine import WithAttention

    network = WithAttention(model)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        outputs = network(torch.from_numpy(x[:1]))
    weights = sum(parameter.nbytes for parameter in network.parameters())
    moved = weights + x[:1].nbytes + sum(output.nbytes for output in outputs)
    flops, bandwidth = _peaks("cuda" if device == "GPU" else "cpu")
    return Reference(device, float(counter.get_total_flops()), flops, float(moved), bandwidth)


def _peaks(device: str) -> tuple[float, float]:
    """(FLOP/s of a large fp32 matrix product, bytes/s read and written by a large copy)."""
    import torch

    size = 8192 if device == "cuda" else 1024
    a = torch.randn(size, size, device=device)
    big = torch.zeros(1 << (28 if device == "cuda" else 26), device=device)
    into = torch.empty_like(big)
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None

    def best(work: Callable[[], object]) -> float:
        times = []
        for _ in range(8):
            wait()
            began = time.perf_counter()
            work()
            wait()
            times.append(time.perf_counter() - began)
        return min(times)

    product = torch.empty_like(a)
    with torch.inference_mode():
        flops = 2 * size**3 / best(lambda: torch.matmul(a, a, out=product))
        bandwidth = 2 * big.nbytes / best(lambda: into.copy_(big))
    return flops, bandwidth
