"""Cameras and network streams as sources."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

import cv2

from live_stf.sources.opencv_capture import OpenCVCapture, open_device, open_url
from live_stf.sources.source import CameraSettings
from live_stf.types import Frame

OPEN_TIMEOUT = 5.0  # seconds that a network stream has to answer
READ_TIMEOUT = 5.0  # seconds without data after which a network stream counts as lost


class LiveCamera(OpenCVCapture):
    """A camera or a network stream. Times are the clock's on arrival, in seconds since the source was opened.

    The timestamps and rates that network streams state are unreliable, and cameras state none.
    """

    live = True
    duration = None

    def __init__(
        self, name: str, open_capture: Callable[[], cv2.VideoCapture], unreadable: str, clock: Callable[[], float]
    ) -> None:
        self._clock = clock
        self._opened = clock()
        super().__init__(name, open_capture(), unreadable)
        self._first_arrived = clock()
        self._time = -1.0

    def read(self) -> Frame | None:
        """Return the next frame, waiting for it; None if no further frame comes."""
        image = self._next_image()
        if image is None:
            self.fault = f"{self.name} gives no more frames"
            return None
        arrived = self._first_arrived if self._index == 0 else self._clock()
        # Some clocks tick every 16 ms; two buffered frames may arrive within one tick.
        self._time = max(arrived - self._opened, self._time + 0.001)
        self._index += 1
        return Frame(image, self._time, self._index - 1)


def open_camera(
    number: int, settings: CameraSettings | None = None, clock: Callable[[], float] = time.monotonic
) -> LiveCamera:
    """Open a camera by its number. Raises SourceError if it is not there or gives no frame."""
    asked = settings or CameraSettings()
    return LiveCamera(
        f"camera {number}",
        lambda: open_device(number, asked.size, asked.rate),
        f"camera {number} is not there or gives no frame: plug one in, close programs that use it, or name another "
        f"number, a video file or a stream's URL with --source",
        clock,
    )


def open_stream(url: str, clock: Callable[[], float] = time.monotonic) -> LiveCamera:
    """Open a network stream by its URL. Raises SourceError if it cannot be reached or has no video."""
    name = _without_password(url)
    return LiveCamera(
        f"stream {name}",
        lambda: open_url(url, OPEN_TIMEOUT, READ_TIMEOUT),
        f"stream {name} cannot be reached or has no video: check the address and that the sender is running",
        clock,
    )


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.username is None and parts.password is None:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
