"""Rates of the stages, and the age of their newest result."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import numpy as np

RATE_SPAN = 2.0  # seconds over which rates are averaged


class RateMeter:
    """Counts events per second over the last `span` seconds. Thread-safe. clock: seconds."""

    def __init__(self, clock: Callable[[], float], span: float = RATE_SPAN) -> None:
        self._clock = clock
        self._span = span
        self._start = clock()
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    def count(self) -> None:
        """Count one event now."""
        with self._lock:
            self._times.append(self._clock())
            self._forget()

    def rate(self) -> float:
        """Return events per second, over the time since the start while that is shorter than the span."""
        with self._lock:
            self._forget()
            return len(self._times) / max(min(self._clock() - self._start, self._span), 1e-3)

    def _forget(self) -> None:
        while self._times and self._times[0] < self._clock() - self._span:
            self._times.popleft()


_PARTS = np.linspace(0.0, 1.0, 9)[:-1] + 1 / 16  # centres of the parts of an interval between two results


class AgeMeter:
    """Measures the age of the newest result over the last `span` seconds, including the wait for the next one.

    This is the age of what a screen shows that shows the newest result. Thread-safe. clock: seconds.
    """

    def __init__(self, clock: Callable[[], float], span: float = RATE_SPAN) -> None:
        self._clock = clock
        self._span = span
        self._results: deque[tuple[float, float]] = deque()  # (time of the result, time of its frame)
        self._lock = threading.Lock()

    def result(self, taken: float) -> None:
        """Note that there is a result now for a frame that was taken at `taken`, in seconds of the clock."""
        with self._lock:
            self._results.append((self._clock(), taken))
            self._forget()

    def percentile(self, share: float) -> float:
        """Return the age in seconds not exceeded for this share, 0..1, of the time; 0.0 before the first result."""
        with self._lock:
            self._forget()
            if not self._results:
                return 0.0
            now = self._clock()
            there, taken = np.array(self._results).T
        since = np.maximum(there, now - self._span)
        lengths = np.append(since[1:], now) - since
        ages = ((since - taken)[:, None] + lengths[:, None] * _PARTS).ravel()
        order = np.argsort(ages)
        passed = np.cumsum(np.repeat(lengths, len(_PARTS))[order])
        return float(ages[order][min(np.searchsorted(passed, share * passed[-1]), len(ages) - 1)])

    def _forget(self) -> None:
        # Keep the result that was the newest at the start of the span.
        while len(self._results) > 1 and self._results[1][0] <= self._clock() - self._span:
            self._results.popleft()
