"""A camera, a clock, a pose estimator and an engine that do what a test says."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from live_stf.decision import DecisionSettings
from live_stf.model import Model
from live_stf.preparation import Preparation
from live_stf.types import Frame, People, Person, Scores

SIZE = (64, 48)


class FakeClock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class FakeSource:
    """A camera or clip of `count` pictures (None: without end), each `step` seconds after the one before.

    The picture's first pixel counts pictures. A live one sleeps between pictures; `hang_at` blocks for ever there,
    `fail_at` raises there, `frozen` gives the same picture again and again.
    """

    def __init__(
        self, count=None, step=1 / 30, live=True, hang_at=None, fail_at=None, fault=None, frozen=False, sleep=None
    ) -> None:
        self.name = "fake camera" if live else "fake.mp4"
        self.fps, self.size, self.live, self.fault = 1 / step, SIZE, live, None
        self.trouble = ""
        self.duration = None if live or count is None else count * step
        self.closed = 0
        self.closed_while_reading = False
        self._count, self._step, self._hang_at, self._fail_at, self._later_fault = count, step, hang_at, fail_at, fault
        self._frozen = frozen
        self._sleep = (step if live else 0.0) if sleep is None else sleep
        self._index = 0
        self._reading = False
        self.release = threading.Event()

    def read(self):
        if self._index == self._hang_at:
            self._reading = True
            self.release.wait(30)
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
        pass

    def close(self):
        self.closed += 1
        self.closed_while_reading |= self._reading

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class FakePose:
    """One body that stands still in every picture, or what `persons(frame)` says. seconds: time one picture takes."""

    def __init__(self, persons=None, seconds=0.0, fail_at=None) -> None:
        self.closed = 0
        self.times = []
        self._persons = persons or (lambda frame: (a_body(),))
        self._seconds, self._fail_at = seconds, fail_at

    def detect(self, frame):
        if len(self.times) == self._fail_at:
            raise RuntimeError("pose is broken")
        self.times.append(frame.time)
        if self._seconds:
            time.sleep(self._seconds)
        return People(frame.time, frame.size, tuple(self._persons(frame)))

    def close(self):
        self.closed += 1


class FakeClassifier:
    """Says `answer(window)` (probabilities) of every window; without one, that the first class is sure."""

    engine_name = "fake"

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
    """A made body of 20 pixels' height around (x, 24)."""
    joints = np.stack([x + np.arange(18) % 5, 14 + np.arange(18) * 1.2, np.full(18, score)], axis=1)
    return Person(joints.astype(np.float32))


@pytest.fixture
def fakes() -> SimpleNamespace:
    return SimpleNamespace(
        Clock=FakeClock, Source=FakeSource, Pose=FakePose, Classifier=FakeClassifier, body=a_body, size=SIZE
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
