"""Smoothing of one body's landmarks over time: strong for still landmarks, weak for fast ones.

The one-euro filter (Casiez, Roussel and Vogel 2012): a low-pass whose cutoff grows with speed. Parameters are those of
MediaPipe's pose landmarker.
"""

from __future__ import annotations

import numpy as np

LEAST_CUTOFF = 0.05  # hertz, for landmarks at rest
BETA = 80.0  # hertz per speed of one body side per second
SPEED_CUTOFF = 1.0  # hertz, for the speed itself
VISIBILITY_SHARE = 0.1  # of a new visibility in the smoothed one


class Smoother:
    """Smooths the landmarks of one body, frame after frame. A time that does not increase restarts the filter."""

    def __init__(self) -> None:
        self._time: float | None = None
        self._raw = self._places = self._speed = self._visibility = np.zeros(0)

    def __call__(
        self, time: float, places: np.ndarray, visibility: np.ndarray, side: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Smoothed places (L, 2) and visibilities (L,).

        time: seconds. places: pixels. side: of the body's region in pixels, the unit of speed.
        """
        if self._time is None or time <= self._time:
            self._places, self._speed, self._visibility = places, np.zeros_like(places), visibility
        else:
            interval = time - self._time
            speed = (places - self._raw) / (side * interval)
            self._speed = _low_pass(self._speed, speed, _share(SPEED_CUTOFF, interval))
            cutoff = LEAST_CUTOFF + BETA * np.abs(self._speed)
            self._places = _low_pass(self._places, places, _share(cutoff, interval))
            self._visibility = _low_pass(self._visibility, visibility, VISIBILITY_SHARE)
        self._time, self._raw = time, places
        return self._places, self._visibility


def _low_pass(old: np.ndarray, new: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    return old + share * (new - old)


def _share(cutoff: np.ndarray | float, interval: float) -> np.ndarray | float:
    """The share of a new value in a first-order low-pass with a cutoff in hertz."""
    turns = 2 * np.pi * cutoff * interval
    return turns / (turns + 1)
