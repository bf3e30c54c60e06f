"""The records that stages exchange: small frozen dataclasses with a time and NumPy arrays.

Times are seconds since the source was opened, from the frame's own timestamp (file) or the clock (live), never from a
frame count. Results belong to an identity: 1, 2, ... for one person, or SCENE for all people of a frame together, if a
model looks at several bodies at once. V is the number of joints, T the frames of a window, U_i the parts of grain i.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

import numpy as np

SCENE = 0  # identity of all people of a frame together

_Result = TypeVar("_Result")


def result_for(identity: int, results: Mapping[int, _Result]) -> _Result | None:
    """The result of a person or, if there is none, of the scene that they are part of; None if neither has one."""
    return results.get(identity, results.get(SCENE))


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame of a video or camera stream."""

    image: np.ndarray  # (height, width, 3) uint8, BGR
    time: float
    index: int

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.image.shape[1], self.image.shape[0]


@dataclass(frozen=True, eq=False)
class Person:
    """One body in one frame. identity is 0 until tracking has identified the person (1, 2, ...)."""

    joints: np.ndarray  # (V, 3) float32: x, y in pixels, score 0..1; a joint with score 0 is absent and has x = y = 0
    identity: int = 0


@dataclass(frozen=True, eq=False)
class People:
    """All people found in one frame."""

    time: float
    size: tuple[int, int]  # (width, height) of the frame in pixels
    persons: tuple[Person, ...] = ()


@dataclass(frozen=True, eq=False)
class Window:
    """The last seconds of one person, or of the scene, on a uniform time grid."""

    identity: int
    time: float  # of the newest frame
    # (T, V, 3) float32: x, y in pixels, score. Of the scene (M, T, V, 3), the people with the highest scores first.
    joints: np.ndarray
    size: tuple[int, int]  # (width, height) of the frame in pixels
    filled: float  # share of the span that was seen, 0..1; the rest of the window repeats it


@dataclass(frozen=True, eq=False)
class Scores:
    """The output of the network for one window."""

    identity: int
    time: float
    probabilities: np.ndarray  # (classes,) float32, sums to one
    # Per grain (V, U_i) float32, rows sum to one; of the last MCF block, the mean over the bodies of a scene.
    attention: tuple[np.ndarray, ...] = ()


class State(Enum):
    """The state of a person, or of the scene, at one time."""

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
    """Performance of the live loop. Rates are per second over the last seconds, ages in seconds."""

    capture: float = 0.0
    pose: float = 0.0
    label: float = 0.0
    frame_age: float = 0.0  # from the frame's capture to its pose result
    dropped: int = 0  # frames that a newer one replaced before pose estimation
    frame_age_95: float = 0.0  # 95th percentile of the age of the newest pose result over the last seconds
    dropped_windows: int = 0  # windows that were due while the network was busy with earlier ones


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The data for one drawing: the newest frame with a pose result, and the results of its people."""

    frame: Frame | None = None
    people: People | None = None
    events: Mapping[int, Event] = field(default_factory=dict)  # by identity
    scores: Mapping[int, Scores] = field(default_factory=dict)  # by identity
    rates: Rates = Rates()
    message: str = ""  # one line about the source ("clip ended"), or empty
    finished: bool = False  # the source has ended or failed
    captured: float = 0.0  # time of the capture in seconds of the loop's clock
