"""One clip from beginning to end: every picture through pose and tracking, into segments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from live_stf.clips.labeller import Labeller
from live_stf.clips.segments import Segment, SegmentWriter
from live_stf.engine import Classifier
from live_stf.model import Model
from live_stf.pose.estimator import PoseEstimator
from live_stf.pose.tracking import Tracker
from live_stf.sources.source import Source
from live_stf.types import SCENE, Event, Frame, People, Scores

# (picture, people, events and scores by identity) -> painted picture
Painter = Callable[[np.ndarray, People, dict[int, Event], dict[int, Scores]], np.ndarray]


@dataclass
class LabelledClip:
    """What is known of a clip.

    length: seconds that were read. people: everybody in every picture, in order. fault: as the source's.
    """

    name: str
    segments: list[Segment] = field(default_factory=list)
    people: list[People] = field(default_factory=list)
    length: float = 0.0
    fault: str | None = None
    labeller: Labeller | None = None

    @property
    def nobody(self) -> bool:
        """No picture has a person in it."""
        return not any(people.persons for people in self.people)

    def at(self, index: int) -> tuple[People, dict[int, Event], dict[int, Scores]]:
        """The people of picture `index`, and events and scores by identity as decided for its time."""
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


def label_clip(
    clip: LabelledClip,
    source: Source,
    pose: PoseEstimator,
    classifier: Classifier,
    model: Model,
    writer: SegmentWriter,
    progress: Callable[[Frame], None] = lambda frame: None,
) -> None:
    """Label all pictures of a source that was just opened. `clip` is filled and segments are written as they are known.

    What breaks off the work, a KeyboardInterrupt too, comes through after what was seen until then is labelled and
    written.
    """
    tracker = Tracker()
    clip.labeller = Labeller(clip.name, classifier, model, max_age=tracker.max_age)

    def keep(segments: list[Segment]) -> None:
        for segment in segments:
            writer.write(segment)
            clip.segments.append(segment)

    step = 1.0 / source.fps if source.fps else 0.0
    try:
        while (frame := source.read()) is not None:
            people = tracker.update(pose.detect(frame))
            clip.people.append(people)
            clip.length = frame.time + step
            keep(clip.labeller.observe(people))
            progress(frame)
    finally:
        clip.fault = source.fault
        keep(clip.labeller.finish(clip.length))


def painted(clip: LabelledClip, source: Source, paint: Painter) -> Iterator[Frame]:
    """The pictures of a labelled clip, read once more and painted. Centred labels are known only after the pictures."""
    for index in range(len(clip.people)):
        frame = source.read()
        if frame is None:
            return
        yield Frame(paint(frame.image, *clip.at(index)), frame.time, frame.index)
