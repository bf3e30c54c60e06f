"""The time of every stage per frame, one stage after the other."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from live_stf.engine import Classifier, Engine
from live_stf.live.loop import LABELS_PER_SECOND
from live_stf.live.person_states import PersonStates
from live_stf.model import Model
from live_stf.pose import estimators
from live_stf.pose.estimator import PoseEstimator
from live_stf.pose.tracking import Tracker
from live_stf.sources.video_file import VideoFile
from live_stf.types import Frame, People, Scores
from live_stf.ui.overlay import Style, annotate

STAGES = ("decode", "pose", "track", "window", "network", "decide", "draw")
NEURAL = ("pose", "network")  # the stages that run a neural network


@dataclass
class PoseTimes:
    """One pose estimator: seconds per frame without the first frame, and people found in every frame."""

    name: str
    seconds: list[float] = field(default_factory=list)
    people: list[int] = field(default_factory=list)


@dataclass
class StageTimes:
    """Seconds by stage, one value for every frame that went through the stage.

    rest: the sum per frame over all stages except NEURAL. poses: by the name that was asked for.
    """

    by_stage: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    rest: list[float] = field(default_factory=list)
    poses: dict[str, PoseTimes] = field(default_factory=dict)


class _TimedEngine:
    """An engine that measures its last run."""

    def __init__(self, engine: Engine) -> None:
        self.name = engine.name
        self.seconds = 0.0
        self._engine = engine

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        began = time.perf_counter()
        try:
            return self._engine.run(x)
        finally:
            self.seconds = time.perf_counter() - began


class _Stopwatch:
    """Collects the seconds of one frame by stage."""

    def __init__(self) -> None:
        self.frame: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.add(name, time.perf_counter() - began)

    def add(self, name: str, seconds: float) -> None:
        self.frame[name] = self.frame.get(name, 0.0) + seconds

    def next_frame(self, times: StageTimes | None) -> None:
        """Write the seconds of this frame to `times`, unless None, and start the next frame."""
        if times is not None:
            for name, seconds in self.frame.items():
                times.by_stage[name].append(seconds)
            times.rest.append(sum(seconds for name, seconds in self.frame.items() if name not in NEURAL))
        self.frame = {}


def measure_stages(
    clip: Path, model: Model, classifier: Classifier, poses: Sequence[str], people: int, seconds: float
) -> StageTimes:
    """Run all stages one after the other on every frame; windows and network at the rate of the live loop.

    poses: names of pose estimators, see `estimators.parse_pose`. The stage "window" cuts, resamples and prepares the
    windows of all people; "decide" stores the joints, and turns scores into events. The first frame is not counted,
    because everything that is loaded on demand is loaded then.
    """
    times, watch = StageTimes(), _Stopwatch()
    stages = _Stages(model, classifier, watch)
    with ExitStack() as opened:
        source = opened.enter_context(VideoFile(clip))
        estimators_by_name = {name: opened.enter_context(closing(estimators.open_pose(name, people))) for name in poses}
        times.poses = {name: PoseTimes(estimator.name) for name, estimator in estimators_by_name.items()}
        while True:
            with watch.stage("decode"):
                frame = source.read()
            if frame is None or frame.time > seconds:
                return times
            stages.run(frame, _detect(frame, estimators_by_name, times))
            watch.next_frame(times if frame.index > 0 else None)


def _detect(frame: Frame, estimators_by_name: dict[str, PoseEstimator], times: StageTimes) -> People:
    """Run all pose estimators on the frame; returns the result of the first in the dictionary."""
    names = list(estimators_by_name)
    results = {}
    for name in in_turn(names, frame.index):
        began = time.perf_counter()
        results[name] = estimators_by_name[name].detect(frame)
        if frame.index > 0:
            times.poses[name].seconds.append(time.perf_counter() - began)
        times.poses[name].people.append(len(results[name].persons))
    return results[names[0]]


class _Stages:
    """The stages after pose estimation."""

    def __init__(self, model: Model, classifier: Classifier, watch: _Stopwatch) -> None:
        self._classifier, self._watch = classifier, watch
        self._engine = classifier.engine = _TimedEngine(classifier.engine)
        self._tracker = Tracker()
        self._states = PersonStates(model, forget=self._tracker.max_age)
        self._skeleton, self._style = model.skeleton, Style(frames=model.preparation.frames)
        self._scores: dict[int, Scores] = {}
        self._due = 0.0

    def run(self, frame: Frame, detected: People) -> None:
        watch = self._watch
        with watch.stage("track"):
            people = self._tracker.update(detected)
        with watch.stage("decide"):
            self._states.observe(people)
        answers = self._classify() if frame.time >= self._due else []
        if frame.time >= self._due:
            self._due = max(self._due + 1 / LABELS_PER_SECOND, frame.time)
        with watch.stage("decide"):
            self._states.decide(answers)
            events = self._states.events()
        self._scores.update((answer.identity, answer) for answer in answers)
        with watch.stage("draw"):
            annotate(frame.image, people, events, self._scores, self._skeleton, self._style)

    def _classify(self) -> list[Scores]:
        with self._watch.stage("window"):
            answers = self._classifier.classify(self._states.windows())
        if answers:
            self._watch.add("network", self._engine.seconds)
            self._watch.add("window", -self._engine.seconds)
        return answers


def in_turn(names: Sequence[str], index: int) -> list[str]:
    """All names, rotated so that each is first equally often."""
    first = index % len(names)
    return [*names[first:], *names[:first]]
