"""The recent motion of one person, and windows cut from it."""

from __future__ import annotations

from collections import deque

import numpy as np

from live_stf.preparation import resample
from live_stf.types import Window

LONGEST_GAP = 0.5  # seconds: over a longer one nothing is interpolated, and it does not count as seen


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
        self._joints: deque[np.ndarray] = deque()
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
        if self._times:
            if time <= self._times[-1]:
                raise ValueError(f"observations need ascending times: {time} after {self._times[-1]}")
            if time - self._times[-1] > self.span:
                self.clear()
        if self._times:
            self._seen += _counted(time - self._times[-1])
        self._times.append(time)
        self._joints.append(joints)
        # One observation at or before the edge stays: the joints at the edge are interpolated from it.
        while len(self._times) > 1 and self._times[1] <= time - self._history:
            self._seen -= _counted(self._times[1] - self._times[0])
            self._times.popleft()
            self._joints.popleft()

    def clear(self) -> None:
        """Forget everything seen."""
        self._times.clear()
        self._joints.clear()
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
        joints = np.stack([self._joints[index] for index in range(first, last)])
        grid = resample(times[first:last], joints, end - self.span, end, self.frames, LONGEST_GAP)
        filled = float(min(seen / self.span, 1.0))
        return Window(self.identity, end if time is None else time, grid, self.size, filled)


def _counted(gap: float) -> float:
    return gap if gap <= LONGEST_GAP else 0.0
