"""Mirrored frames: people in front of a screen expect to see themselves as in a mirror."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

import cv2

from live_stf.sources.source import Source
from live_stf.types import Frame


class MirroredSource:
    """Another source with left and right exchanged."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name, self.fps, self.size = source.name, source.fps, source.size

    @property
    def duration(self) -> float | None:
        return self._source.duration

    @property
    def live(self) -> bool:
        return self._source.live

    @property
    def fault(self) -> str | None:
        return self._source.fault

    @property
    def trouble(self) -> str:
        return self._source.trouble

    def read(self) -> Frame | None:
        """Return the next frame, mirrored; None at the end. May block."""
        frame = self._source.read()
        return None if frame is None else replace(frame, image=cv2.flip(frame.image, 1))

    def cancel(self) -> None:
        """Make a read() that waits for a lost source return None. May be called from any thread."""
        self._source.cancel()

    def close(self) -> None:
        """Release the source. May be called twice."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
