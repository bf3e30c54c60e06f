"""What every stage costs on this machine, picture by picture, and how the live loop keeps up.

With several pose estimators each of them sees every picture, and they take turns in going first; what comes after pose
is done once, on what the first one finds. The live loop then runs with each of them, one after the other.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from live_stf.cli.program import run_command
from live_stf.clips.video_writer import VideoWriter
from live_stf.engine import ENGINES, Classifier, Engine, open_classifier
from live_stf.errors import LiveStfError
from live_stf.live.loop import LABELS_PER_SECOND, LiveLoop
from live_stf.live.person_states import PersonStates
from live_stf.live.rate import AgeMeter
from live_stf.model import Model, load_model
from live_stf.pose import estimators
from live_stf.pose.tracking import Tracker
from live_stf.runtime.machine import machine
from live_stf.sources.video_file import VideoFile
from live_stf.types import Frame, Rates
from live_stf.ui.overlay import Style, annotate

STAGES = ("decode", "pose", "track", "window", "network", "decide", "draw")
NOT_OURS = ("pose", "network")
SECONDS = 30.0  # of the clip, when not told otherwise
POLL = 0.004  # seconds between two looks for a new result
SHARES = {"median": 0.5, "95 %": 0.95}
FASTEST = 1000.0  # pictures per second that --fps can ask for


@dataclass
class PoseTimes:
    """One pose estimator: seconds for every picture but the first, people found in every one."""

    name: str
    seconds: list[float] = field(default_factory=list)
    people: list[int] = field(default_factory=list)


@dataclass
class StageTimes:
    """Seconds by stage, one value for every picture that went through the stage; pose by what was asked for."""

    by_stage: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    rest: list[float] = field(default_factory=list)  # a picture's sum over all stages but NOT_OURS
    poses: dict[str, PoseTimes] = field(default_factory=dict)


@dataclass
class LiveReport:
    """One live run: the loop's rates whenever a picture was drawn, and each one's age.

    shown: how old what is on the screen is, by the share of the time that it is no older: from the picture's capture
    until the next one is drawn in its place.
    """

    seconds: float = 0.0
    drawn: int = 0
    rates: list[Rates] = field(default_factory=list)
    shown: dict[float, float] = field(default_factory=dict)


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


class _Camera:
    """A clip forward and backward without end, `fps` pictures a second, as from a camera that is pointed at it.

    Nobody jumps at the turn, so people stay who they are as long as they would in front of a camera. The pictures are
    kept as JPEG, as which cameras send them.
    """

    live = False  # so that the loop waits for a picture's time
    duration = None
    fault = None
    trouble = ""

    def __init__(self, clip: Path, fps: float, seconds: float) -> None:
        with VideoFile(clip) as source:
            self.name, self.size, self.fps = source.name, source.size, fps
            forward = []
            while (frame := source.read()) is not None and frame.time <= seconds:
                forward.append(cv2.imencode(".jpg", frame.image)[1])
        self._pictures = forward + forward[-2:0:-1]
        self._index = 0

    def read(self) -> Frame | None:
        image = cv2.imdecode(self._pictures[self._index % len(self._pictures)], cv2.IMREAD_COLOR)
        self._index += 1
        return Frame(image, (self._index - 1) / self.fps, self._index - 1)

    def cancel(self) -> None:
        """Nothing: no read() waits here."""

    def close(self) -> None:
        """Nothing is held but memory."""


def measure_stages(
    clip: Path, model: Model, classifier: Classifier, poses: Sequence[str], people: int, seconds: float
) -> StageTimes:
    """All stages one after the other on every picture; windows and network as often a second of the clip as live.

    poses: names of pose estimators, see `estimators.parse_pose`. window: cutting and resampling all windows, and
    preparing the network's input. decide: taking the joints, and from scores to events.
    """
    times = StageTimes()
    watch = _Stopwatch(times)
    timed = classifier.engine = _TimedEngine(classifier.engine)
    tracker = Tracker()
    recognizer = PersonStates(model, forget=tracker.max_age)
    style = Style(frames=model.preparation.frames)
    scores, due = {}, 0.0
    with ExitStack() as opened:
        source = opened.enter_context(VideoFile(clip))
        opened_poses = {name: opened.enter_context(closing(estimators.open_pose(name, people))) for name in poses}
        times.poses = {name: PoseTimes(estimator.name) for name, estimator in opened_poses.items()}
        while True:
            with watch.stage("decode"):
                frame = source.read()
            if frame is None or frame.time > seconds:
                return times
            results = {}
            for name in _in_turn(poses, frame.index):
                began = time.perf_counter()
                results[name] = opened_poses[name].detect(frame)
                if frame.index > 0:  # the first one pays for what is loaded on demand
                    times.poses[name].seconds.append(time.perf_counter() - began)
                times.poses[name].people.append(len(results[name].persons))
            with watch.stage("track"):
                found = tracker.update(results[poses[0]])
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
            if frame.index > 0:
                watch.next_picture()
            watch.picture = {}


def _in_turn(names: Sequence[str], index: int) -> list[str]:
    """All of them, each one first as often as the others."""
    first = index % len(names)
    return [*names[first:], *names[:first]]


def measure_live(
    clip: Path, model: Model, classifier: Classifier, pose: str, people: int, seconds: float, fps: float | None = None
) -> LiveReport:
    """The live loop on the clip, with somebody looking: every new result is drawn.

    At the clip's own pace until it ends; with `fps` at that many pictures a second, forward and backward in turn.
    """
    report = LiveReport()
    source = VideoFile(clip) if fps is None else _Camera(clip, fps, seconds)
    loop = LiveLoop(source, estimators.open_pose(pose, people), classifier, model)
    style = Style(frames=model.preparation.frames)
    shown, age = None, AgeMeter(time.monotonic, span=2 * seconds + 60)
    began = time.monotonic()
    with loop:
        while not loop.finished and time.monotonic() - began < seconds:
            snapshot = loop.snapshot()
            if snapshot.frame is not shown:
                shown = snapshot.frame
                annotate(shown.image, snapshot.people, snapshot.events, snapshot.scores, model.skeleton, style)
                age.result(snapshot.captured)
                report.rates.append(snapshot.rates)
                report.drawn += 1
            time.sleep(POLL)
        report.seconds = time.monotonic() - began
        report.shown = {share: age.percentile(share) for share in SHARES.values()}
    if loop.error is not None:
        raise LiveStfError(loop.snapshot().message)
    return report


def main(arguments: list[str] | None = None) -> int:
    """Run the measurement; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=__doc__)
    parser.add_argument("clip", type=Path, metavar="CLIP", help="a video file with people in it")
    parser.add_argument("--model", default="everyday", help="name in models/, or a model's folder (default: everyday)")
    parser.add_argument("--engine", default="auto", choices=("auto", *ENGINES), help="what runs the network")
    parser.add_argument(
        "--pose",
        type=estimators.pose_list_argument,
        default=[estimators.DEFAULT_POSE],
        metavar="NAME[,NAME...]",
        help=f"{estimators.POSE_HELP}; several are compared",
    )
    parser.add_argument("--people", type=int, default=2, help="how many people at once (default: 2)")
    parser.add_argument("--width", type=int, help="measure a copy of the clip this many pixels wide, as a camera's")
    parser.add_argument("--height", type=int, help="with --width, and this many high: the clip inside, black around it")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of the clip (default: {SECONDS:g})")
    parser.add_argument("--fps", type=float, help="live, play the clip to and fro at this rate, as a camera's")
    options = parser.parse_args(arguments)
    if len(set(options.pose)) < len(options.pose):
        parser.error("--pose names an estimator twice")
    if options.fps is not None and not 0 < options.fps <= FASTEST:
        parser.error(f"--fps is {options.fps:g}, it has to be above 0 and at most {FASTEST:g}")
    if options.people < 1:
        parser.error(f"--people is {options.people}, it has to be 1 or more")
    if options.width is not None and options.width < 32:
        parser.error(f"--width is {options.width}, it has to be 32 or more")
    if options.height is not None and (options.width is None or options.height < 32):
        parser.error("--height has to be 32 or more, and goes with --width")
    return run_command(run, options)


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    with TemporaryDirectory() as folder:
        clip = options.clip
        if options.width is not None:
            clip = Path(folder) / clip.name
            scaled_copy(options.clip, clip, options.width, options.seconds, options.height)
        return measure(clip, options)


