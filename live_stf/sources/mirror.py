"""A source whose pictures are mirrored: people in front of a screen expect to see themselves so."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

import cv2

from live_stf.sources.source import Source
from live_stf.types import Frame


class MirroredSource:
    """`source` with left and right exchanged; everything else is the source's own."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name, self.fps, self.size = source.name, source.fps, source.size
        self.duration, self.live = source.duration, source.live

    @property
    def fault(self) -> str | None:
        return self._source.fault

    @property
    def trouble(self) -> str:
        return self._source.trouble

    def read(self) -> Frame | None:
        """The next picture, mirrored; None when the series has ended. May block."""
        frame = self._source.read()
        return None if frame is None else replace(frame, image=cv2.flip(frame.image, 1))

    def cancel(self) -> None:
        """Let a read() that waits for the source to come back return None; from any thread."""
        self._source.cancel()

    def close(self) -> None:
        """Give the source back; may be called twice."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
