"""What every stage costs on this machine, picture by picture, and how the live loop keeps up."""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from live_stf.engine import ENGINES, Classifier, Engine, open_classifier
from live_stf.errors import LiveStfError
from live_stf.machine import machine
from live_stf.model import Model, load_model
from live_stf.pose.mediapipe import MediaPipePose
from live_stf.pose.tracking import Tracker
from live_stf.stream.decision import DecisionSettings
from live_stf.stream.live import LABELS_PER_SECOND, LiveLoop
from live_stf.stream.recognizer import Recognizer
from live_stf.stream.source import FileSource
from live_stf.stream.video_writer import VideoWriter
from live_stf.types import Rates
from live_stf.ui.overlay import Style, annotate

STAGES = ("decode", "pose", "track", "window", "network", "decide", "draw")
NOT_OURS = ("pose", "network")
SECONDS = 30.0  # of the clip, when not told otherwise
POLL = 0.004  # seconds between two looks for a new result


@dataclass
class StageTimes:
    """Seconds by stage, one value for every picture that went through the stage."""

    by_stage: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    rest: list[float] = field(default_factory=list)  # a picture's sum over all stages but NOT_OURS
    people: list[int] = field(default_factory=list)


@dataclass
class LiveReport:
    """One live run at the clip's own pace: the loop's rates whenever a picture was drawn, and each one's age."""

    seconds: float = 0.0
    drawn: int = 0
    rates: list[Rates] = field(default_factory=list)


class _TimedEngine:
    """An engine that remembers how long its last run took."""

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
    def __init__(self, times: StageTimes) -> None:
        self._times = times
        self.picture: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.picture[name] = self.picture.get(name, 0.0) + time.perf_counter() - began

    def next_picture(self) -> None:
        for name, seconds in self.picture.items():
            self._times.by_stage[name].append(seconds)
        self._times.rest.append(sum(seconds for name, seconds in self.picture.items() if name not in NOT_OURS))
        self.picture = {}


def measure_stages(clip: Path, model: Model, classifier: Classifier, people: int, seconds: float) -> StageTimes:
    """All stages one after the other on every picture; windows and network as often a second of the clip as live.

    window: cutting and resampling everybody's windows, and preparing the network's input. decide: taking the joints,
    and from scores to events.
    """
    times = StageTimes()
    watch = _Stopwatch(times)
    timed = classifier.engine = _TimedEngine(classifier.engine)
    tracker = Tracker()
    recognizer = Recognizer(
        model.preparation.span,
        model.preparation.frames,
        DecisionSettings.of(model.decision, model.none_label),
        model.labels,
        forget=tracker.max_age,
    )
    style = Style(frames=model.preparation.frames)
    scores, due = {}, 0.0
    with FileSource(clip) as source, MediaPipePose(people) as pose:
        while True:
            with watch.stage("decode"):
                frame = source.read()
            if frame is None or frame.time > seconds:
                return times
            with watch.stage("pose"):
                found = pose.detect(frame)
            with watch.stage("track"):
                found = tracker.update(found)
            with watch.stage("decide"):
                recognizer.observe(found)
            answers = []
            if frame.time >= due:
                due = max(due + 1 / LABELS_PER_SECOND, frame.time)
                with watch.stage("window"):
                    answers = classifier.classify(recognizer.windows())
                if answers:
                    watch.picture["network"] = timed.seconds
                    watch.picture["window"] -= timed.seconds
            with watch.stage("decide"):
                recognizer.decide(answers)
                events = recognizer.events()
            scores.update((answer.identity, answer) for answer in answers)
            with watch.stage("draw"):
                annotate(frame.image, found, events, scores, model.skeleton, style)
            times.people.append(len(found.persons))
            if frame.index > 0:  # the first one pays for what is loaded on demand
                watch.next_picture()
            watch.picture = {}


def measure_live(clip: Path, model: Model, classifier: Classifier, people: int, seconds: float) -> LiveReport:
    """The live loop on the clip at its own pace, with somebody looking: every new result is drawn."""
    report = LiveReport()
    loop = LiveLoop(FileSource(clip), MediaPipePose(people), classifier, model)
    style = Style(frames=model.preparation.frames)
    shown = None
    began = time.monotonic()
    with loop:
        while not loop.finished and time.monotonic() - began < seconds:
            snapshot = loop.snapshot()
            if snapshot.frame is not shown:
                shown = snapshot.frame
                annotate(shown.image, snapshot.people, snapshot.events, snapshot.scores, model.skeleton, style)
                report.rates.append(snapshot.rates)
                report.drawn += 1
            time.sleep(POLL)
        report.seconds = time.monotonic() - began
    if loop.error is not None:
        raise LiveStfError(loop.snapshot().message)
    return report


