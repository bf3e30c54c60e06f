"""What video files and live sources share: an OpenCV capture that has delivered its first frame."""

from __future__ import annotations

import math
import os
from typing import Self

import cv2
import numpy as np

from live_stf.errors import SourceError

# OpenCV and its FFmpeg report every oddity of a file on stderr, across progress bars and tables. Whatever matters
# reaches the user as a SourceError or a fault. Values that the user has set are kept.
if "OPENCV_LOG_LEVEL" not in os.environ:
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET; read when the first capture opens


class OpenCVCapture:
    """Reads images from a `cv2.VideoCapture`.

    Raises SourceError with the text `unreadable` if no first image can be read: an open capture is no proof.
    """

    trouble = ""

    def __init__(self, name: str, capture: cv2.VideoCapture, unreadable: str) -> None:
        self.name = name
        self.fault: str | None = None
        self._capture = capture
        read, image = capture.read() if capture.isOpened() else (False, None)
        if not read or image is None:
            capture.release()
            raise SourceError(unreadable)
        self._first: np.ndarray | None = image  # handed out by the first read()
        self._index = 0
        # The size of the first image, because the stated size may ignore the rotation that images are given.
        self.size = (image.shape[1], image.shape[0])
        stated = self._property(cv2.CAP_PROP_FPS)
        self.fps = stated if 0 < stated <= 1000 else 0.0

    def _next_image(self) -> np.ndarray | None:
        if self._first is not None:
            image, self._first = self._first, None
            return image
        read, image = self._capture.read()
        return image if read else None

    def _position(self) -> float:
        """Timestamp of the newest image in seconds, as the container states it."""
        return self._property(cv2.CAP_PROP_POS_MSEC) / 1000

    def _frame_count(self) -> int | None:
        """Number of frames that the container states; None if it states none."""
        count = self._property(cv2.CAP_PROP_FRAME_COUNT)
        return int(count) if count > 0 else None

    def _property(self, name: int) -> float:
        value = float(self._capture.get(name))
        return value if math.isfinite(value) else 0.0

    def cancel(self) -> None:
        """Do nothing: read() does not wait for a lost source."""

    def close(self) -> None:
        """Release the device or file. May be called twice."""
        self._first = None
        self._capture.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_file(path: str) -> cv2.VideoCapture:
    """Open a video file by FFmpeg."""
    return cv2.VideoCapture(path, cv2.CAP_FFMPEG)


def open_device(number: int, size: tuple[int, int] | None, rate: float | None) -> cv2.VideoCapture:
    """Open a camera, and ask for a frame size (width, height) and a frame rate unless they are None."""
    capture = cv2.VideoCapture(number)
    if size is not None:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
    if rate is not None:
        capture.set(cv2.CAP_PROP_FPS, rate)
    return capture


def open_url(url: str, open_timeout: float, read_timeout: float) -> cv2.VideoCapture:
    """Open a network stream; it counts as lost after the timeouts, in seconds."""
    timeouts = {cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: open_timeout, cv2.CAP_PROP_READ_TIMEOUT_MSEC: read_timeout}
    options = [value for key, seconds in timeouts.items() for value in (key, int(seconds * 1000))]
    # FFmpeg decodes one frame per thread, so every further thread delays each frame by one more.
    options += [cv2.CAP_PROP_N_THREADS, 1]
    return cv2.VideoCapture(url, cv2.CAP_FFMPEG, options)
