"""Pictures with their times as a video that plays everywhere: H.264 in MP4."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

from live_stf.types import Frame

# libx264's presets and quality. Beside recognition the encoder has to leave the processor to others: less than half of
# the time, for a file more than twice as large.
_USUAL = {"preset": "veryfast", "crf": "21"}
_HURRIED = {"preset": "ultrafast", "crf": "23"}
_TICK = Fraction(1, 90_000)  # seconds; every usual picture rate is a whole number of these


class VideoWriter:
    """Writes pictures of one size. An odd width or height loses its last column or row: H.264 in 4:2:0 needs even ones.

    fps: only a hint for players; every picture is shown at its own time. hurried: take little of the processor's time
    and more room on the disk. What was written is playable even when the pictures end early. Raises OSError where the
    file cannot be written.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: float, hurried: bool = False) -> None:
        self.path = path
        self._size = size[0] // 2 * 2, size[1] // 2 * 2
        with path.open("wb"):  # PyAV opens it with the first picture, and does not name it when it cannot
            pass
        self._container = av.open(str(path.absolute()), "w", format="mp4", options={"movflags": "+faststart"})
        rate = Fraction(fps or 25).limit_denominator(1001)
        self._stream = self._container.add_stream("libx264", rate=rate, options=_HURRIED if hurried else _USUAL)
        self._stream.width, self._stream.height = self._size
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = _TICK
        self._stream.codec_context.open()
        self._newest = -1

    def write(self, frame: Frame) -> None:
        """Add a picture, BGR, of the writer's size; its time must be after the one before."""
        width, height = self._size
        picture = av.VideoFrame.from_ndarray(frame.image[:height, :width], format="bgr24")
        self._newest = max(round(frame.time / _TICK), self._newest + 1)
        picture.pts, picture.time_base = self._newest, _TICK
        self._container.mux(self._stream.encode(picture))

    def close(self) -> None:
        """Finish the file; may be called twice."""
        if self._container is not None:
            if self._newest >= 0:
                self._container.mux(self._stream.encode())
            self._container.close()
            self._container = None

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
