"""Figures of a run, the limits that they exceed, and both as tables and as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from rich.table import Table
from scipy.stats import theilslopes

from benchmarks.soak.faulty_camera import Fault
from benchmarks.soak.watch import Record

WARM_UP = 300.0  # seconds in which memory and threads may grow; a third of a shorter run
_MOST_POINTS = 400  # points at most to which a slope is fitted


@dataclass(frozen=True)
class Limits:
    """Upper limits of the figures. Times in seconds, memory in MB.

    noticed: from the start of a fault until a message is shown. back: from the end of a fault to the next frame. stop:
    duration of stop(). memory: growth after the warm-up, as a trend. threads: Python threads at any time, without those
    of blocked reads. native: growth of the number of threads of the process after the warm-up. age: 95th percentile of
    the age of pose results. exceptions, alarms: their number; an alarm is a message about a camera without a fault.
    """

    noticed: float = 2.0
    back: float = 9.0
    stop: float = 2.0
    memory: float = 32.0
    threads: float = 8
    native: float = 4
    age: float = 0.1
    exceptions: float = 0
    alarms: float = 0


@dataclass(frozen=True)
class Figures:
    """The worst values of the quantities that `Limits` limits, under the same names, and further figures.

    A figure is None if there was nothing to measure.
    """

    noticed: float | None
    noticed_median: float | None
    back: float | None
    back_median: float | None
    stop: float | None
    stop_median: float | None
    memory: float | None
    memory_per_hour: float | None
    memory_first: float | None
    memory_last: float | None
    threads: int | None
    native: float | None
    native_last: int | None
    age: float | None
    age_median: float | None
    age_on_screen: float | None
    exceptions: int
    alarms: int
    pose_rate: float | None
    label_rate: float | None
    unnoticed: int
    never_back: int


def figures(record: Record) -> Figures:
    """The figures of a record."""
    samples = record.samples
    warm = [sample for sample in samples if sample.seconds >= min(WARM_UP, record.seconds / 3)]
    well = [sample for sample in samples if sample.well]
    serious = [fault for fault in record.faults if fault.must_be_noticed]
    noticed = [fault.noticed - fault.began for fault in serious if fault.noticed is not None]
    back = [fault.back - _readable_again(fault) for fault in serious if fault.back is not None]
    slope = _slope([s.seconds for s in warm], [s.memory for s in warm])
    quarter = max(len(warm) // 4, 1)
    native = [sample.native for sample in warm]
    stops = [stop.seconds for stop in record.stops]
    return Figures(
        noticed=max(noticed, default=None),
        noticed_median=_median(noticed),
        back=max(back, default=None),
        back_median=_median(back),
        stop=max(stops, default=None),
        stop_median=_median(stops),
        memory=None if slope is None else slope * (warm[-1].seconds - warm[0].seconds),
        memory_per_hour=None if slope is None else slope * 3600,
        memory_first=warm[0].memory if warm else None,
        memory_last=warm[-1].memory if warm else None,
        threads=max((sample.threads for sample in samples), default=None),
        native=float(np.median(native[-quarter:]) - np.median(native[:quarter])) if native else None,
        native_last=native[-1] if native else None,
        age=float(np.percentile(record.ages, 95)) if record.ages else None,
        age_median=float(np.median(record.ages)) if record.ages else None,
        age_on_screen=_median([sample.frame_age_95 for sample in well]),
        exceptions=len(record.exceptions) + sum(len(stop.left) for stop in record.stops),
        alarms=len(record.false_alarms),
        pose_rate=_median([sample.pose for sample in well]),
        label_rate=_median([sample.label for sample in well if sample.label]),
        unnoticed=sum(fault.noticed is None and fault.back is not None for fault in serious),
        never_back=sum(not fault.over for fault in record.faults[:-1]),
    )


def broken(found: Figures, limits: Limits) -> list[str]:
    """The limits that are exceeded, one line each."""
    lines = []
    for field in fields(limits):
        value, limit = getattr(found, field.name), getattr(limits, field.name)
        if value is not None and value > limit:
            lines.append(f"{field.name} is {value:.4g}, the limit is {limit:g}")
    if found.unnoticed:
        lines.append(f"{found.unnoticed} faults were over before a message was shown")
    if found.never_back:
        lines.append(f"{found.never_back} faults never ended")
    return lines


def as_dict(record: Record, found: Figures, limits: Limits) -> dict[str, Any]:
    """The content of the JSON file: figures, limits and the record, with every tenth sample."""
    return {
        "seconds": round(record.seconds, 1),
        "figures": {key: _rounded(value) for key, value in asdict(found).items()},
        "limits": asdict(limits),
        "broken": broken(found, limits),
        "frames": record.frames,
        "dropped_frames": record.dropped,
        "dropped_windows": record.dropped_windows,
        "reconnections": record.reconnections,
        "changes": record.changes,
        "labels": record.labels,
        "exceptions": record.exceptions,
        "false_alarms": record.false_alarms,
        "faults": [{key: _rounded(value) for key, value in asdict(fault).items()} for fault in record.faults],
        "stops": [{key: _rounded(value) for key, value in asdict(stop).items()} for stop in record.stops],
        "samples": [{key: _rounded(value) for key, value in asdict(sample).items()} for sample in record.samples[::10]],
    }


def table(record: Record, found: Figures, limits: Limits) -> Table:
    """The figures and their limits."""
    shown = Table()
    shown.add_column("")
    for heading in ("median", "worst", "limit"):
        shown.add_column(heading, justify="right")
    for title, name in (("fault noticed after", "noticed"), ("frames back after", "back"), ("stop() took", "stop")):
        values = [getattr(found, key) for key in (f"{name}_median", name)]
        shown.add_row(title, *(_in(value, 1, "s") for value in values), f"{getattr(limits, name):g} s")
    ages = (_in(found.age_median, 1000, "ms"), f"{_in(found.age, 1000, 'ms')} (95 %)")
    shown.add_row("age of pose results", *ages, f"{1000 * limits.age:g} ms")
    shown.add_row("age on the screen, 95 %", _in(found.age_on_screen, 1000, "ms"), "", "")
    shown.add_row("pose results per second", _in(found.pose_rate, 1, ""), "", "")
    shown.add_row("labels per second", _in(found.label_rate, 1, ""), "", "")
    shown.add_section()
    growth = f"{_in(found.memory, 1, 'MB')} ({_in(found.memory_per_hour, 1, 'MB/h')})"
    shown.add_row("memory growth after the warm-up", "", growth, f"{limits.memory:g} MB")
    shown.add_row("memory", _in(found.memory_first, 1, "MB"), _in(found.memory_last, 1, "MB"), "")
    shown.add_row("Python threads", "", _in(found.threads, 1, ""), f"{limits.threads:g}")
    native = f"{_in(found.native, 1, '')} (now {found.native_last})"
    shown.add_row("growth of the number of threads", "", native, f"{limits.native:g}")
    shown.add_section()
    shown.add_row("exceptions and threads left running", "", str(found.exceptions), f"{limits.exceptions:g}")
    shown.add_row("false alarms", "", str(found.alarms), f"{limits.alarms:g}")
    for title, count in (
        ("frames with a pose result", record.frames),
        ("frames dropped", record.dropped),
        ("windows dropped", record.dropped_windows),
        ("reconnections", record.reconnections),
        ("changes of state or label", record.changes),
    ):
        shown.add_row(title, "", str(count), "")
    return shown


def fault_table(record: Record) -> Table:
    """Number and worst times of the faults by kind."""
    shown = Table("fault", title_justify="left")
    for heading in ("times", "cut short", "noticed after, worst", "back after, worst"):
        shown.add_column(heading, justify="right")
    for kind in dict.fromkeys(fault.kind for fault in record.faults):
        of_kind = [fault for fault in record.faults if fault.kind == kind]
        serious = [fault for fault in of_kind if fault.must_be_noticed]
        noticed = max((f.noticed - f.began for f in serious if f.noticed is not None), default=None)
        back = max((f.back - _readable_again(f) for f in serious if f.back is not None), default=None)
        cut = sum(fault.cut_short for fault in of_kind)
        shown.add_row(kind, str(len(of_kind)), str(cut), _in(noticed, 1, "s"), _in(back, 1, "s"))
    return shown


def stop_table(record: Record) -> Table:
    """Number and worst duration of the stops by the state of the loop."""
    shown = Table("stopped in state")
    for heading in ("times", "worst"):
        shown.add_column(heading, justify="right")
    for state, times in Counter(stop.state for stop in record.stops).most_common():
        worst = max(stop.seconds for stop in record.stops if stop.state == state)
        shown.add_row(state, str(times), f"{worst:.2f} s")
    return shown


def _readable_again(fault: Fault) -> float:
    """Time at which the camera could be read again."""
    return fault.began + (fault.seconds if fault.kind in ("end", "error") else 0.0)


def _slope(x: list[float], y: list[float]) -> float | None:
    """Slope of the line through the points, robust against outliers (Theil-Sen)."""
    step = max(len(x) // _MOST_POINTS, 1)
    return float(theilslopes(y[::step], x[::step])[0]) if len(x) >= 10 else None


def _median(values: list[float]) -> float | None:
    return float(np.median(values)) if values else None


def _in(value: float | None, factor: float, unit: str) -> str:
    if value is None:
        return "-"
    number = factor * value
    text = f"{number:.0f}" if isinstance(value, int) or abs(number) >= 100 else f"{number:.2f}"
    return f"{text} {unit}".rstrip()


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value
