"""Labels for a clip that may be looked at from both sides: windows around a time, not before it.

A live label trails behind what is done, because its window ends now. In a clip the window is centred on the time that
is asked about, so segments begin and end when the action does.
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
    """One person, or the scene, from appearing to leaving. Centres lie at start, start + stride, ..."""

    buffer: WindowBuffer | SceneBuffer
    decision: Decision
    start: float
    asked: int = 0  # centres whose windows were cut
    decided: int = 0  # those that were decided on
    label: str | None = None  # of the segment that is open
    label_start: float = 0.0
    label_scores: list[float] = field(default_factory=list)

    @property
    def newest(self) -> float:
        return self.buffer.newest


@dataclass(frozen=True, eq=False)
class Moment:
    """What was decided about a person at one centre."""

    event: Event
    scores: Scores | None  # None when too little was seen for asking the network


class Labeller:
    """Turns the tracked people of one clip, picture by picture, into segments.

    classifier: see `live_stf.engine`. model: its preparation, labels and decision settings are used; if its network
    looks at several people together, segments are of the scene. max_age: the tracker's; who is unseen for longer has
    left. A person who is seen for no longer than the window is classified once, by all there is.
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
        """Take everybody seen in the next picture; returns the segments that this closes."""
        self._time = people.time
        closed = self._end([t for t in self._tracks.values() if people.time - t.newest > self._patience])
        for identity, persons in observations(people, self._together):
            track = self._tracks.get(identity)
            if track is None:
                history = 2 * self._span + self._stride  # a window is asked for when the first full one could be
                buffer = open_buffer(identity, people.size, self._span, self._frames, history)
                decision = Decision(identity, self._labels, self._settings)
                track = self._tracks[identity] = _Track(buffer, decision, people.time)
            track.buffer.add_persons(people.time, persons)
        ready = [(track, window) for track in self._tracks.values() for window in self._complete(track, people.time)]
        return closed + self._decide(ready)

    def finish(self, end: float | None = None) -> list[Segment]:
        """The clip is over; returns the segments that were open.

        end: seconds, until when the last picture is shown; whoever is in it is there until then.
        """
        if end is not None and self._time is not None:
            end = max(end, self._time)
        return self._end(list(self._tracks.values()), end)

    def moments(self, time: float) -> dict[int, Moment]:
        """What was decided, by identity, about everybody for the moment nearest to `time`."""
        nearest = {}
        for identity, moments in self._moments.items():
            after = bisect.bisect_left(moments, time, key=lambda moment: moment.event.time)
            around = moments[max(after - 1, 0) : after + 1]
            nearest[identity] = min(around, key=lambda moment: abs(moment.event.time - time))
        return nearest

    def _complete(self, track: _Track, now: float) -> list[Window]:
        """Windows around centres for which all has been seen that will be."""
        windows = []
        while track.newest >= track.start + self._span:
            centre = self._centre(track)
            if centre + self._span / 2 > now or centre > track.newest:
                break
            windows.append(self._around(track, centre))
        return windows

    def _rest(self, track: _Track) -> list[Window]:
        """Windows that were still to be asked for when a person left."""
        if track.asked == 0 and track.newest <= track.start + self._span:
            track.asked = 1
            return [track.buffer.window(time=(track.start + track.newest) / 2)]
        windows = []
        while self._centre(track) <= track.newest:
            windows.append(self._around(track, self._centre(track)))
        return windows

    def _centre(self, track: _Track) -> float:
        return track.start + track.asked * self._stride

    def _around(self, track: _Track, centre: float) -> Window:
        track.asked += 1
        first, last = max(centre - self._span / 2, track.start), min(centre + self._span / 2, track.newest)
        return track.buffer.window(end=last, start=first, time=centre)

    def _decide(self, asked: list[tuple[_Track, Window]]) -> list[Segment]:
        closed = []
        enough = [window for _, window in asked if window.filled * self._span >= self._least]
        answers = iter(self._classifier.classify(enough) if enough else [])
        for track, window in asked:
            if window.filled * self._span >= self._least:
                answer = next(answers)
                event = track.decision.update(window.time, answer.probabilities, window.filled)
            else:
                answer, event = None, track.decision.filling(window.time, window.filled)
            self._moments.setdefault(track.buffer.identity, []).append(Moment(event, answer))
            if event.label != track.label:
                # Half-way between this centre and the one before.
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
