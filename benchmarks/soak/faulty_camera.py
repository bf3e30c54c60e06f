"""A camera that plays a clip's pictures and fails by chance, in the ways that real ones do."""

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

MOST_PICTURES = 300  # of a clip that are held in memory
LONGEST_BLOCK = 45.0  # seconds after which a read that blocks returns: a thread cannot be ended from outside
QUIET = 1.5  # seconds of good pictures between two faults at least
_HELD_UP = 0.5  # seconds by which a stall has to outlast STALL to be one that must be noticed

# What happens, and whether it has to be noticed: in the others pictures come all the same.
KINDS = {
    "end": True,  # no more pictures; opening it again is refused for a while
    "error": True,  # reading raises; opening it again is refused for a while
    "block": True,  # a read does not return; a new opening is well
    "freeze": True,  # the same picture for ever; a new opening is well
    "stall": True,  # no picture for a while; only the long ones have to be noticed
    "garbage": False,  # pictures of noise
    "size": False,  # pictures of another size, down to a single pixel
    "timestamps": False,  # the pictures' own times jump
    "slow": False,  # three pictures a second
}


@dataclass
class Fault:
    """One fault. Times are the clock's. seconds: how long the camera itself is not well.

    noticed: when a user was told. back: when a good picture got through again. cut_short: the loop was stopped
    meanwhile, so what is not known never will be.
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
        return self.back is not None or self.cut_short


def pictures_of(clip: Path, width: int) -> list[np.ndarray]:
    """The first MOST_PICTURES pictures of a clip, `width` pixels wide. Raises SourceError."""
    pictures: list[np.ndarray] = []
    with VideoFile(clip) as source:
        size = width, max(round(source.size[1] * width / source.size[0]), 1)
        while len(pictures) < MOST_PICTURES and (frame := source.read()) is not None:
            pictures.append(cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA))
    return pictures


class FaultyCamera:
    """Plays `pictures` over and over, `rate` a second; `every` seconds on average it fails in one of `kinds`.

    The same seed gives the same series of faults. `faults` has all that have begun, the newest last; `blocked` counts
    the reads that are blocking now. Safe to use from several threads; one opening is current, the newest.
    """

    def __init__(
        self,
        pictures: Sequence[np.ndarray],
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
        self.shown = 0  # of the pictures
        self._pictures, self._every, self._kinds = pictures, every, tuple(kinds)
        self._rng = np.random.default_rng(seed)
        self._noise = self._rng.integers(0, 256, (8, *pictures[0].shape), np.uint8)
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._number = 0  # of the opening that had the newest fault
        self._due = clock() + self._wait()

    @property
    def fault(self) -> Fault | None:
        """The fault that is on, or was not got over yet."""
        with self._lock:
            return self._on()

    @property
    def size(self) -> tuple[int, int]:
        return self._pictures[0].shape[1], self._pictures[0].shape[0]

    def open(self) -> Opening:
        """Like opening a device: SourceError while it is away."""
        with self._lock:
            fault = self._on()
            if fault is not None and fault.kind in ("end", "error") and self.clock() < fault.began + fault.seconds:
                raise SourceError(f"{self.name} cannot be reached")
            self.opened += 1
            return Opening(self, self.opened)

    def restart(self) -> None:
        """What reads the camera is begun anew: the fault that is on will not be followed to its end."""
        with self._lock:
            fault = self._on()
            if fault is not None:
                fault.cut_short = True
            self._due = self.clock() + self._wait()

    def release(self) -> None:
        """Let every read that blocks return; for the end."""
        self._released.set()

    def next_fault(self, number: int) -> Fault | None:
        """The fault that is on for the opening of this number, begun now if it is time; ends those that are over."""
        with self._lock:
            if number != self.opened:
                return None  # it was left behind
            now, fault = self.clock(), self._on()
            if fault is not None:
                anew = number > self._number  # opened anew, and read
                if not anew and (fault.must_be_noticed or now < fault.began + fault.seconds):
                    return fault
                self._end(fault)
            if now < self._due:
                return None
            self._number = number
            kind = self._kinds[self._rng.integers(len(self._kinds))]
            seconds = float(self._rng.uniform(0.3, 5.0))
            noticed = KINDS[kind] and (kind != "stall" or seconds > STALL + _HELD_UP)
            self.faults.append(Fault(kind, now, LONGEST_BLOCK if kind == "block" else seconds, noticed))
            return self.faults[-1]

    def end(self, fault: Fault) -> None:
        """Pictures come again."""
        with self._lock:
            if not fault.over:
                self._end(fault)

    def block(self, seconds: float) -> None:
        """Do not return before `seconds` are over."""
        with self._lock:
            self.blocked += 1
        self._released.wait(seconds)
        with self._lock:
            self.blocked -= 1

    def picture(self, fault: Fault | None) -> np.ndarray:
        """The next picture, as the fault leaves it."""
        with self._lock:
            self.shown += 1
            number = self.shown
        image = self._pictures[number % len(self._pictures)]
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
    """The camera as it was opened once: a Source."""

    live = True
    duration = None
    trouble = ""

    def __init__(self, camera: FaultyCamera, number: int) -> None:
        self.name, self.fps, self.size = camera.name, camera.rate, camera.size
        self.fault: str | None = None
        self._camera, self._number = camera, number
        self._index, self._due = 0, camera.clock()
        self._frozen: np.ndarray | None = None
        self._shift = 0.0

    def read(self) -> Frame | None:
        """The next picture; whatever the camera's fault is happens here."""
        fault = self._camera.next_fault(self._number)
        kind = fault.kind if fault is not None else ""
        if kind == "end":
            self.fault = f"{self.name} gives no more frames"
            return None
        if kind == "error":
            raise RuntimeError("the driver has failed")
        if kind in ("block", "stall"):
            self._camera.block(max(fault.began + fault.seconds - self._camera.clock(), 0.0))
            if kind == "stall":
                self._camera.end(fault)
        if kind == "timestamps":
            self._shift = -1e6 * self._index if self._index % 2 else float("nan")
        now = self._camera.clock()
        self._due = max(self._due + (1 / 3 if kind == "slow" else 1 / self.fps), now - 1 / self.fps)
        self._camera.sleep(max(self._due - now, 0.0))
        if kind != "freeze" or self._frozen is None:
            self._frozen = self._camera.picture(fault)
        self._index += 1
        return Frame(self._frozen, self._index / self.fps + self._shift, self._index - 1)

    def cancel(self) -> None:
        """Nothing: no read() waits for the camera to come back."""

    def close(self) -> None:
        """Nothing to give back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