def scaled_copy(clip: Path, target: Path, width: int, seconds: float, height: int | None = None) -> None:
    """Write the first `seconds` of a clip again, `width` pixels wide; with `height` as large as fits, black around."""
    with VideoFile(clip) as source:
        size = width, round(source.size[1] * width / source.size[0])
        if height is not None and size[1] > height:
            size = round(source.size[0] * height / source.size[1]), height
        whole = size if height is None else (width, height)
        left, top = (whole[0] - size[0]) // 2, (whole[1] - size[1]) // 2
        picture = np.zeros((whole[1], whole[0], 3), np.uint8)
        with VideoWriter(target, whole, source.fps) as video:
            while (frame := source.read()) is not None and frame.time <= seconds:
                inside = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
                picture[top : top + size[1], left : left + size[0]] = inside
                video.write(replace(frame, image=picture))


def measure(clip: Path, options: argparse.Namespace) -> int:
    """Measure this clip and print."""
    model = load_model(options.model)
    with VideoFile(clip) as source:
        what = f"{clip.name}: {source.size[0]}x{source.size[1]}, {source.fps:.4g} pictures per second"
    classifier = open_classifier(model, options.engine)
    times = measure_stages(clip, model, classifier, options.pose, options.people, options.seconds)
    live = {
        name: measure_live(clip, model, classifier, name, options.people, options.seconds, options.fps)
        for name in options.pose
    }
    first = times.poses[options.pose[0]]
    console = Console()
    print(f"{what}; {np.mean(first.people):.1f} people on average")
    print(f"{model.name} on {classifier.engine_name}, pose by {first.name}; {machine()}")
    print("\none stage after the other, per picture:")
    console.print(stage_table(times))
    if len(times.poses) > 1:
        print("\npose estimators, all on every picture:")
        console.print(pose_table(times.poses))
    pace = "the clip's own pace" if options.fps is None else f"{options.fps:g} pictures per second"
    print(f"\nlive for {max(report.seconds for report in live.values()):.1f} s at {pace}:")
    console.print(live_table(live))
    return 0