def main(arguments: list[str] | None = None) -> int:
    """Run the measurement; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m live_stf.bench", description=__doc__)
    parser.add_argument("clip", type=Path, metavar="CLIP", help="a video file with people in it")
    parser.add_argument("--model", default="everyday", help="name in models/, or a model's folder (default: everyday)")
    parser.add_argument("--engine", default="auto", choices=("auto", *ENGINES), help="what runs the network")
    parser.add_argument("--people", type=int, default=2, help="how many people at once (default: 2)")
    parser.add_argument("--width", type=int, help="measure a copy of the clip this many pixels wide, as a camera's")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of the clip (default: {SECONDS:g})")
    options = parser.parse_args(arguments)
    if options.people < 1:
        parser.error(f"--people is {options.people}, it has to be 1 or more")
    if options.width is not None and options.width < 32:
        parser.error(f"--width is {options.width}, it has to be 32 or more")
    try:
        return run(options)
    except LiveStfError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    with TemporaryDirectory() as folder:
        clip = options.clip
        if options.width is not None:
            clip = Path(folder) / clip.name
            scaled_copy(options.clip, clip, options.width, options.seconds)
        return measure(clip, options)


def scaled_copy(clip: Path, target: Path, width: int, seconds: float) -> None:
    """Write the first `seconds` of a clip again, `width` pixels wide."""
    with FileSource(clip) as source:
        size = width, round(source.size[1] * width / source.size[0])
        with VideoWriter(target, size, source.fps) as video:
            while (frame := source.read()) is not None and frame.time <= seconds:
                video.write(replace(frame, image=cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)))


def measure(clip: Path, options: argparse.Namespace) -> int:
    """Measure this clip and print."""
    model = load_model(options.model)
    with FileSource(clip) as source:
        what = f"{clip.name}: {source.size[0]}x{source.size[1]}, {source.fps:.4g} pictures per second"
    classifier = open_classifier(model, options.engine)
    times = measure_stages(clip, model, classifier, options.people, options.seconds)
    live = measure_live(clip, model, classifier, options.people, options.seconds)
    console = Console()
    print(f"{what}; {np.mean(times.people):.1f} people on average")
    print(f"{model.name} on {classifier.engine_name}; {machine()}")
    print("\none stage after the other, per picture:")
    console.print(stage_table(times))
    print(f"\nlive for {live.seconds:.1f} s at the clip's own pace:")
    console.print(live_table(live))
    return 0


def stage_table(times: StageTimes) -> Table:
    """Milliseconds a picture, stage by stage."""
    table = Table()
    table.add_column("stage")
    for heading in ("median ms", "95 % ms", "mean ms", "pictures"):
        table.add_column(heading, justify="right")
    for stage in STAGES:
        table.add_row(stage, *_milliseconds(times.by_stage.get(stage, [])))
    table.add_section()
    table.add_row(f"everything but {' and '.join(NOT_OURS)}", *_milliseconds(times.rest))
    return table


def live_table(live: LiveReport) -> Table:
    """How the live loop kept up."""
    table = Table(show_header=False)
    table.add_column("what")
    table.add_column("value", justify="right")
    for name, key in (("captured", "capture"), ("posed", "pose"), ("labelled", "label")):
        rate = np.median([getattr(rates, key) for rates in live.rates]) if live.rates else 0.0
        table.add_row(f"{name} per second", f"{rate:.1f}")
    table.add_row("drawn per second", f"{live.drawn / max(live.seconds, 1e-3):.1f}")
    table.add_row("dropped pictures", str(live.rates[-1].dropped if live.rates else 0))
    ages = [rates.frame_age for rates in live.rates]
    for name, share in (("median", 50), ("95 %", 95)):
        table.add_row(f"frame age ms, {name}", f"{1000 * np.percentile(ages, share):.1f}" if ages else "-")
    return table


def _milliseconds(seconds: list[float]) -> tuple[str, ...]:
    if not seconds:
        return "-", "-", "-", "0"
    values = np.median(seconds), np.percentile(seconds, 95), np.mean(seconds)
    return *(f"{1000 * value:.2f}" for value in values), str(len(seconds))


if __name__ == "__main__":
    sys.exit(main())
