"""Labels for a whole clip, with windows around a time instead of before it.

A live label lags behind the action, because its window ends now. In a clip the window is centred on the time that it
labels, so segments begin and end when the action does.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field

from live_stf.clips.segments import Segment
from live_stf.decision import Decision
from live_stf.engine import Classifier
from live_stf.model import Model
from live_stf.preparation.window_buffer import SceneBuffer, WindowBuffer, observations, open_buffer
from live_stf.types import Event, People, Scores, State, Window

STRIDE = 0.5  # seconds from one centre to the next


@dataclass
class _Track:
    """One person, or the scene, from appearing to leaving. Window centres are at start, start + stride, ..."""

    buffer: WindowBuffer | SceneBuffer
    decision: Decision
    start: float
    cut: int = 0  # centres whose windows were cut
    decided: int = 0  # centres with a decision
    label: str | None = None  # of the open segment
    label_start: float = 0.0
    label_scores: list[float] = field(default_factory=list)

    @property
    def newest(self) -> float:
        return self.buffer.newest


@dataclass(frozen=True, eq=False)
class Moment:
    """The decision about a person at one window centre."""

    event: Event
    scores: Scores | None  # None if the person was seen for too short a time


class Labeller:
    """Turns the tracked people of one clip, frame by frame, into segments.

    A person who is seen for no longer than a window is classified once, from everything that was seen.

    clip: the name of the clip. model: its preparation, labels and decision settings are used; if its network takes
    several bodies together, segments are of the scene. stride: seconds from one window centre to the next. max_age: the
    tracker's; a person who is not seen for longer has left.
    """

    def __init__(
        self,
        clip: str,
        classifier: Classifier,
        model: Model,
        stride: float = STRIDE,
        max_age: float = 1.0,
    ) -> None:
        self._clip = clip
        self._classifier = classifier
        self._span = model.preparation.span
        self._frames = model.preparation.frames
        self._settings = model.decision
        self._labels = model.labels
        self._stride = stride
        self._together = model.preparation.bodies > 1
        self._patience = min(max_age, self._span)
        # A window at a person's first or last moment has half a span.
        self._least = min(self._settings.minimum_seen, self._span / 2)
        self._tracks: dict[int, _Track] = {}
        self._moments: dict[int, list[Moment]] = {}
        self._time: float | None = None

    def observe(self, people: People) -> list[Segment]:
        """Add the persons of the next frame, and return the segments that have ended."""
        self._time = people.time
        closed = self._end([t for t in self._tracks.values() if people.time - t.newest > self._patience])
        for identity, persons in observations(people, self._together):
            track = self._tracks.get(identity)
            if track is None:
                history = 2 * self._span + self._stride  # the first windows are cut once a full one is possible
                buffer = open_buffer(identity, people.size, self._span, self._frames, history)
                decision = Decision(identity, self._labels, self._settings)
                track = self._tracks[identity] = _Track(buffer, decision, people.time)
            track.buffer.add_persons(people.time, persons)
        ready = [(track, window) for track in self._tracks.values() for window in self._complete(track, people.time)]
        return closed + self._decide(ready)

    def finish(self, end: float | None = None) -> list[Segment]:
        """End the clip and return the segments that were open.

        end: the time in seconds at which the last frame ends; the segments of whoever is in it last until then.
        """
        if end is not None and self._time is not None:
            end = max(end, self._time)
        return self._end(list(self._tracks.values()), end)

    def moments(self, time: float) -> dict[int, Moment]:
        """Return the decision nearest to `time` for every person, by identity."""
        nearest = {}
        for identity, moments in self._moments.items():
            after = bisect.bisect_left(moments, time, key=lambda moment: moment.event.time)
            around = moments[max(after - 1, 0) : after + 1]
            nearest[identity] = min(around, key=lambda moment: abs(moment.event.time - time))
        return nearest

    def _complete(self, track: _Track, now: float) -> list[Window]:
        """Cut the windows that no later frame can change."""
        windows = []
        while track.newest >= track.start + self._span:
            centre = self._centre(track)
            if centre + self._span / 2 > now or centre > track.newest:
                break
            windows.append(self._around(track, centre))
        return windows

    def _rest(self, track: _Track) -> list[Window]:
        """Cut the windows that were still missing when the person left."""
        if track.cut == 0 and track.newest <= track.start + self._span:
            track.cut = 1
            return [track.buffer.window(time=(track.start + track.newest) / 2)]
        windows = []
        while self._centre(track) <= track.newest:
            windows.append(self._around(track, self._centre(track)))
        return windows

    def _centre(self, track: _Track) -> float:
        return track.start + track.cut * self._stride

    def _around(self, track: _Track, centre: float) -> Window:
        track.cut += 1
        first, last = max(centre - self._span / 2, track.start), min(centre + self._span / 2, track.newest)
        return track.buffer.window(end=last, start=first, time=centre)

    def _decide(self, cut: list[tuple[_Track, Window]]) -> list[Segment]:
        closed = []
        enough = [window for _, window in cut if window.filled * self._span >= self._least]
        answers = iter(self._classifier.classify(enough) if enough else [])
        for track, window in cut:
            if window.filled * self._span >= self._least:
                answer = next(answers)
                event = track.decision.update(window.time, answer.probabilities, window.filled)
            else:
                answer, event = None, track.decision.filling(window.time, window.filled)
            self._moments.setdefault(track.buffer.identity, []).append(Moment(event, answer))
            if event.label != track.label:
                # Halfway between this centre and the one before.
                edge = window.time - self._stride / 2 if track.decided else track.start
                closed += self._close(track, edge)
                track.label, track.label_start = event.label, edge
            if event.state is State.LABEL:
                track.label_scores.append(event.score)
            track.decided += 1
        return closed

    def _end(self, tracks: list[_Track], end: float | None = None) -> list[Segment]:
        closed = self._decide([(track, window) for track in tracks for window in self._rest(track)])
        for track in tracks:
            until = end if end is not None and track.newest == self._time else track.newest
            closed += self._close(track, until)
            del self._tracks[track.buffer.identity]
        return closed

    def _close(self, track: _Track, end: float) -> list[Segment]:
        label, scores = track.label, track.label_scores
        track.label, track.label_scores = None, []
        if label is None:
            return []
        score = sum(scores) / len(scores)
        return [Segment(self._clip, track.buffer.identity, label, score, track.label_start, end)]
