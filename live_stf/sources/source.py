"""Where pictures come from: a video file, a camera or a network stream, behind one type."""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self
from urllib.parse import urlsplit, urlunsplit

import cv2
import numpy as np

from live_stf.errors import SourceError
from live_stf.sources.cameras import cameras, named
from live_stf.types import Frame

# OpenCV and its FFmpeg report every oddity of a file on stderr, over progress bars and tables. What matters reaches the
# user as a SourceError or a fault. A value that the user has set stands.
if "OPENCV_LOG_LEVEL" not in os.environ:
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET; read when the first capture opens

OPEN_TIMEOUT = 5.0  # seconds that a network stream has to answer
READ_TIMEOUT = 5.0  # seconds without data after which a network stream counts as broken off

_USUAL_RATE = 25.0  # pictures per second where a file states none that can be true


class Source(Protocol):
    """A series of pictures.

    fps: as stated by the device or file, 0.0 when unknown. size: (width, height) of the pictures in pixels. duration:
    seconds, files only. live: pictures come at their own pace and are lost when nobody takes them. fault: why the
    series ended before its end, one clear line, None while all is well. trouble: why no pictures come just now, one
    clear line, empty while all is well.
    """

    name: str
    fps: float
    size: tuple[int, int]
    duration: float | None
    live: bool
    fault: str | None
    trouble: str

    def read(self) -> Frame | None:
        """The next picture; None when the series has ended. May block."""
        ...

    def cancel(self) -> None:
        """Let a read() that waits for a source to come back return None; from any thread."""
        ...

    def close(self) -> None:
        """Give the device or file back; may be called twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


@dataclass(frozen=True)
class Wish:
    """What a camera is asked for; it gives what it has that is nearest. size: (width, height). rate: pictures/s."""

    size: tuple[int, int] | None = None
    rate: float | None = None


def open_source(spec: str | Path, clock: Callable[[], float] = time.monotonic, wish: Wish = Wish()) -> Source:
    """Open what `spec` names: a number is a camera, something with :// a stream, everything else the path of a video,
    or, where there is no such file, a part of a camera's name.

    clock: seconds, for the times of live pictures. wish: for cameras alone. Raises SourceError when it cannot be
    opened, or has no picture.
    """
    text = str(spec)
    if camera := re.fullmatch(r"(?:/dev/video)?(\d+)", text):
        return _open_camera(int(camera[1]), clock, wish)
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", text):
        return _open_stream(text, clock)
    path = Path(text).expanduser()
    if text and not path.exists() and (found := named(text, cameras())) is not None:
        return _open_camera(found.number, clock, wish)
    return FileSource(path)


class _VideoSource:
    """What files and live sources share: a cv2.VideoCapture that was seen to deliver a first picture."""

    trouble = ""

    def __init__(self, name: str, capture: cv2.VideoCapture, unreadable: str) -> None:
        self.name = name
        self.fault: str | None = None
        self._capture = capture
        read, image = capture.read() if capture.isOpened() else (False, None)
        if not read or image is None:
            capture.release()
            raise SourceError(unreadable)
        self._first = image  # opened is not enough: only a picture shows that there is one; read() hands it out
        self._index = 0
        # The first picture's size and not the stated one, which may be without the rotation that pictures are given.
        self.size = (image.shape[1], image.shape[0])
        stated = capture.get(cv2.CAP_PROP_FPS)
        self.fps = stated if math.isfinite(stated) and 0 < stated <= 1000 else 0.0

    def _next(self) -> np.ndarray | None:
        if self._first is not None:
            image, self._first = self._first, None
            return image
        read, image = self._capture.read()
        return image if read else None

    def cancel(self) -> None:
        """Nothing: what ends here does not come back."""

    def close(self) -> None:
        self._first = None
        self._capture.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class FileSource(_VideoSource):
    """A video file. Times are the pictures' own timestamps, the first picture's being 0."""

    live = False
    duration: float | None

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise SourceError(f"{path}: no such file")
        if path.is_dir():
            raise SourceError(f"{path}: a folder, not a video file")
        if not os.access(path, os.R_OK):
            raise SourceError(f"{path}: no permission to read it")
        if path.stat().st_size == 0:
            raise SourceError(f"{path}: the file is empty")
        super().__init__(
            str(path),
            # Absolute: FFmpeg takes what stands before a colon in a name for a protocol.
            cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG),
            f"{path}: no picture can be read from it: not a video, or damaged, or cut short before its index",
        )
        self._path = path
        self._step = 1.0 / (self.fps or _USUAL_RATE)
        self._start = self._stamp()
        self._time = -self._step
        self._longest_step = self._step
        announced = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self._announced = int(announced) if math.isfinite(announced) and announced > 0 else None
        if self._announced == 1:
            self.close()
            raise SourceError(f"{path}: a single picture, not a video")
        self.duration = self._announced * self._step if self._announced is not None else None

    def read(self) -> Frame | None:
        image = self._next()
        if image is None:
            self._look_for_fault()
            return None
        if self._index == 0:
            self._time = 0.0
        else:
            # Some containers time only a part of their pictures, or give a time twice; then one step is assumed.
            stamp = self._stamp() - self._start
            before, self._time = self._time, stamp if stamp > self._time else self._time + self._step
            self._longest_step = max(self._longest_step, self._time - before)
        self._index += 1
        return Frame(image, self._time, self._index - 1)

    def _stamp(self) -> float:
        stamp = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        return stamp if math.isfinite(stamp) else 0.0

    def _look_for_fault(self) -> None:
        if self._announced is None or self.fault is not None:
            return
        # A count may be an estimate from duration and rate, a few pictures at an end may be undecodable in a sound
        # file, and in one with an uneven rate the last picture may be shown for long; so both the count and the time
        # have to fall short, and clearly.
        missing = self._announced - self._index
        lost = self.duration - (self._time + self._step)
        if missing > max(3, 0.02 * self._announced) and lost > max(0.2, 0.02 * self.duration, 2 * self._longest_step):
            self.fault = (
                f"{self._path}: damaged or cut short: pictures end at {self._time + self._step:.1f} s "
                f"of the {self.duration:.1f} s it should have"
            )


class LiveSource(_VideoSource):
    """A camera or a network stream. Times are the clock's at arrival, seconds since it was opened.

    What networks state of rate and time is not to be trusted, and cameras state nothing.
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
        image = self._next()
        if image is None:
            self.fault = f"{self.name} gives no more pictures"
            return None
        arrived = self._first_arrived if self._index == 0 else self._clock()
        # Some clocks tick in 16 ms; two pictures that were buffered may come in one tick.
        self._time = max(arrived - self._opened, self._time + 0.001)
        self._index += 1
        return Frame(image, self._time, self._index - 1)


