"""Label what people do in video files or recorded joints: segments as JSON lines, on request an annotated video."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from live_stf.cli.program import INTERRUPTED, WRONG, print_error, run_command
from live_stf.clips.labelling import LabelledClip, label_clip, painted
from live_stf.clips.segments import SegmentWriter
from live_stf.clips.video_writer import VideoWriter
from live_stf.engine import ENGINES, open_classifier
from live_stf.errors import LiveStfError, SourceError
from live_stf.model import Model, load_model
from live_stf.pose import estimators
from live_stf.sources.recording import SUFFIX, RecordedPose, RecordedSource, is_recording
from live_stf.sources.video_file import VideoFile


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit status: 0, 2 where a clip could not be read to its end, 130 after Ctrl-C."""
    options = parse(arguments)
    return run_command(lambda: Batch(options).run())


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Command line to options; a wrong one ends the program with status 2."""
    parser = argparse.ArgumentParser(prog="live-stf label", description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP", help="a video file or recorded joints")
    parser.add_argument("--output", type=Path, default=Path("output"), metavar="DIR", help="results (default: output)")
    parser.add_argument("--model", default="everyday", help="name in models/, or a model's folder (default: everyday)")
    parser.add_argument("--engine", default="auto", choices=("auto", *ENGINES), help="what runs the network")
    parser.add_argument(
        "--pose",
        type=estimators.pose_argument,
        default=estimators.DEFAULT_POSE,
        metavar="NAME",
        help=estimators.POSE_HELP,
    )
    parser.add_argument("--people", type=int, default=2, help="how many people at once (default: 2)")
    parser.add_argument("--annotate", action="store_true", help="also write a video with skeletons and labels")
    options = parser.parse_args(arguments)
    if options.people < 1:
        parser.error(f"--people is {options.people}, it has to be 1 or more")
    return options


class Batch:
    """Clips one after the other; one that cannot be read does not stop the others."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.model: Model = load_model(options.model)
        self.labelled: list[LabelledClip] = []
        self.written: list[tuple[str, Path]] = []
        self.remarks: list[str] = []
        self.status = 0

    @cached_property
    def classifier(self):
        return open_classifier(self.model, self.options.engine, notify=lambda line: print(line, file=sys.stderr))

    def run(self) -> int:
        interrupted = False
        try:
            for path, name in zip(self.options.clips, unique_names(self.options.clips), strict=True):
                try:
                    self._do(path, name)
                except LiveStfError as error:
                    self._fail(error)
                except OSError as error:
                    self._fail(f"{error.filename or path}: {error.strerror or error}")
        except KeyboardInterrupt:
            interrupted = True
        self._report()
        return INTERRUPTED if interrupted else self.status

    def _do(self, path: Path, name: str) -> None:
        clip = LabelledClip(name)
        with open_clip(path) as source:
            labels, annotated = (self.options.output / f"{name}{suffix}" for suffix in (".jsonl", ".mp4"))
            for result, what in ((labels, "labels"), (annotated, "annotated video")):
                wanted = result is labels or self.options.annotate
                if wanted and result.exists() and result.samefile(path):
                    raise SourceError(f"{path}: the {what} would replace it; choose another folder with --output")
            total = round((source.duration or 0) * source.fps) or None
            # Not before the clip was opened: a wrong name is said at once, not after a second of loading.
            if isinstance(source, RecordedSource):
                opened = RecordedPose(source)
            else:
                opened = estimators.open_pose(self.options.pose, self.options.people, notify=self._remark)
            with closing(opened) as pose, SegmentWriter(labels) as writer:
                self.written.append(("labels", writer.path))
                self.labelled.append(clip)
                with progress_bar(f"{name}: labelling", total) as advance:
                    label_clip(clip, source, pose, self.classifier, self.model, writer, lambda frame: advance())
        if clip.fault is not None:
            self._fail(f"{clip.fault}; what was found until there is kept")
        if said := remark(clip, self.model):
            print(f"{path}: {said}", file=sys.stderr)
        if self.options.annotate:
            self._annotate(path, clip, annotated)

    def _remark(self, line: str) -> None:
        if line not in self.remarks:  # once, not for every clip
            self.remarks.append(line)
            print(line, file=sys.stderr)

    def _annotate(self, path: Path, clip: LabelledClip, target: Path) -> None:
        from live_stf.ui.overlay import Style, annotate

        style = Style(frames=self.model.preparation.frames)

        def paint(image, people, events, scores):
            return annotate(image, people, events, scores, self.model.skeleton, style)

        with (
            open_clip(path) as source,
            VideoWriter(target, source.size, source.fps) as video,
            progress_bar(f"{clip.name}: painting", len(clip.people)) as advance,
        ):
            self.written.append(("annotated video", target))
            for frame in painted(clip, source, paint):
                video.write(frame)
                advance()

    def _fail(self, problem: object) -> None:
        self.status = WRONG
        print_error(problem)

    def _report(self) -> None:
        if any(clip.segments for clip in self.labelled):
            Console().print(table(self.labelled))
        for what, path in self.written:
            print(f"{what}: {path}")


def open_clip(path: Path) -> VideoFile | RecordedSource:
    """A video file or recorded joints, by the name's ending."""
    return RecordedSource(path) if is_recording(path) else VideoFile(path)


def unique_names(paths: Sequence[Path]) -> list[str]:
    """What the results of every clip are called: its name without suffix, with it where two would be the same."""

    def stem(path: Path) -> str:
        return path.name.removesuffix(SUFFIX) if path.name.endswith(SUFFIX) else path.stem

    names: list[str] = []
    for path in paths:
        alike = [other for other in paths if stem(other) == stem(path)]
        name = stem(path) if len(alike) == 1 else path.name
        count = names.count(name)
        while name in names:
            count += 1
            name = f"{path.name}-{count}"
        names.append(name)
    return names


def remark(clip: LabelledClip, model: Model) -> str:
    """What a user should know about a clip beside its labels: one line, empty when there is nothing to say."""
    if clip.nobody:
        return "nobody was seen in it"
    least = model.decision.minimum_seen
    if clip.length < least:
        return f"{clip.length:.1f} s long, but a person has to be seen for {least:g} s to get a label"
    said = []
    if clip.length < model.preparation.span:
        said.append(
            f"{clip.length:.1f} s long, shorter than the {model.preparation.span:g} s that the model looks at: "
            "what is there is repeated"
        )
    if not clip.segments:
        said.append("people were seen, but nothing they do was recognised with enough certainty")
    return "; ".join(said)


def table(clips: Sequence[LabelledClip]) -> Table:
    """All segments for people to read."""
    listed = Table()
    for heading, justify in (("clip", "left"), ("person", "right"), ("label", "left")):
        listed.add_column(heading, justify=justify, overflow="fold")
    for heading in ("start", "end", "score"):
        listed.add_column(heading, justify="right", no_wrap=True)
    for clip in clips:
        for s in sorted(clip.segments, key=lambda segment: (segment.start, segment.person)):
            listed.add_row(clip.name, str(s.person), s.label, f"{s.start:.2f} s", f"{s.end:.2f} s", f"{s.score:.2f}")
    return listed


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f} frames/s")


@contextmanager
def progress_bar(description: str, total: int | None) -> Iterator:
    """A bar with frames per second and time left; gives a function to call after every frame."""
    percent = TextColumn("{task.percentage:>3.0f} %")
    columns = (TextColumn("{task.description}"), BarColumn(), percent, _Speed(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(description, total=total)
        yield lambda: progress.advance(task)
