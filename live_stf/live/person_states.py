"""What is known of everybody in the picture: one window buffer and one decision a person, or one for all."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from live_stf.decision import Decision, DecisionSettings
from live_stf.model import Model
from live_stf.preparation.window_buffer import SceneBuffer, WindowBuffer, observations, open_buffer
from live_stf.types import Event, People, Scores, State, Window


class PersonStates:
    """Keeps the motion of every tracked person and turns the network's answers into events.

    model: its preparation, labels and decision settings are used. If its network looks at several people together,
    there is the scene in place of the persons: one window with everybody in it, one decision, identity SCENE. A person,
    or the scene, who was not seen for `forget` seconds is forgotten; it has to be at least the tracker's max_age.
    `observe` may run in another thread than `windows` and `decide`.
    """

    def __init__(self, model: Model, forget: float = 1.0) -> None:
        self._span = model.preparation.span
        self._frames = model.preparation.frames
        self._settings = model.decision
        self._labels = model.labels
        self._forget = forget
        self._together = model.preparation.bodies > 1
        self._buffers: dict[int, WindowBuffer | SceneBuffer] = {}
        self._decisions: dict[int, Decision] = {}
        self._events: dict[int, Event] = {}
        self._windowed: dict[int, float] = {}  # time of the newest window given out, by identity
        self._gone: list[Event] = []
        self._lock = threading.Lock()

    def observe(self, people: People) -> None:
        """Take everybody seen in one picture; persons without an identity are left out."""
        with self._lock:
            for identity, seen in observations(people, self._together):
                buffer = self._buffers.get(identity)
                if buffer is None or buffer.size != people.size:
                    buffer = self._buffers[identity] = open_buffer(identity, people.size, self._span, self._frames)
                    self._decisions[identity] = Decision(identity, self._labels, self._settings)
                buffer.add(people.time, seen)
                if self._is_filling(buffer):
                    self._events[identity] = self._decisions[identity].filling(people.time, buffer.filled)
            self._expire(people.time)

    def expire(self, time: float) -> None:
        """It is `time` seconds now, and no picture has come: whoever was not seen for too long is forgotten."""
        with self._lock:
            self._expire(time)

    def _expire(self, time: float) -> None:
        for identity in [i for i, b in self._buffers.items() if time - b.newest > self._forget]:
            self._gone.append(Event(identity, time, State.NO_PERSON))
            for held in (self._buffers, self._decisions, self._events, self._windowed):
                held.pop(identity, None)

    def windows(self) -> list[Window]:
        """A window of everybody who was seen long enough and since the last time this was asked."""
        with self._lock:
            fresh = [
                buffer
                for identity, buffer in self._buffers.items()
                if not self._is_filling(buffer) and buffer.newest > self._windowed.get(identity, float("-inf"))
            ]
            for buffer in fresh:
                self._windowed[buffer.identity] = buffer.newest
            return [buffer.window() for buffer in fresh]

    def decide(self, scores: Iterable[Scores]) -> list[Event]:
        """Take the network's answers; returns what is known of everybody now.

        A person who was forgotten since the last call is in the list once more, in state NO_PERSON.
        """
        with self._lock:
            for answer in scores:
                # Somebody may have gone, or be filling again after a gap, while the network was at work.
                buffer = self._buffers.get(answer.identity)
                if buffer is not None and not self._is_filling(buffer):
                    self._events[answer.identity] = self._decisions[answer.identity].update(
                        answer.time, answer.probabilities, buffer.filled
                    )
            gone, self._gone = self._gone, []
            return [*self._events.values(), *gone]

    def decide_by(self, settings: DecisionSettings) -> None:
        """Decide by these settings from now on. Who has a label keeps it for as long as they allow."""
        with self._lock:
            self._settings = settings
            for decision in self._decisions.values():
                decision.decide_by(settings)

    def events(self) -> dict[int, Event]:
        """The newest event of everybody in the picture, by identity."""
        with self._lock:
            return dict(self._events)

    def _is_filling(self, buffer: WindowBuffer | SceneBuffer) -> bool:
        return buffer.seen < min(self._settings.minimum_seen, self._span)
