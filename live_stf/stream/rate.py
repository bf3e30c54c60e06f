"""How often something happens."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

RATE_SPAN = 2.0  # seconds over which rates are counted


class RateMeter:
    """Events per second over the last seconds. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float], span: float = RATE_SPAN) -> None:
        self._clock = clock
        self._span = span
        self._start = clock()
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    def count(self) -> None:
        """One event now."""
        with self._lock:
            self._times.append(self._clock())
            self._forget()

    def rate(self) -> float:
        """Events per second; over the time since the start while that is shorter than the span."""
        with self._lock:
            self._forget()
            return len(self._times) / max(min(self._clock() - self._start, self._span), 1e-3)

    def _forget(self) -> None:
        while self._times and self._times[0] < self._clock() - self._span:
            self._times.popleft()
