"""A camera, a clock, a pose estimator and an engine that do what a test tells them to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import numpy as np
import pytest

from live_stf.decision import DecisionSettings
from live_stf.engine import EngineStatus
from live_stf.model import Model
from live_stf.preparation import Preparation
from live_stf.types import Frame, People, Person, Scores

T = TypeVar("T")

SIZE = (64, 48)
WAIT = 60.0  # seconds that a test waits for something before it fails


def wait_until(condition: Callable[[], T]) -> T:
    """Return the first true value of `condition`."""
    deadline = time.monotonic() + WAIT
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)
    return found


def run_to_the_end(loop):
    """Run a loop until its source has ended; return the last snapshot."""
    with loop:
        wait_until(lambda: loop.finished)
        return loop.snapshot()


class FakeClock:
    """A clock whose seconds pass only in `advance`."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class FakeSource:
    """A camera or clip of `count` frames (None: without end), each `step` seconds after the one before.

    The first pixel counts the frames. A live source sleeps between frames; `hang_at` blocks at that frame until
    `release` is set, `fail_at` raises there, `frozen` repeats one image. A `gated` source waits for
    `give`.
    """

    def __init__(
        self,
        count=None,
        step=1 / 30,
        live=True,
        hang_at=None,
        fail_at=None,
        fault=None,
        frozen=False,
        sleep=None,
        gated=False,
    ) -> None:
        self.name = "fake camera" if live else "fake.mp4"
        self.fps, self.size, self.live, self.fault = 1 / step, SIZE, live, None
        self.trouble = ""
        self.duration = None if live or count is None else count * step
        self.closed = 0
        self.closed_while_reading = False
        self._count, self._step, self._hang_at, self._fail_at, self._later_fault = count, step, hang_at, fail_at, fault
        self._frozen = frozen
        self._sleep = (step if live and not gated else 0.0) if sleep is None else sleep
        self._gate = threading.Semaphore(0) if gated else None
        self._cancelled = False
        self._index = 0
        self._reading = False
        self.release = threading.Event()

    def give(self, frames=1):
        """Let a gated source give that many frames more."""
        self._gate.release(frames)

    def read(self):
        if self._gate is not None:
            self._gate.acquire()
            if self._cancelled:
                return None
        if self._index == self._hang_at:
            self._reading = True
            self.release.wait(WAIT)
            self._reading = False
            return None
        if self._index == self._fail_at:
            raise RuntimeError("the cable\nburns")
        if self._index == self._count:
            self.fault = self._later_fault
            return None
        if self._sleep:
            time.sleep(self._sleep)
        image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
        if not self._frozen:
            image[0, 0] = self._index % 256, self._index // 256 % 256, 1
        frame = Frame(image, self._index * self._step, self._index)
        self._index += 1
        return frame

    def cancel(self):
        self._cancelled = True
        if self._gate is not None:
            self._gate.release()

    def close(self):
        self.closed += 1
        self.closed_while_reading |= self._reading

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class FakePose:
    """One body that stands still in every frame, or `persons(frame)`.

    seconds: time that a frame takes. gated: each frame takes until `allow` is called.
    """

    def __init__(self, persons=None, seconds=0.0, fail_at=None, gated=False) -> None:
        self._gate = threading.Semaphore(0) if gated else None
        self.waiting = 0  # frames that detect() was called with
        self.closed = 0
        self.times = []
        self._persons = persons or (lambda frame: (a_body(),))
        self._seconds, self._fail_at = seconds, fail_at

    def allow(self, frames=1):
        """Let a gated estimator finish that many frames."""
        self._gate.release(frames)

    def detect(self, frame):
        self.waiting += 1
        if self._gate is not None:
            self._gate.acquire(timeout=WAIT)
        if len(self.times) == self._fail_at:
            raise RuntimeError("pose is broken")
        self.times.append(frame.time)
        if self._seconds:
            time.sleep(self._seconds)
        return People(frame.time, frame.size, tuple(self._persons(frame)))

    def close(self):
        self.closed += 1


class FakeClassifier:
    """Gives `answer(window)` (probabilities) for every window; by default the first class is certain."""

    engine_name = "fake"
    engine_status = EngineStatus("fake")

    def __init__(self, labels=("walk", "wave", "none"), answer=None, seconds=0.0, fail=False) -> None:
        self.labels = labels
        self.windows = []
        self._answer = answer or (lambda window: [0.9] + [0.1 / (len(labels) - 1)] * (len(labels) - 1))
        self._seconds, self._fail = seconds, fail

    def classify(self, windows):
        if self._fail:
            raise RuntimeError("engine is broken")
        if self._seconds:
            time.sleep(self._seconds)
        self.windows.extend(windows)
        return [
            Scores(w.identity, w.time, np.asarray(self._answer(w), np.float32), (np.full((18, 6), 1 / 6, np.float32),))
            for w in windows
        ]


def a_body(x: float = 30.0, score: float = 0.9) -> Person:
    """A body of 20 pixels' height around (x, 24)."""
    joints = np.stack([x + np.arange(18) % 5, 14 + np.arange(18) * 1.2, np.full(18, score)], axis=1)
    return Person(joints.astype(np.float32))


@pytest.fixture
def fakes() -> SimpleNamespace:
    return SimpleNamespace(
        Clock=FakeClock,
        Source=FakeSource,
        Pose=FakePose,
        Classifier=FakeClassifier,
        body=a_body,
        size=SIZE,
        wait_until=wait_until,
    )


@pytest.fixture
def model() -> Model:
    """A model's description; there is no network behind it."""
    return Model(
        folder=Path("nowhere"),
        name="fake",
        labels=("walk", "wave", "none"),
        network={},
        preparation=Preparation(frames=50, span=2.0),
        decision=DecisionSettings(minimum_seen=0.3, dwell=0.2, smoothing=0.1, none_label="none"),
    )