def stage_table(times: StageTimes) -> Table:
    """Milliseconds a picture, stage by stage."""
    table = Table()
    table.add_column("stage")
    for heading in ("median ms", "95 % ms", "mean ms", "pictures"):
        table.add_column(heading, justify="right")
    for stage in STAGES:
        if stage == "pose":
            for name, times_of in times.poses.items():
                table.add_row(f"pose: {name}" if len(times.poses) > 1 else stage, *_milliseconds(times_of.seconds))
        else:
            table.add_row(stage, *_milliseconds(times.by_stage.get(stage, [])))
    table.add_section()
    table.add_row(f"everything but {' and '.join(NOT_OURS)}", *_milliseconds(times.rest))
    return table


def pose_table(poses: dict[str, PoseTimes]) -> Table:
    """Every pose estimator against the first one, on the same pictures.

    same number: share of the pictures in which it finds as many people as the first.
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
    """How the live loop kept up, with every pose estimator."""
    table = Table(show_header=len(reports) > 1)
    table.add_column("pose")
    for name in reports:
        table.add_column(name, justify="right")

    def row(what: str, value: Callable[[LiveReport], str]) -> None:
        table.add_row(what, *(value(report) if report.rates else "-" for report in reports.values()))

    for name, key in (("captured", "capture"), ("posed", "pose"), ("labelled", "label")):
        row(f"{name} per second", lambda live, key=key: f"{np.median([getattr(r, key) for r in live.rates]):.1f}")
    row("drawn per second", lambda live: f"{live.drawn / live.seconds:.1f}")
    row("dropped pictures", lambda live: str(live.rates[-1].dropped))
    row("dropped windows", lambda live: str(live.rates[-1].dropped_windows))
    for name, share in SHARES.items():
        row(
            f"frame age ms, {name}",
            lambda live, share=share: f"{1000 * np.quantile([r.frame_age for r in live.rates], share):.1f}",
        )
    for name, share in SHARES.items():
        row(f"age on the screen ms, {name}", lambda live, share=share: f"{1000 * live.shown[share]:.1f}")
    return table


def _milliseconds(seconds: list[float]) -> tuple[str, ...]:
    if not seconds:
        return "-", "-", "-", "0"
    values = np.median(seconds), np.percentile(seconds, 95), np.mean(seconds)
    return *(f"{1000 * value:.2f}" for value in values), str(len(seconds))


if __name__ == "__main__":
    sys.exit(main())
