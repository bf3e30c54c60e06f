"""The recent motion of one person, or of a whole scene, and windows cut from it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np

from live_stf.preparation import resample
from live_stf.types import SCENE, People, Person, Window

LONGEST_GAP = 0.5  # seconds; a longer gap is not interpolated and does not count as seen
MOST_BODIES = 5  # bodies in a scene's window, as in the clips of Kinetics-skeleton

T = TypeVar("T")


class MotionBuffer(ABC, Generic[T]):
    """Timestamped observations over the last `history` seconds (default: the span).

    Memory is bounded by time, not by a number of frames: a slow camera fills it with few observations, a fast one with
    many.

    identity: of the person, or SCENE. size: (width, height) of the frames in pixels. span: length of a window in
    seconds. frames: length of a window in frames.
    """

    def __init__(
        self, identity: int, size: tuple[int, int], span: float, frames: int, history: float | None = None
    ) -> None:
        self.identity = identity
        self.size = size
        self.span = span
        self.frames = frames
        self._history = span if history is None else max(history, span)
        self._times: deque[float] = deque()
        self._observed: deque[T] = deque()  # one observation for each of the times
        self._seen = 0.0

    def __len__(self) -> int:
        return len(self._times)

    @property
    def newest(self) -> float:
        """Time of the newest observation in seconds; minus infinity before the first."""
        return self._times[-1] if self._times else -math.inf

    @property
    def seen(self) -> float:
        """Seconds of the history with observations, at most the span."""
        return min(self._seen, self.span)

    @property
    def filled(self) -> float:
        """Share of the span with observations, 0..1."""
        return self.seen / self.span

    @abstractmethod
    def add_persons(self, time: float, persons: Sequence[Person]) -> None:
        """Add the persons seen at `time` seconds. Raises ValueError if time does not ascend."""

    def _add(self, time: float, observation: T) -> None:
        if self._times:
            if time <= self._times[-1]:
                raise ValueError(f"observations need ascending times: {time} after {self._times[-1]}")
            if time - self._times[-1] > self.span:
                self.clear()
        if self._times:
            self._seen += _counted(time - self._times[-1])
        self._times.append(time)
        self._observed.append(observation)
        # Keep one observation at or before the edge: the joints at the edge are interpolated from it.
        while len(self._times) > 1 and self._times[1] <= time - self._history:
            self._seen -= _counted(self._times[1] - self._times[0])
            self._times.popleft()
            self._observed.popleft()

    def clear(self) -> None:
        """Remove all observations."""
        self._times.clear()
        self._observed.clear()
        self._seen = 0.0

    def window(self, end: float | None = None, start: float | None = None, time: float | None = None) -> Window:
        """Return the span up to `end` (default: the newest observation) as a Window stamped `time` (default: `end`).

        With `start`, only observations from there on count. If they cover less than the span, they are repeated. Raises
        ValueError if there is no observation between start and end.
        """
        end = self._times[-1] if end is None and self._times else end
        if end is None:
            raise ValueError("no window: nothing was seen yet")
        start = end - self.span if start is None else max(start, end - self.span)
        times = np.fromiter(self._times, dtype=np.float64, count=len(self._times))
        first = int(np.searchsorted(times, start, side="left"))
        last = int(np.searchsorted(times, end, side="right"))
        if first >= last:
            raise ValueError(f"no window: nothing was seen between {start:.3f} and {end:.3f} s")
        # Take one more observation on either side, if there is one, to interpolate the edges. None before an explicit
        # start, because that part belongs to another time.
        if start <= end - self.span:
            first = max(first - 1, 0)
        last = min(last + 1, len(times))
        gaps = np.diff(np.clip(times[first:last], start, end))
        seen = gaps[gaps <= LONGEST_GAP].sum()
        joints = self._stacked([self._observed[index] for index in range(first, last)])
        grid = resample(times[first:last], joints, end - self.span, end, self.frames, LONGEST_GAP)
        filled = float(min(seen / self.span, 1.0))
        return Window(self.identity, end if time is None else time, self._shaped(grid), self.size, filled)

    @abstractmethod
    def _stacked(self, observations: Sequence[T]) -> np.ndarray:
        """Joints (n, points, 3) of the n observations, to be resampled."""

    @abstractmethod
    def _shaped(self, grid: np.ndarray) -> np.ndarray:
        """A window's joints, from resampled ones (frames, points, 3)."""


