"""Label many clips, one after the other, into a folder of results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path

from live_stf.clips.frame_progress import progress_bar
from live_stf.clips.labelling import LabelledClip, Painter, clip_name, label_clip, open_clip, open_pose_for, painted
from live_stf.clips.segments import SegmentWriter
from live_stf.clips.video_writer import VideoWriter
from live_stf.engine import Classifier, open_classifier
from live_stf.errors import LiveStfError, SourceError
from live_stf.model import Model
from live_stf.pose.estimators import DEFAULT_POSE


class Batch:
    """Labels clips one after the other. A clip that cannot be read does not stop the others.

    For each clip, `output` gets a file of segments, NAME.jsonl, and with `paint` an annotated video, NAME.mp4. engine,
    pose, people: as in `live_stf.label`. notify: called with one line about something that the user should know.
    report_error: called with one line about what failed. The results are in `clips` and `written`, and `failed` is True
    if anything failed.
    """

    def __init__(
        self,
        model: Model,
        output: Path,
        engine: str = "auto",
        pose: str = DEFAULT_POSE,
        people: int = 2,
        paint: Painter | None = None,
        notify: Callable[[str], None] = print,
        report_error: Callable[[object], None] = print,
    ) -> None:
        self.model = model
        self.clips: list[LabelledClip] = []
        self.written: list[tuple[str, Path]] = []  # what it is, and its file
        self.failed = False
        self._output, self._engine, self._pose, self._people = output, engine, pose, people
        self._paint = paint
        self._notify, self._report_error = notify, report_error
        self._notices: set[str] = set()

    @cached_property
    def _classifier(self) -> Classifier:
        return open_classifier(self.model, self._engine, notify=self._notify)

    def run(self, paths: Sequence[Path]) -> None:
        """Label all clips. KeyboardInterrupt comes through once the labels found until then are written."""
        for path, name in zip(paths, unique_names(paths), strict=True):
            try:
                self._label(path, name)
            except LiveStfError as error:
                self._fail(error)
            except OSError as error:
                self._fail(f"{error.filename or path}: {error.strerror or error}")

    def _label(self, path: Path, name: str) -> None:
        labels, annotated = (self._output / f"{name}{suffix}" for suffix in (".jsonl", ".mp4"))
        with open_clip(path) as source:  # first, so that a wrong name is reported before anything is loaded
            _refuse_to_replace(path, labels, "labels")
            if self._paint is not None:
                _refuse_to_replace(path, annotated, "annotated video")
            total = round((source.duration or 0) * source.fps) or None
            with (
                closing(open_pose_for(source, self._pose, self._people, self._notify_once)) as pose,
                SegmentWriter(labels) as writer,
            ):
                self.written.append(("labels", labels))
                clip = LabelledClip(name, self._classifier, self.model)
                self.clips.append(clip)
                with progress_bar(f"{name}: labelling", total) as advance:
                    label_clip(clip, source, pose, writer, lambda frame: advance())
        if clip.fault is not None:
            self._fail(f"{clip.fault}; the labels found before that are kept")
        if text := remark(clip):
            self._notify(f"{path}: {text}")
        if self._paint is not None:
            self._annotate(path, clip, annotated, self._paint)

    def _annotate(self, path: Path, clip: LabelledClip, target: Path, paint: Painter) -> None:
        with (
            open_clip(path) as source,
            VideoWriter(target, source.size, source.fps) as video,
            progress_bar(f"{clip.name}: painting", len(clip.people)) as advance,
        ):
            self.written.append(("annotated video", target))
            for frame in painted(clip, source, paint):
                video.write(frame)
                advance()

    def _notify_once(self, line: str) -> None:
        """Notify of what holds for all clips the first time only."""
        if line not in self._notices:
            self._notices.add(line)
            self._notify(line)

    def _fail(self, problem: object) -> None:
        self.failed = True
        self._report_error(problem)


def _refuse_to_replace(clip: Path, result: Path, what: str) -> None:
    if result.exists() and result.samefile(clip):
        raise SourceError(f"{clip}: the {what} would replace it; choose another folder with --output")


def unique_names(paths: Sequence[Path]) -> list[str]:
    """Return a name for the results of each clip: without suffix, or with it if two clips would share a name."""
    names: list[str] = []
    for path in paths:
        alike = [other for other in paths if clip_name(other) == clip_name(path)]
        name = clip_name(path) if len(alike) == 1 else path.name
        count = names.count(name)
        while name in names:
            count += 1
            name = f"{path.name}-{count}"
        names.append(name)
    return names


def remark(clip: LabelledClip) -> str:
    """Return one line about why a clip has few labels or none; empty if there is nothing to say."""
    if clip.empty:
        return "nobody was seen in it"
    least, span = clip.model.decision.minimum_seen, clip.model.preparation.span
    if clip.length < least:
        return f"{clip.length:.1f} s long, but a person has to be seen for {least:g} s to get a label"
    remarks = []
    if clip.length < span:
        remarks.append(
            f"{clip.length:.1f} s long, shorter than the {span:g} s that the model looks at: the clip is repeated"
        )
    if not clip.segments:
        remarks.append("people were seen, but nothing they do was recognised with enough certainty")
    return "; ".join(remarks)
