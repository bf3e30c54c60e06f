"""A camera that plays a clip and fails at random, in the ways in which real cameras fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from live_stf.errors import SourceError
from live_stf.sources.reconnect import STALL
from live_stf.sources.video_file import VideoFile
from live_stf.types import Frame

MOST_FRAMES = 300  # of a clip that are kept in memory
LONGEST_BLOCK = 45.0  # seconds after which a blocked read returns, since a thread cannot be ended from outside
QUIET = 1.5  # seconds of good frames between two faults, at least
DURATION = (0.3, 5.0)  # seconds of a fault that ends by itself; uniformly distributed
_MARGIN = 0.5  # seconds by which a stall must outlast STALL before it has to be noticed

# The kinds of faults, and whether a message has to be shown; frames keep coming in the others.
KINDS = {
    "end": True,  # no more frames; opening the camera again fails for a while
    "error": True,  # reading raises an exception; opening the camera again fails for a while
    "block": True,  # a read does not return; opening the camera again helps
    "freeze": True,  # the same frame forever; opening the camera again helps
    "stall": True,  # no frame for a while; only long stalls have to be noticed
    "garbage": False,  # frames of noise
    "size": False,  # frames of another size, down to a single pixel
    "timestamps": False,  # the timestamps of the frames jump
    "slow": False,  # three frames per second
}


@dataclass
class Fault:
    """One fault. began, noticed, back: times of the clock. seconds: how long the camera itself fails.

    noticed: when a message was shown. back: when a good frame arrived again. cut_short: whether the loop was stopped
    during the fault, so that the times that are None stay unknown.
    """

    kind: str
    began: float
    seconds: float
    must_be_noticed: bool
    noticed: float | None = None
    back: float | None = None
    cut_short: bool = False

    @property
    def over(self) -> bool:
        """Whether the fault has ended, or its end was not waited for."""
        return self.back is not None or self.cut_short


def read_images(clip: Path, width: int) -> list[np.ndarray]:
    """Read the first MOST_FRAMES images of a clip, scaled to `width` pixels. Raises SourceError."""
    images: list[np.ndarray] = []
    with VideoFile(clip) as source:
        size = width, max(round(source.size[1] * width / source.size[0]), 1)
        while len(images) < MOST_FRAMES and (frame := source.read()) is not None:
            images.append(cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA))
    return images


class FaultyCamera:
    """Plays `images` again and again, `rate` per second; fails in one of `kinds` every `every` seconds on average.

    The same seed gives the same series of faults. `faults` has all faults so far, the newest last; `blocked` counts the
    reads that block now. Several threads may use it; only the newest opening has faults.
    """

    def __init__(
        self,
        images: Sequence[np.ndarray],
        rate: float,
        seed: int,
        every: float,
        kinds: Sequence[str] = tuple(KINDS),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.name, self.rate, self.clock, self.sleep = "soak camera", rate, clock, sleep
        self.faults: list[Fault] = []
        self.blocked = 0
        self.opened = 0
        self.shown = 0  # number of frames
        self._images, self._every, self._kinds = images, every, tuple(kinds)
        self._rng = np.random.default_rng(seed)
        self._noise = self._rng.integers(0, 256, (8, *images[0].shape), np.uint8)
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._number = 0  # of the opening that had the newest fault
        self._due = clock() + self._wait()

    @property
    def fault(self) -> Fault | None:
        """The current fault, until a good frame arrives; None if there is none."""
        with self._lock:
            return self._on()

    @property
    def size(self) -> tuple[int, int]:
        return self._images[0].shape[1], self._images[0].shape[0]

    def open(self) -> Opening:
        """Open the camera like a device. Raises SourceError while it cannot be reached."""
        with self._lock:
            fault = self._on()
            if fault is not None and fault.kind in ("end", "error") and self.clock() < fault.began + fault.seconds:
                raise SourceError(f"{self.name} cannot be reached")
            self.opened += 1
            return Opening(self, self.opened)

    def restart(self) -> None:
        """Cut the current fault short, because the reader starts again."""
        with self._lock:
            fault = self._on()
            if fault is not None:
                fault.cut_short = True
            self._due = self.clock() + self._wait()

    def release(self) -> None:
        """Let every blocked read return, at the end of the run."""
        self._released.set()

    def next_fault(self, number: int) -> Fault | None:
        """The fault of the opening with this number, started now if it is due; ends a fault that is over."""
        with self._lock:
            if number != self.opened:
                return None  # an abandoned opening
            now, fault = self.clock(), self._on()
            if fault is not None:
                reopened = number > self._number
                if not reopened and (fault.must_be_noticed or now < fault.began + fault.seconds):
                    return fault
                self._end(fault)
            if now < self._due:
                return None
            self._number = number
            kind = self._kinds[self._rng.integers(len(self._kinds))]
            seconds = float(self._rng.uniform(*DURATION))
            noticed = KINDS[kind] and (kind != "stall" or seconds > STALL + _MARGIN)
            self.faults.append(Fault(kind, now, LONGEST_BLOCK if kind == "block" else seconds, noticed))
            return self.faults[-1]

    def end(self, fault: Fault) -> None:
        """End a fault: frames come again."""
        with self._lock:
            if not fault.over:
                self._end(fault)

    def block(self, seconds: float) -> None:
        """Block for `seconds`, or until `release`."""
        with self._lock:
            self.blocked += 1
        self._released.wait(seconds)
        with self._lock:
            self.blocked -= 1

    def image(self, fault: Fault | None) -> np.ndarray:
        """The next image, changed by the fault."""
        with self._lock:
            self.shown += 1
            number = self.shown
        image = self._images[number % len(self._images)]
        if fault is not None and fault.kind == "garbage":
            return self._noise[number % len(self._noise)]
        if fault is not None and fault.kind == "size":
            height, width = image.shape[:2]
            sizes = (width // 2, height // 2), (height, width), (16, 16), (1, 1), (width, 1)
            return cv2.resize(image, sizes[len(self.faults) % len(sizes)])
        return image

    def _on(self) -> Fault | None:
        return self.faults[-1] if self.faults and not self.faults[-1].over else None

    def _end(self, fault: Fault) -> None:
        fault.back = self.clock()
        self._due = fault.back + self._wait()

    def _wait(self) -> float:
        return QUIET + float(self._rng.exponential(max(self._every - QUIET, 0.1)))


class Opening:
    """One opening of the camera, as a Source."""

    live = True
    duration: float | None = None
    trouble = ""

    def __init__(self, camera: FaultyCamera, number: int) -> None:
        self.name, self.fps, self.size = camera.name, camera.rate, camera.size
        self.fault: str | None = None
        self._camera, self._number = camera, number
        self._index, self._due = 0, camera.clock()
        self._frozen: np.ndarray | None = None
        self._shift = 0.0

    def read(self) -> Frame | None:
        """Return the next frame; the faults of the camera happen here."""
        fault = self._camera.next_fault(self._number)
        kind = fault.kind if fault is not None else ""
        if kind == "end":
            self.fault = f"{self.name} gives no more frames"
            return None
        if kind == "error":
            raise RuntimeError("the driver has failed")
        if fault is not None and kind in ("block", "stall"):
            self._camera.block(max(fault.began + fault.seconds - self._camera.clock(), 0.0))
            if kind == "stall":
                self._camera.end(fault)
        if kind == "timestamps":
            self._shift = -1e6 * self._index if self._index % 2 else float("nan")
        now = self._camera.clock()
        self._due = max(self._due + (1 / 3 if kind == "slow" else 1 / self.fps), now - 1 / self.fps)
        self._camera.sleep(max(self._due - now, 0.0))
        if kind != "freeze" or self._frozen is None:
            self._frozen = self._camera.image(fault)
        self._index += 1
        return Frame(self._frozen, self._index / self.fps + self._shift, self._index - 1)

    def cancel(self) -> None:
        """Does nothing: no read() waits for the camera to come back."""

    def close(self) -> None:
        """Does nothing: there is nothing to release."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
