"""Label one clip from beginning to end: every frame through pose estimation and tracking, into segments."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from live_stf.clips.labeller import Labeller
from live_stf.clips.segments import Segment, SegmentWriter
from live_stf.engine import Classifier, open_classifier
from live_stf.model import Model, load_model
from live_stf.pose.estimator import PoseEstimator
from live_stf.pose.estimators import DEFAULT_POSE, open_pose
from live_stf.pose.tracking import Tracker
from live_stf.sources.recording import SUFFIX, RecordedPose, RecordedSource, is_recording
from live_stf.sources.source import Source
from live_stf.sources.video_file import VideoFile
from live_stf.types import SCENE, Event, Frame, People, Scores

log = logging.getLogger(__name__)

# (image, people, events and scores by identity) -> painted image
Painter = Callable[[np.ndarray, People, dict[int, Event], dict[int, Scores]], np.ndarray]


class LabelledClip:
    """The results of a clip, filled in by `label_clip`.

    segments: in the order in which they ended. people: everybody in every frame, in order. length: seconds that were
    read. fault: the fault of the source, None if there is none.
    """

    def __init__(self, name: str, classifier: Classifier, model: Model) -> None:
        self.name = name
        self.model = model
        self.tracker = Tracker()
        self.labeller = Labeller(name, classifier, model, max_age=self.tracker.max_age)
        self.segments: list[Segment] = []
        self.people: list[People] = []
        self.length = 0.0
        self.fault: str | None = None

    @property
    def empty(self) -> bool:
        """Whether no frame has a person in it."""
        return not any(people.persons for people in self.people)

    def at(self, index: int) -> tuple[People, dict[int, Event], dict[int, Scores]]:
        """Return the people of frame `index`, and the events and scores for its time by identity."""
        people = self.people[index]
        moments = self.labeller.moments(people.time)
        present = [person.identity for person in people.persons]
        seen = [identity for identity in (*present, *([SCENE] if present else [])) if identity in moments]
        scores = {identity: moments[identity].scores for identity in seen}
        return (
            people,
            {identity: moments[identity].event for identity in seen},
            {identity: answer for identity, answer in scores.items() if answer is not None},
        )


def label(
    path: str | Path, model: str | Path = "everyday", engine: str = "auto", pose: str = DEFAULT_POSE, people: int = 2
) -> list[Segment]:
    """Label what people do in a video file, and return the segments sorted by start.

    The windows are centred on the time that they label, so segments begin and end when the action does.

    path: a video file, or joints recorded by the live window. model: a name in models/, or a model's folder. engine,
    pose: what runs the network, and what finds people, as on the command line. people: the most people to look for.

    Raises SourceError if the file cannot be read, and ModelError, PoseError or AssetError if something it needs cannot
    be opened. If the file is damaged or cut short, a warning says so and the segments up to there are returned.

    Examples
    --------
    >>> import live_stf
    >>> for segment in live_stf.label("clip.mp4"):
    ...     print(f"{segment.start:6.1f} s to {segment.end:6.1f} s: person {segment.person}: {segment.label}")
    """
    path = Path(path)
    loaded = load_model(model)
    with open_clip(path) as source:
        classifier = open_classifier(loaded, engine)
        clip = LabelledClip(clip_name(path), classifier, loaded)
        with closing(open_pose_for(source, pose, people)) as estimator:
            label_clip(clip, source, estimator)
    if clip.fault is not None:
        warnings.warn(clip.fault, stacklevel=2)
    return sorted(clip.segments, key=lambda segment: (segment.start, segment.person))


def label_clip(
    clip: LabelledClip,
    source: Source,
    pose: PoseEstimator,
    writer: SegmentWriter | None = None,
    progress: Callable[[Frame], None] = lambda frame: None,
) -> None:
    """Label all frames of a source that was just opened; fills in `clip` and writes segments as soon as they end.

    progress: called with every frame that is done. An exception, KeyboardInterrupt included, is raised after everything
    before it was labelled and written.
    """

    def keep(segments: list[Segment]) -> None:
        for segment in segments:
            if writer is not None:
                writer.write(segment)
            clip.segments.append(segment)

    step = 1.0 / source.fps if source.fps else 0.0
    try:
        while (frame := source.read()) is not None:
            people = clip.tracker.update(pose.detect(frame))
            clip.people.append(people)
            clip.length = frame.time + step
            keep(clip.labeller.observe(people))
            progress(frame)
    finally:
        clip.fault = source.fault
        keep(clip.labeller.finish(clip.length))


def painted(clip: LabelledClip, source: Source, paint: Painter) -> Iterator[Frame]:
    """Read the frames of a labelled clip again and yield them painted.

    They are read twice because the labels of a centred window are known only some time after the frame.
    """
    for index in range(len(clip.people)):
        frame = source.read()
        if frame is None:
            return
        yield Frame(paint(frame.image, *clip.at(index)), frame.time, frame.index)


def open_clip(path: Path) -> VideoFile | RecordedSource:
    """Open a video file, or recorded joints if the name ends like theirs. Raises SourceError if it cannot be read."""
    return RecordedSource(path) if is_recording(path) else VideoFile(path)


def open_pose_for(source: Source, pose: str, people: int, notify: Callable[[str], None] = log.info) -> PoseEstimator:
    """Open the pose estimator of a clip: recorded joints bring their own, everything else is estimated by `pose`."""
    return RecordedPose(source) if isinstance(source, RecordedSource) else open_pose(pose, people, notify=notify)


def clip_name(path: Path) -> str:
    """The name of a clip: the file's name without folder and suffix."""
    return path.name.removesuffix(SUFFIX) if path.name.endswith(SUFFIX) else path.stem
