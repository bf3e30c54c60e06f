"""The tables that `python -m benchmarks.stages` prints."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from rich.table import Table

from benchmarks.stages.live_report import SHARES, LiveReport
from benchmarks.stages.stage_times import NEURAL, STAGES, PoseTimes, StageTimes
from live_stf.types import Rates


def stage_table(times: StageTimes) -> Table:
    """Milliseconds per frame, stage by stage."""
    table = Table()
    table.add_column("stage")
    for heading in ("median ms", "95 % ms", "mean ms", "frames"):
        table.add_column(heading, justify="right")
    for stage in STAGES:
        if stage == "pose":
            for name, pose in times.poses.items():
                table.add_row(f"pose: {name}" if len(times.poses) > 1 else stage, *_milliseconds(pose.seconds))
        else:
            table.add_row(stage, *_milliseconds(times.by_stage.get(stage, [])))
    table.add_section()
    table.add_row(f"all stages except {' and '.join(NEURAL)}", *_milliseconds(times.rest))
    return table


def pose_table(poses: dict[str, PoseTimes]) -> Table:
    """Every pose estimator compared with the first one, on the same frames.

    The column "same number" is the share of the frames in which it finds as many people as the first one.
    """
    first = next(iter(poses.values()))
    table = Table()
    table.add_column("pose")
    for heading in ("median ms", "95 % ms", "speed-up", "people", "same number"):
        table.add_column(heading, justify="right")
    for one in poses.values():
        if not one.seconds:
            continue
        median = np.median(one.seconds)
        same = np.mean(np.equal(one.people, first.people))
        table.add_row(
            one.name,
            f"{1000 * median:.2f}",
            f"{1000 * np.percentile(one.seconds, 95):.2f}",
            f"{np.median(first.seconds) / median:.2f}",
            f"{np.mean(one.people):.2f}",
            f"{same:.1%}",
        )
    return table


def live_table(reports: dict[str, LiveReport]) -> Table:
    """How the live loop kept up with every pose estimator."""
    table = Table(show_header=len(reports) > 1)
    table.add_column("pose")
    for name in reports:
        table.add_column(name, justify="right")

    def row(title: str, value: Callable[[LiveReport], str]) -> None:
        table.add_row(title, *(value(report) if report.rates else "-" for report in reports.values()))

    def rate(title: str, of: Callable[[Rates], float]) -> None:
        row(f"{title} per second", lambda live: f"{np.median([of(rates) for rates in live.rates]):.1f}")

    def age(title: str, of: Callable[[LiveReport], float]) -> None:
        row(title, lambda live: f"{1000 * of(live):.1f}")

    rate("captured", lambda rates: rates.capture)
    rate("pose results", lambda rates: rates.pose)
    rate("labels", lambda rates: rates.label)
    row("drawn per second", lambda live: f"{live.drawn / live.seconds:.1f}")
    row("dropped frames", lambda live: str(live.rates[-1].dropped))
    row("dropped windows", lambda live: str(live.rates[-1].dropped_windows))
    for name, share in SHARES.items():
        age(f"frame age ms, {name}", partial(_frame_age, share))
    for name, share in SHARES.items():
        age(f"age on the screen ms, {name}", partial(_age_on_screen, share))
    return table


def _frame_age(share: float, live: LiveReport) -> float:
    return float(np.quantile([rates.frame_age for rates in live.rates], share))


def _age_on_screen(share: float, live: LiveReport) -> float:
    return live.shown[share]


def _milliseconds(seconds: list[float]) -> tuple[str, ...]:
    if not seconds:
        return "-", "-", "-", "0"
    values = np.median(seconds), np.percentile(seconds, 95), np.mean(seconds)
    return *(f"{1000 * value:.2f}" for value in values), str(len(seconds))