def _open_camera(number: int, clock: Callable[[], float], wish: Wish) -> LiveSource:
    def open_capture() -> cv2.VideoCapture:
        capture = cv2.VideoCapture(number)
        if wish.size is not None:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, wish.size[0])
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wish.size[1])
        if wish.rate is not None:
            capture.set(cv2.CAP_PROP_FPS, wish.rate)
        return capture

    return LiveSource(
        f"camera {number}",
        open_capture,
        f"camera {number} is not there or gives no picture: plug one in, close programs that use it, or name another "
        f"number, a video file or a stream's URL with --source",
        clock,
    )


def _open_stream(url: str, clock: Callable[[], float]) -> LiveSource:
    name = _without_password(url)
    timeouts = {cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: OPEN_TIMEOUT, cv2.CAP_PROP_READ_TIMEOUT_MSEC: READ_TIMEOUT}
    options = [value for key, seconds in timeouts.items() for value in (key, int(seconds * 1000))]
    # FFmpeg decodes several pictures at a time, a thread each, and every further thread hands on a picture later.
    options += [cv2.CAP_PROP_N_THREADS, 1]
    return LiveSource(
        f"stream {name}",
        lambda: cv2.VideoCapture(url, cv2.CAP_FFMPEG, options),
        f"stream {name} cannot be reached or has no video: check the address and that the sender is running",
        clock,
    )


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.username is None and parts.password is None:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
