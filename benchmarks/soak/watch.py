"""Runs the live loop on a camera with faults, stops and restarts it, and records what happens."""

from __future__ import annotations

import gc
import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.soak.faulty_camera import Fault, FaultyCamera
from live_stf.engine import Classifier
from live_stf.errors import one_line
from live_stf.live.events import changes
from live_stf.live.loop import LiveLoop
from live_stf.model import Model
from live_stf.pose.estimator import PoseEstimator
from live_stf.sources.reconnect import ReconnectingSource
from live_stf.types import Event, Snapshot, State

POLL = 0.02  # seconds between two snapshots of the loop
SAMPLE = 1.0  # seconds between two samples of memory, threads and rates
SETTLE = 3.0  # seconds after a start or a fault in which rates and ages are not representative
SLOW_TO_CLEAR = 1.0  # seconds after a fault during which its message may remain; after that it is a false alarm
EARLY = 0.15  # share of the loops that are stopped while they are still starting
STAGES = ("capture", "pose", "classification")
_PAGE = 4096
_STATM = Path("/proc/self/statm")
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Sample:
    """The process at one moment.

    seconds: since the start. memory: resident, in MB. threads: of Python; native: of the process; both without the
    threads of blocked reads. well: no fault for SETTLE seconds, so that the rates are representative.
    """

    seconds: float
    memory: float
    threads: int
    native: int
    well: bool
    pose: float
    label: float
    frame_age_95: float


@dataclass(frozen=True)
class Stop:
    """One stop of the loop: seconds that stop() took, state of the loop before, threads of the loop that still run."""

    seconds: float
    state: str
    left: tuple[str, ...]


@dataclass
class Record:
    """Everything that happened in a run."""

    seconds: float = 0.0
    samples: list[Sample] = field(default_factory=list)
    ages: array[float] = field(default_factory=lambda: array("f"))  # seconds from capture to pose result
    stops: list[Stop] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    exceptions: list[str] = field(default_factory=list)
    false_alarms: list[str] = field(default_factory=list)
    reconnections: int = 0
    frames: int = 0
    dropped: int = 0
    dropped_windows: int = 0
    changes: int = 0
    labels: dict[str, int] = field(default_factory=dict)


def memory() -> float:
    """Resident memory of this process in MB; 0.0 if the system does not report it."""
    try:
        return int(_STATM.read_text().split()[1]) * _PAGE / 1e6
    except OSError:
        return 0.0


