"""The recent motion of one person, or of all in the picture together, and windows cut from it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from live_stf.preparation import resample
from live_stf.types import SCENE, People, Person, Window

LONGEST_GAP = 0.5  # seconds: over a longer one nothing is interpolated, and it does not count as seen
MOST_BODIES = 5  # that a scene's window holds, as the clips of Kinetics-skeleton do


class WindowBuffer:
    """Timestamped joints of one person over the last `history` seconds (the span when not given).

    Memory is bounded by time, never by a count of frames: a slow camera keeps few observations, a quick one many.
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
        self._seen_then: deque = deque()  # what was added at each of the times
        self._seen = 0.0

    def __len__(self) -> int:
        return len(self._times)

    @property
    def newest(self) -> float | None:
        """Time of the newest observation in seconds; None before the first."""
        return self._times[-1] if self._times else None

    @property
    def seen(self) -> float:
        """Seconds of what is kept in which the person was seen, at most the span."""
        return min(self._seen, self.span)

    @property
    def filled(self) -> float:
        """Part of the span that was seen, 0..1."""
        return self.seen / self.span

    def add(self, time: float, joints: np.ndarray) -> None:
        """Take the joints (V, 3) seen at `time` seconds. Raises ValueError when time does not go on."""
        self._add(time, joints)

    def _add(self, time: float, seen: object) -> None:
        if self._times:
            if time <= self._times[-1]:
                raise ValueError(f"observations need ascending times: {time} after {self._times[-1]}")
            if time - self._times[-1] > self.span:
                self.clear()
        if self._times:
            self._seen += _counted(time - self._times[-1])
        self._times.append(time)
        self._seen_then.append(seen)
        # One observation at or before the edge stays: the joints at the edge are interpolated from it.
        while len(self._times) > 1 and self._times[1] <= time - self._history:
            self._seen -= _counted(self._times[1] - self._times[0])
            self._times.popleft()
            self._seen_then.popleft()

    def clear(self) -> None:
        """Forget everything seen."""
        self._times.clear()
        self._seen_then.clear()
        self._seen = 0.0

    def window(self, end: float | None = None, start: float | None = None, time: float | None = None) -> Window:
        """The span up to `end` (default: the newest observation) as a Window stamped `time` (default: `end`).

        With `start`, only what was seen from there on counts. Where less than the span was seen, the seen part is
        repeated. Raises ValueError when nothing was seen between start and end.
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
        # One observation on either side, where there is one, so that the edges are interpolated too. Not before a start
        # that was asked for: what lies there is another time's business.
        if start <= end - self.span:
            first = max(first - 1, 0)
        last = min(last + 1, len(times))
        gaps = np.diff(np.clip(times[first:last], start, end))
        seen = gaps[gaps <= LONGEST_GAP].sum()
        joints = self._stacked(first, last)
        grid = resample(times[first:last], joints, end - self.span, end, self.frames, LONGEST_GAP)
        filled = float(min(seen / self.span, 1.0))
        return Window(self.identity, end if time is None else time, self._shaped(grid), self.size, filled)

    def _stacked(self, first: int, last: int) -> np.ndarray:
        """Joints (n, V, 3) of the observations from `first` up to `last`."""
        return np.stack([self._seen_then[index] for index in range(first, last)])

    def _shaped(self, grid: np.ndarray) -> np.ndarray:
        """The window's joints from those that `_stacked` gave, on the grid."""
        return grid


class SceneBuffer(WindowBuffer):
    """The same of all people in the picture together: one window holds everybody who was seen in its span.

    Whoever is not in the picture at a time is absent then. Of more than MOST_BODIES people the surest are kept.
    """

    def __init__(
        self, size: tuple[int, int], span: float, frames: int, history: float | None = None, most: int = MOST_BODIES
    ) -> None:
        super().__init__(SCENE, size, span, frames, history)
        self._most = most

    def add(self, time: float, persons: Sequence[Person]) -> None:
        """Take everybody seen at `time` seconds, one at least. Raises ValueError when time does not go on."""
        self._add(time, {person.identity: person.joints for person in persons})

    def _stacked(self, first: int, last: int) -> np.ndarray:
        """(n, M V, 3), one person's joints after the other's, those with the highest scores in all first."""
        seen = [self._seen_then[index] for index in range(first, last)]
        total: dict[int, float] = {}
        for bodies in seen:
            for identity, joints in bodies.items():
                total[identity] = total.get(identity, 0.0) + float(joints[:, 2].sum())
        places = {
            identity: place for place, identity in enumerate(sorted(total, key=lambda i: -total[i])[: self._most])
        }
        joints_each = len(next(iter(seen[0].values())))
        stacked = np.zeros((len(seen), len(places), joints_each, 3), np.float32)
        for row, bodies in enumerate(seen):
            for identity, joints in bodies.items():
                if identity in places:
                    stacked[row, places[identity]] = joints
        return stacked.reshape(len(seen), -1, 3)

    def _shaped(self, grid: np.ndarray) -> np.ndarray:
        joints_each = len(next(iter(self._seen_then[0].values())))
        return np.ascontiguousarray(grid.reshape(len(grid), -1, joints_each, 3).swapaxes(0, 1))


def open_buffer(
    identity: int, size: tuple[int, int], span: float, frames: int, history: float | None = None
) -> WindowBuffer | SceneBuffer:
    """An empty buffer of a person, or of the scene where `identity` is SCENE."""
    if identity == SCENE:
        return SceneBuffer(size, span, frames, history)
    return WindowBuffer(identity, size, span, frames, history)


def observations(people: People, together: bool) -> list[tuple[int, np.ndarray | Sequence[Person]]]:
    """What is seen in one picture, by identity, as the buffers of `open_buffer` take it; nobody without an identity.

    together: all of them are the scene; else everybody is followed by themselves.
    """
    persons = [person for person in people.persons if person.identity]
    if together:
        return [(SCENE, persons)] if persons else []
    return [(person.identity, person.joints) for person in persons]


def _counted(gap: float) -> float:
    return gap if gap <= LONGEST_GAP else 0.0
