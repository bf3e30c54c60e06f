"""What every person in view is doing: one window buffer and one decision for each, or one for the whole scene."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from live_stf.decision import Decision, DecisionSettings
from live_stf.model import Model
from live_stf.preparation.window_buffer import SceneBuffer, WindowBuffer, observations, open_buffer
from live_stf.types import Event, People, Scores, State, Window


class PersonStates:
    """Keeps the motion of every tracked person and turns the network's answers into events.

    model: its preparation and labels are used. If its network takes several bodies together, the scene stands in place
    of the persons: one window with everybody in it, one decision, identity SCENE. decision: used in place of the
    model's own settings. forget: seconds after which a person, or the scene, who is not seen is removed; at least the
    tracker's max_age.

    `observe` may run in another thread than `windows` and `decide`.
    """

    def __init__(self, model: Model, decision: DecisionSettings | None = None, forget: float = 1.0) -> None:
        self._model = model
        self._settings = model.decision if decision is None else decision
        self._forget = forget
        self._together = model.preparation.bodies > 1
        self._buffers: dict[int, WindowBuffer | SceneBuffer] = {}
        self._decisions: dict[int, Decision] = {}
        self._events: dict[int, Event] = {}
        self._windowed: dict[int, float] = {}  # time of the newest window given out, by identity
        self._gone: list[Event] = []
        self._lock = threading.Lock()

    def observe(self, people: People) -> None:
        """Add the persons of one frame; persons without an identity are left out."""
        preparation = self._model.preparation
        with self._lock:
            for identity, persons in observations(people, self._together):
                buffer = self._buffers.get(identity)
                if buffer is None or buffer.size != people.size:
                    buffer = open_buffer(identity, people.size, preparation.span, preparation.frames)
                    self._buffers[identity] = buffer
                    self._decisions[identity] = Decision(identity, self._model.labels, self._settings)
                buffer.add_persons(people.time, persons)
                if self._is_filling(buffer):
                    self._events[identity] = self._decisions[identity].filling(people.time, buffer.filled)
            self._expire(people.time)

    def expire(self, time: float) -> None:
        """Remove whoever was not seen for too long, although no frame has come by `time` seconds."""
        with self._lock:
            self._expire(time)

    def _expire(self, time: float) -> None:
        for identity in [i for i, b in self._buffers.items() if time - b.newest > self._forget]:
            self._gone.append(Event(identity, time, State.NO_PERSON))
            del self._buffers[identity], self._decisions[identity]
            self._events.pop(identity, None)
            self._windowed.pop(identity, None)

    def windows(self) -> list[Window]:
        """Return a window of every person who was seen long enough, and again since the last call."""
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
        """Take the network's answers and return the newest event of every person.

        A person who was removed since the last call is in the list once more, in state NO_PERSON.
        """
        with self._lock:
            for answer in scores:
                # The person may have left, or be filling again after a gap, while the network was running.
                buffer = self._buffers.get(answer.identity)
                if buffer is not None and not self._is_filling(buffer):
                    self._events[answer.identity] = self._decisions[answer.identity].update(
                        answer.time, answer.probabilities, buffer.filled
                    )
            gone, self._gone = self._gone, []
            return [*self._events.values(), *gone]

    def decide_by(self, settings: DecisionSettings) -> None:
        """Use these settings from now on. A label that is shown stays for as long as they allow."""
        with self._lock:
            self._settings = settings
            for decision in self._decisions.values():
                decision.decide_by(settings)

    def events(self) -> dict[int, Event]:
        """Return the newest event of every person in view, by identity."""
        with self._lock:
            return dict(self._events)

    def _is_filling(self, buffer: WindowBuffer | SceneBuffer) -> bool:
        return buffer.seen < min(self._settings.minimum_seen, buffer.span)
