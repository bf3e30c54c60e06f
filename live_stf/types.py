"""What travels between stages: small frozen records with a time, NumPy arrays inside.

Times are seconds since the source was opened, taken from the picture's own timestamp (file) or the clock (live), never
from a frame count. What is known of somebody goes by their identity: 1, 2, ... for one person, SCENE for all people of
a picture together, where a model looks at several bodies at once. V is the number of joints, T the frames of a window,
U_i the parts of grain i.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

import numpy as np

SCENE = 0  # identity of everybody in the picture together


_Known = TypeVar("_Known")


def known_of(identity: int, known: Mapping[int, _Known]) -> _Known | None:
    """What is known of a person by themselves, else of the scene that they are in; None where neither is."""
    return known.get(identity, known.get(SCENE))


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture from a source."""

    image: np.ndarray  # (height, width, 3) uint8, BGR
    time: float
    index: int

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.image.shape[1], self.image.shape[0]


@dataclass(frozen=True, eq=False)
class Person:
    """One body in one picture. identity is 0 until tracking has named the person (1, 2, ...)."""

    joints: np.ndarray  # (V, 3) float32: x, y in pixels, score 0..1; a joint with score 0 is absent and has x = y = 0
    identity: int = 0


@dataclass(frozen=True, eq=False)
class People:
    """Everybody found in one picture."""

    time: float
    size: tuple[int, int]  # (width, height) of the picture in pixels
    persons: tuple[Person, ...] = ()


@dataclass(frozen=True, eq=False)
class Window:
    """The last seconds of one person, or of the scene, on a uniform time grid."""

    identity: int
    time: float  # of the newest frame
    joints: (
        np.ndarray
    )  # (T, V, 3) float32: x, y in pixels, score; of the scene (M, T, V, 3), M people, the surest first
    size: tuple[int, int]  # (width, height) of the picture in pixels
    filled: float  # part of the span that was seen, 0..1; the rest repeats what was seen


@dataclass(frozen=True, eq=False)
class Scores:
    """What the network says of one window."""

    identity: int
    time: float
    probabilities: np.ndarray  # (classes,) float32, sums to one
    # Per grain (V, U_i) float32, rows sum to one; of the last MCF block, the mean over the bodies of a scene.
    attention: tuple[np.ndarray, ...] = ()


class State(Enum):
    """What is known of a person at a time."""

    NO_PERSON = "no person"
    FILLING = "filling"
    UNSURE = "unsure"
    LABEL = "label"


@dataclass(frozen=True)
class Event:
    """The decision for one person, or for the scene, at one time."""

    identity: int
    time: float
    state: State
    label: str | None = None  # set in state LABEL only
    score: float = 0.0  # smoothed probability of the label, or of the best class when unsure
    filled: float = 1.0


@dataclass(frozen=True)
class Rates:
    """How the live loop is doing. Rates are per second over the last seconds, ages in seconds."""

    capture: float = 0.0
    pose: float = 0.0
    label: float = 0.0
    frame_age: float = 0.0  # from the picture's capture to its pose result
    dropped: int = 0  # pictures replaced by a newer one before pose took them
    frame_age_95: float = 0.0  # what the age of the newest pose result stayed under in 95 % of the last seconds
    dropped_windows: int = 0  # windows that were due while the network was at work on earlier ones


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a screen needs at one moment: the newest picture with a pose result, and what is known of its people."""

    frame: Frame | None = None
    people: People | None = None
    events: Mapping[int, Event] = field(default_factory=dict)  # by identity
    scores: Mapping[int, Scores] = field(default_factory=dict)  # by identity
    rates: Rates = Rates()
    message: str = ""  # one line about the source when something is to be said ("clip ended"), else empty
    finished: bool = False  # the source has ended or failed; nothing new will come
    captured: float = 0.0  # when the picture came, in seconds of the loop's clock
