"""Write frames with their times as a video that plays everywhere: H.264 in MP4."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

from live_stf.types import Frame

# Presets and quality of libx264. The hurried one takes less than half of the time, and more than twice of the room.
_USUAL = {"preset": "veryfast", "crf": "21"}
_HURRIED = {"preset": "ultrafast", "crf": "23"}
_TICK = Fraction(1, 90_000)  # seconds; every usual frame interval is a whole number of these


class VideoWriter:
    """Writes frames of one size. An odd width or height loses its last column or row, because H.264 needs even ones.

    size: (width, height) in pixels. fps: a hint for players; every frame is shown at its own time. hurried: encode
    faster into a larger file, e.g. while recognition needs the processor. The video is playable even if it ends early.
    Raises OSError if the file cannot be written.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: float, hurried: bool = False) -> None:
        self.path = path
        self._size = size[0] // 2 * 2, size[1] // 2 * 2
        with path.open("wb"):  # PyAV opens it later, and its error does not name the file
            pass
        self._container = av.open(str(path.absolute()), "w", format="mp4", options={"movflags": "+faststart"})
        rate = Fraction(fps or 25).limit_denominator(1001)
        self._stream = self._container.add_stream("libx264", rate=rate, options=_HURRIED if hurried else _USUAL)
        self._stream.width, self._stream.height = self._size
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = _TICK
        self._stream.codec_context.open()
        self._newest = -1
        self._closed = False

    def write(self, frame: Frame) -> None:
        """Add a frame, BGR, of the size of the video; its time has to be later than the one before."""
        width, height = self._size
        image = av.VideoFrame.from_ndarray(frame.image[:height, :width], format="bgr24")
        self._newest = max(round(frame.time / _TICK), self._newest + 1)
        image.pts, image.time_base = self._newest, _TICK
        self._container.mux(self._stream.encode(image))

    def close(self) -> None:
        """Finish the file; may be called twice."""
        if not self._closed:
            self._closed = True
            if self._newest >= 0:
                self._container.mux(self._stream.encode())
            self._container.close()

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
