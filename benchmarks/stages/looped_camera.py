"""A clip that is played as an endless camera stream."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import cv2
import numpy as np

from live_stf.errors import SourceError
from live_stf.sources.video_file import VideoFile
from live_stf.types import Frame


class LoopedCamera:
    """Plays the first `seconds` of a clip forward and backward endlessly, at `fps` frames per second.

    People do not jump at the turn, so they keep their identities as they would in front of a camera. The frames are
    stored as JPEG, the format in which cameras send them.
    """

    live = False  # the loop waits for the time of a frame
    duration: float | None = None
    fault: str | None = None
    trouble = ""

    def __init__(self, clip: Path, fps: float, seconds: float) -> None:
        with VideoFile(clip) as source:
            self.name, self.size, self.fps = source.name, source.size, fps
            forward: list[np.ndarray] = []
            while (frame := source.read()) is not None and frame.time <= seconds:
                forward.append(cv2.imencode(".jpg", frame.image)[1])
        self._images = forward + forward[-2:0:-1]
        self._index = 0

    def read(self) -> Frame | None:
        """The next frame. Raises SourceError if it cannot be decoded."""
        image = cv2.imdecode(self._images[self._index % len(self._images)], cv2.IMREAD_COLOR)
        if image is None:
            raise SourceError(f"{self.name}: a frame cannot be decoded")
        self._index += 1
        return Frame(image, (self._index - 1) / self.fps, self._index - 1)

    def cancel(self) -> None:
        """Does nothing: no read() waits."""

    def close(self) -> None:
        """Does nothing: only memory is held."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
