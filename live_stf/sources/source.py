"""The interface of everything that gives frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

from live_stf.errors import SourceError
from live_stf.types import Frame


class Source(Protocol):
    """A series of frames: a video file, a camera, a network stream or recorded joints.

    Attributes
    ----------
    name: for people, e.g. "camera 0".
    fps: frames per second as the device or file states them; 0.0 if unknown.
    size: (width, height) of the frames in pixels.
    duration: length in seconds; None for live sources, and for files that do not state it.
    live: True if frames come at their own pace and are lost when nobody reads them.
    fault: why the series ended too early, in one line; None while all is well.
    trouble: why no frames come at present, in one line; empty while all is well.
    """

    name: str
    fps: float
    size: tuple[int, int]

    @property
    def duration(self) -> float | None: ...

    @property
    def live(self) -> bool: ...

    @property
    def fault(self) -> str | None: ...

    @property
    def trouble(self) -> str: ...

    def read(self) -> Frame | None:
        """Return the next frame, or None at the end of the series. May block."""
        ...

    def cancel(self) -> None:
        """Make a read() that waits for a lost source return None. May be called from any thread."""
        ...

    def close(self) -> None:
        """Release the device or file. May be called twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


@dataclass(frozen=True)
class CameraSettings:
    """The frame size (width, height) and frame rate to ask a camera for; the camera gives the nearest that it has.

    None leaves the choice to the camera. Raises SourceError if a value is not positive.
    """

    size: tuple[int, int] | None = None
    rate: float | None = None

    def __post_init__(self) -> None:
        if self.size is not None and min(self.size) < 1:
            raise SourceError(f"camera: a frame size of {self.size[0]}x{self.size[1]} is not possible")
        if self.rate is not None and not 0 < self.rate <= 1000:
            raise SourceError(f"camera: the frame rate is {self.rate:g}; it must be above 0 and at most 1000")