class WindowBuffer(MotionBuffer[np.ndarray]):
    """The recent joints of one person. Windows have joints (T, V, 3)."""

    def add(self, time: float, joints: np.ndarray) -> None:
        """Add the joints (V, 3) seen at `time` seconds. Raises ValueError if time does not ascend."""
        self._add(time, joints)

    def add_persons(self, time: float, persons: Sequence[Person]) -> None:
        """Add the one person seen at `time` seconds. Raises ValueError if time does not ascend."""
        (person,) = persons
        self.add(time, person.joints)

    def _stacked(self, observations: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack(observations)

    def _shaped(self, grid: np.ndarray) -> np.ndarray:
        return grid


class SceneBuffer(MotionBuffer[Mapping[int, np.ndarray]]):
    """The recent joints of all people in view together. Windows have joints (M, T, V, 3), highest scores first.

    A person who is out of view at a time is absent then. Of more than MOST_BODIES people, those with the highest scores
    are kept.
    """

    def __init__(
        self, size: tuple[int, int], span: float, frames: int, history: float | None = None, most: int = MOST_BODIES
    ) -> None:
        super().__init__(SCENE, size, span, frames, history)
        self._most = most

    def add(self, time: float, persons: Sequence[Person]) -> None:
        """Add everybody seen at `time` seconds, at least one person. Raises ValueError if time does not ascend."""
        self._add(time, {person.identity: person.joints for person in persons})

    def add_persons(self, time: float, persons: Sequence[Person]) -> None:
        """Add everybody seen at `time` seconds, like `add`."""
        self.add(time, persons)

    def _stacked(self, observations: Sequence[Mapping[int, np.ndarray]]) -> np.ndarray:
        """(n, M V, 3): the joints of one person after the other, those with the highest total scores first."""
        total: dict[int, float] = {}
        for bodies in observations:
            for identity, joints in bodies.items():
                total[identity] = total.get(identity, 0.0) + float(joints[:, 2].sum())
        places = {
            identity: place for place, identity in enumerate(sorted(total, key=lambda i: -total[i])[: self._most])
        }
        stacked = np.zeros((len(observations), len(places), _joints(observations[0]), 3), np.float32)
        for row, bodies in enumerate(observations):
            for identity, joints in bodies.items():
                if identity in places:
                    stacked[row, places[identity]] = joints
        return stacked.reshape(len(observations), -1, 3)

    def _shaped(self, grid: np.ndarray) -> np.ndarray:
        joints_each = _joints(self._observed[0])
        return np.ascontiguousarray(grid.reshape(len(grid), -1, joints_each, 3).swapaxes(0, 1))


def open_buffer(
    identity: int, size: tuple[int, int], span: float, frames: int, history: float | None = None
) -> WindowBuffer | SceneBuffer:
    """Return an empty buffer for a person, or for the scene if `identity` is SCENE."""
    if identity == SCENE:
        return SceneBuffer(size, span, frames, history)
    return WindowBuffer(identity, size, span, frames, history)


def observations(people: People, together: bool) -> list[tuple[int, list[Person]]]:
    """Return the persons of one frame by the identity of the buffer that takes them; persons without one are left out.

    together: all persons are one scene; otherwise each has a buffer of their own.
    """
    persons = [person for person in people.persons if person.identity]
    if together:
        return [(SCENE, persons)] if persons else []
    return [(person.identity, [person]) for person in persons]


def _joints(bodies: Mapping[int, np.ndarray]) -> int:
    """Number of joints of each body."""
    return len(next(iter(bodies.values())))


def _counted(gap: float) -> float:
    return gap if gap <= LONGEST_GAP else 0.0
