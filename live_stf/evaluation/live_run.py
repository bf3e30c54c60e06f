"""Compares the events of a live run with the actions that were performed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.table import Table

from live_stf.errors import DataError
from live_stf.evaluation.simulated_streams import PATIENCE, first_right, label_changes
from live_stf.types import Event, State

_STEP = 0.01  # seconds; resolution of the idle time


@dataclass(frozen=True)
class Action:
    """An action from start to end, in seconds. person: identity of the person who performs it; None for anybody."""

    label: str
    start: float
    end: float
    person: int | None = None


@dataclass(frozen=True)
class RunReport:
    """Figures of the labels of a run.

    actions: their number. found: the number of actions that got their label at most PATIENCE seconds after their end.
    onset: seconds from the beginning of an action to its label, median over those found, and 90th percentile.
    changes_per_minute: of the labels of all people. false_per_minute: labels that begin during idle time, per minute of
    it; None if there was no idle time. wrong: labels that begin during an action and are not its own.
    """

    minutes: float
    idle_minutes: float
    actions: int
    found: int
    onset: float | None
    onset_90: float | None
    changes_per_minute: float
    false_per_minute: float | None
    wrong: int


def judge_run(events: Iterable[Event], truth: Sequence[Action], seconds: float) -> RunReport:
    """Compare the label changes of a run of `seconds` with the actions that were performed."""
    by_person: dict[int, list[tuple[float, str | None]]] = {}
    for event in events:
        by_person.setdefault(event.identity, []).append((event.time, event.label))
    changed = {person: label_changes(series) for person, series in by_person.items()}
    onsets, idle = [], np.ones(max(math.ceil(seconds / _STEP), 1), bool)
    for action in truth:
        until = action.end + PATIENCE
        idle[int(action.start / _STEP) : math.ceil(until / _STEP)] = False
        of_person = [series for person, series in changed.items() if action.person in (None, person)]
        found = [first_right(_held(series, action.start), action.label, action.start, until) for series in of_person]
        times = [time - action.start for time in found if time is not None]
        onsets += [min(times)] if times else []
    false = wrong = 0
    for person, series in changed.items():
        for time, label in series:
            if label is None:
                continue
            around = [action for action in truth if action.start <= time <= action.end + PATIENCE]
            around = [action for action in around if action.person in (None, person)]
            false += not around
            wrong += bool(around) and all(action.label != label for action in around)
    idle_seconds = float(idle.sum() * _STEP)
    return RunReport(
        minutes=seconds / 60,
        idle_minutes=idle_seconds / 60,
        actions=len(truth),
        found=len(onsets),
        onset=float(np.median(onsets)) if onsets else None,
        onset_90=float(np.percentile(onsets, 90)) if onsets else None,
        changes_per_minute=60 * sum(map(len, changed.values())) / seconds,
        false_per_minute=60 * false / idle_seconds if idle_seconds > 0 else None,
        wrong=wrong,
    )


def _held(series: Sequence[tuple[float, str | None]], start: float) -> list[tuple[float, str | None]]:
    """The same changes from `start` on, with the label at that time first: it may begin before its action."""
    before = [label for time, label in series if time <= start]
    return [(start, before[-1] if before else None), *(one for one in series if one[0] > start)]


def read_truth(path: Path) -> list[Action]:
    """The actions of a file of JSON lines. Raises DataError if a line is not an action."""
    actions = []
    for number, line in _lines(path):
        try:
            action = Action(str(line["label"]), float(line["start"]), float(line["end"]), line.get("person"))
        except (KeyError, TypeError, ValueError) as problem:
            raise DataError(f"{path}, line {number}: needs label, start and end in seconds ({problem})") from problem
        if not 0 <= action.start < action.end < math.inf:
            raise DataError(f"{path}, line {number}: start {action.start:g} has to be 0 or more and before its end")
        actions.append(action)
    return actions


def read_events(path: Path) -> list[Event]:
    """The events that --events wrote. Raises DataError if a line is not an event."""
    events = []
    for number, line in _lines(path):
        try:
            events.append(
                Event(int(line["person"]), float(line["time"]), State(line["state"]), line["label"], line["score"])
            )
        except (KeyError, TypeError, ValueError) as problem:
            raise DataError(f"{path}, line {number}: is not an event of the live program ({problem})") from problem
    return events


def _lines(path: Path) -> list[tuple[int, dict]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise DataError(f"{path}: {problem.strerror}") from problem
    except UnicodeDecodeError as problem:
        raise DataError(f"{path}: is not text") from problem
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                lines.append((number, json.loads(line)))
            except json.JSONDecodeError as problem:
                raise DataError(f"{path}, line {number}: is not JSON ({problem.msg})") from problem
    return lines


def table(report: RunReport) -> Table:
    """The report as a table to print."""
    shown = Table(show_header=False)
    shown.add_column()
    shown.add_column(justify="right")

    def seconds(value: float | None) -> str:
        return "-" if value is None else f"{value:.2f} s"

    false = "-" if report.false_per_minute is None else f"{report.false_per_minute:.2f}"
    for row in (
        ("duration, idle part of it", f"{60 * report.minutes:.1f} s, {60 * report.idle_minutes:.1f} s"),
        ("actions that got their label", f"{report.found} of {report.actions}"),
        ("from onset to the right label, median", seconds(report.onset)),
        ("and 90 %", seconds(report.onset_90)),
        ("label changes a minute", f"{report.changes_per_minute:.2f}"),
        ("false labels a minute, idle", false),
        ("wrong labels during actions", str(report.wrong)),
    ):
        shown.add_row(*row)
    return shown
