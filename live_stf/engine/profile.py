"""The time of one window inside OpenVINO, by kind of operation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from live_stf.engine.openvino_engine import load_network
from live_stf.model import Model
from live_stf.runtime.machine import describe_machine
from live_stf.runtime.openvino import openvino, precision_options

WARM_UPS = 10


@dataclass(frozen=True)
class Share:
    """The time of the operations of one kind. kind: OpenVINO's names of the operation and of the code that runs it."""

    kind: str
    count: int
    ms: float


@dataclass(frozen=True)
class Profile:
    """The time of one window. shares: largest first. The counters miss the time between operations and cost some."""

    model: str
    precision: str
    runs: int
    shares: tuple[Share, ...]

    @property
    def ms(self) -> float:
        """Milliseconds of all operations."""
        return sum(share.ms for share in self.shares)

    def show(self, console: Console) -> None:
        """Print the shares as a table."""
        print(f"machine: {describe_machine()}")
        title = f"{self.model} in {self.precision}, one window of the sample clip"
        print(f"{title}; median of {self.runs} runs, by OpenVINO's counters")
        table = Table()
        for name in ("operation", "how many", "ms", "share"):
            table.add_column(name, justify="left" if name == "operation" else "right")
        for share in self.shares:
            table.add_row(share.kind, str(share.count), f"{share.ms:.2f}", f"{share.ms / self.ms:.1%}")
        table.add_section()
        table.add_row("all", str(sum(share.count for share in self.shares)), f"{self.ms:.2f}", "")
        console.print(table)


def profile(model: Model, precision: str, x: np.ndarray, runs: int) -> Profile:
    """Profile the first of the windows x (N, C, T, V, M); median of `runs` runs by OpenVINO's counters."""
    options = {**precision_options(precision), "PERFORMANCE_HINT": "LATENCY", "PERF_COUNT": True}
    compiled = openvino.Core().compile_model(load_network(model, precision), "CPU", options)
    request = compiled.create_infer_request()
    times: dict[str, list[float]] = {}
    kinds: dict[str, str] = {}
    for run in range(WARM_UPS + runs):
        request.infer({0: x[:1]})
        for node in request.profiling_info if run >= WARM_UPS else ():
            times.setdefault(node.node_name, []).append(1000 * node.real_time.total_seconds())
            kinds[node.node_name] = f"{node.node_type}, {node.exec_type}"
    by_kind: dict[str, list[float]] = {}
    for name, taken in times.items():
        by_kind.setdefault(kinds[name], []).append(float(np.median(taken)))
    shares = [Share(kind, len(taken), sum(taken)) for kind, taken in by_kind.items() if sum(taken) > 0]
    return Profile(model.name, precision, runs, tuple(sorted(shares, key=lambda share: -share.ms)))