def native_threads() -> int:
    """Threads of this process, including those of libraries; 0 if the system does not report them."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Threads:")), 0)


class Soak:
    """Runs live loops for `seconds`, and replaces the loop by a new one every `restart` seconds on average.

    open_pose: opens a pose estimator for a new loop. seed: of the moments at which loops are stopped. tick: called for
    every sample with the seconds since the start and the record.
    """

    def __init__(
        self,
        camera: FaultyCamera,
        open_pose: Callable[[], PoseEstimator],
        classifier: Classifier,
        model: Model,
        seconds: float,
        restart: float,
        seed: int,
        tick: Callable[[float, Record], None] = lambda seconds, record: None,
    ) -> None:
        self._camera, self._open_pose, self._classifier, self._model = camera, open_pose, classifier, model
        self._seconds, self._restart, self._tick = seconds, restart, tick
        self._rng = np.random.default_rng((seed, 1))
        self._record = Record(faults=camera.faults)
        self._began = self._sampled = 0.0

    def run(self) -> Record:
        """Run until the time is over or Ctrl-C is pressed; returns the record."""
        self._began = time.monotonic()
        with _exceptions(self._record.exceptions):
            try:
                while self._passed < self._seconds:
                    self._one_loop()
            except KeyboardInterrupt:
                pass
            finally:
                self._camera.release()
        self._record.seconds = self._passed
        return self._record

    @property
    def _passed(self) -> float:
        return time.monotonic() - self._began

    def _one_loop(self) -> None:
        pose = self._open_pose()  # before the camera is opened, since this takes a while
        source = ReconnectingSource(self._camera.open(), self._camera.open)
        loop = LiveLoop(source, pose, self._classifier, self._model)
        try:
            state = self._watch(loop.start())
        finally:
            rates = loop.snapshot().rates
            began = time.monotonic()
            loop.stop()
            took = time.monotonic() - began
        left = tuple(thread.name for thread in threading.enumerate() if thread.name in STAGES)
        self._record.stops.append(Stop(took, state, left))
        self._record.reconnections += source.reconnections
        self._record.dropped += rates.dropped
        self._record.dropped_windows += rates.dropped_windows
        self._camera.restart()

    def _watch(self, loop: LiveLoop) -> str:
        """Watch the loop until it is due to be stopped; returns its state."""
        began = time.monotonic()
        known: dict[int, Event] = {}
        shown, well_since = None, began
        until, in_fault = self._stop_time(began)
        while True:
            now = time.monotonic()
            shot, fault = loop.snapshot(), self._camera.fault
            well_since = now if fault is not None else well_since
            self._notice(shot, fault, now, well_since)
            if shot.frame is not shown:
                shown = shot.frame
                self._record.ages.append(shot.rates.frame_age)
                self._record.frames += 1
            self._count(changes(known, dict(shot.events), 0.0))
            if now - self._sampled >= SAMPLE:
                self._sampled = now
                self._sample(shot, well=now - max(well_since, began) >= SETTLE)
            if loop.finished:
                self._record.exceptions.append(shot.message)
                return "ended by itself"
            if self._passed >= self._seconds or (now >= until and (not in_fault or fault is not None)):
                return _state(shot, fault)
            time.sleep(POLL)

    def _stop_time(self, now: float) -> tuple[float, bool]:
        """(time of the stop, whether to wait for a fault then)."""
        if self._rng.random() < EARLY:
            return now + float(self._rng.uniform(0.0, 0.5)), False
        return now + float(self._rng.exponential(self._restart)), bool(self._rng.random() < 0.5)

    def _notice(self, shot: Snapshot, fault: Fault | None, now: float, well_since: float) -> None:
        if not shot.message:
            return
        if fault is not None and fault.noticed is None:
            fault.noticed = now
        elif fault is None and now - well_since > SLOW_TO_CLEAR:
            self._record.false_alarms.append(f"{shot.message} ({self._passed:.0f} s after the start)")

    def _count(self, changed: list[Event]) -> None:
        self._record.changes += len(changed)
        for event in changed:
            if event.label is not None:
                self._record.labels[event.label] = self._record.labels.get(event.label, 0) + 1

    def _sample(self, shot: Snapshot, well: bool) -> None:
        gc.collect(0)
        rates, blocked = shot.rates, self._camera.blocked
        self._record.samples.append(
            Sample(
                self._passed,
                memory(),
                threading.active_count() - blocked,
                native_threads() - blocked,
                well,
                rates.pose,
                rates.label,
                rates.frame_age_95,
            )
        )
        self._tick(self._passed, self._record)


def _state(shot: Snapshot, fault: Fault | None) -> str:
    if fault is not None:
        return f"fault: {fault.kind}"
    if shot.frame is None:
        return "starting"
    states = sorted({event.state.value for event in shot.events.values()})
    return ", ".join(states) or State.NO_PERSON.value


def _line(problem: BaseException | None) -> str:
    return "?" if problem is None else one_line(problem, 200)


@contextmanager
def _exceptions(messages: list[str]) -> Iterator[None]:
    """A context that adds the exceptions of threads and finalizers to `messages`."""
    before = threading.excepthook, sys.unraisablehook

    def in_thread(caught: threading.ExceptHookArgs) -> None:
        messages.append(f"in thread {caught.thread.name if caught.thread else '?'}: {_line(caught.exc_value)}")

    def in_finalizer(caught: sys.UnraisableHookArgs) -> None:
        messages.append(f"while cleaning up: {_line(caught.exc_value)}")

    threading.excepthook, sys.unraisablehook = in_thread, in_finalizer
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = before
