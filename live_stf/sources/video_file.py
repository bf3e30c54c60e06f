"""Video files as sources."""

from __future__ import annotations

import os
from pathlib import Path

from live_stf.errors import SourceError
from live_stf.sources.opencv_capture import OpenCVCapture, open_file
from live_stf.types import Frame

_USUAL_RATE = 25.0  # frames per second if a file states no plausible rate


class VideoFile(OpenCVCapture):
    """A video file. Times are the frames' own timestamps, counted from the first frame.

    Raises SourceError if there is no such file, or no frame can be read from it.

    Examples
    --------
    >>> with VideoFile(Path("clip.mp4")) as source:
    ...     while (frame := source.read()) is not None:
    ...         print(frame.time, frame.size)
    """

    live = False

    def __init__(self, path: Path) -> None:
        _check(path)
        super().__init__(
            str(path),
            open_file(str(path.absolute())),  # absolute, because FFmpeg reads text before a colon as a protocol
            f"{path}: no frame can be read: it is not a video, or is damaged, or was cut short before its index",
        )
        self._path = path
        self._step = 1.0 / (self.fps or _USUAL_RATE)
        self._start = self._position()
        self._time = -self._step
        self._longest_step = self._step
        self._announced = self._frame_count()
        if self._announced == 1:
            self.close()
            raise SourceError(f"{path}: a single picture, not a video")
        self.duration = self._announced * self._step if self._announced is not None else None

    def read(self) -> Frame | None:
        """Return the next frame, or None at the end; `fault` then says if the file is damaged or cut short."""
        image = self._next_image()
        if image is None:
            self._look_for_fault()
            return None
        if self._index == 0:
            self._time = 0.0
        else:
            # Some containers time only some of their frames, or repeat a time; then one step is assumed.
            stamp = self._position() - self._start
            before, self._time = self._time, stamp if stamp > self._time else self._time + self._step
            self._longest_step = max(self._longest_step, self._time - before)
        self._index += 1
        return Frame(image, self._time, self._index - 1)

    def _look_for_fault(self) -> None:
        if self._announced is None or self.duration is None or self.fault is not None:
            return
        # The count may be an estimate from duration and rate, the last few frames of a sound file may be undecodable,
        # and the last frame of a file with an uneven rate may be shown for long. So both the count and the time have
        # to fall short, and clearly.
        missing = self._announced - self._index
        lost = self.duration - (self._time + self._step)
        if missing > max(3, 0.02 * self._announced) and lost > max(0.2, 0.02 * self.duration, 2 * self._longest_step):
            self.fault = (
                f"{self._path}: damaged or cut short: frames end at {self._time + self._step:.1f} s "
                f"of the {self.duration:.1f} s it should have"
            )


def _check(path: Path) -> None:
    """Raise SourceError if the path cannot be that of a video file."""
    if not path.exists():
        raise SourceError(f"{path}: no such file")
    if path.is_dir():
        raise SourceError(f"{path}: a folder, not a video file")
    if not os.access(path, os.R_OK):
        raise SourceError(f"{path}: no permission to read it")
    if path.stat().st_size == 0:
        raise SourceError(f"{path}: the file is empty")
