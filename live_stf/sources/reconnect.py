"""Cameras and streams that come back: a source that is lost, stalls or freezes is opened again until it gives frames.

Reading and opening may block for any time, depending on the driver or the network. Both run in a thread of their own,
which is abandoned when it hangs; a new thread then opens the source again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np

from live_stf.errors import SourceError, one_line
from live_stf.sources.live_camera import OPEN_TIMEOUT
from live_stf.sources.opening import open_source
from live_stf.sources.source import CameraSettings, Source
from live_stf.types import Frame

_log = logging.getLogger(__name__)

STALL = 1.6  # seconds without a new frame after which a source counts as lost; so it is reported within 2 s under load
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0  # seconds between two attempts; each pause is twice the one before
_POLL = 0.05  # seconds between two looks at the state of the reader while read() waits for a frame


def open_reconnecting(name: str | Path, settings: CameraSettings | None = None) -> Source:
    """Open a source as `open_source` does; a camera or stream is opened again whenever it is lost.

    Raises SourceError if it cannot be opened at first, because then the name is wrong or nothing is connected.
    """
    open_again = partial(open_source, name, settings=settings)
    source = open_again()
    return ReconnectingSource(source, open_again) if source.live else source


def same_image(image: np.ndarray, other: np.ndarray | None) -> bool:
    """Whether two images are equal in every sixteenth row and column."""
    return other is not None and image.shape == other.shape and np.array_equal(image[::16, ::16], other[::16, ::16])


class _Reader(threading.Thread):
    """Opens a source if it is not open yet, reads it, and keeps the newest frame only."""

    def __init__(self, opened: Source | None, open_again: Callable[[], Source], clock: Callable[[], float]) -> None:
        super().__init__(name="reader", daemon=True)
        self._opened, self._open_again = opened, open_again
        self.open_since = None if opened is None else clock()  # time of the opening; None before it
        self._clock = clock
        self._new = threading.Condition()
        self._newest: Frame | None = None
        self._abandoned = False
        self.ended = False  # no further frame will come
        self.problem = ""  # why it ended by itself

    def take(self, timeout: float) -> Frame | None:
        """Return the newest frame that was not taken yet; None if none comes within `timeout` seconds."""
        with self._new:
            self._new.wait_for(lambda: self._newest is not None or self._abandoned or self.ended, timeout)
            newest, self._newest = self._newest, None
            return newest

    def abandon(self) -> None:
        """Stop reading. The thread closes its source once its current read returns."""
        with self._new:
            self._abandoned = True
            self._new.notify_all()

    def run(self) -> None:
        source = self._opened
        try:
            if source is None:
                source = self._open_again()
                self.open_since = self._clock()
            while not self._abandoned:
                frame = source.read()
                if frame is None:
                    self.problem = source.fault or f"{source.name} gives no more frames"
                    return
                with self._new:
                    self._newest = frame
                    self._new.notify_all()
        except SourceError as problem:
            self.problem = str(problem)
        except Exception as problem:  # top of the thread: drivers may raise anything, and the next attempt may succeed
            _log.debug("reading failed", exc_info=True)
            self.problem = one_line(problem, 100)
        finally:
            with self._new:
                self.ended = True
                self._new.notify_all()
            if source is not None:
                source.close()


class ReconnectingSource:
    """A live source that ends only when it is closed.

    This is the one place that notices frozen frames: a source that repeats one frame for ever counts as lost.

    opened: the source as it is open now. open_again: opens it again. stall: seconds without a new frame after which it
    counts as lost. first_pause, longest_pause: seconds between two attempts. clock: seconds.

    `trouble` says in one line what is wrong while no frames come, and is empty otherwise. Times are seconds since the
    first opening and go on through gaps. `reconnections` counts the attempts.
    """

    live = True
    duration = None
    fault = None

    def __init__(
        self,
        opened: Source,
        open_again: Callable[[], Source],
        stall: float = STALL,
        first_pause: float = FIRST_PAUSE,
        longest_pause: float = LONGEST_PAUSE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self.fps, self.size = opened.name, opened.fps, opened.size
        self.trouble = ""
        self.reconnections = 0
        self._open_again = open_again
        self._stall, self._first_pause, self._longest_pause = stall, first_pause, longest_pause
        self._pause = first_pause
        self._clock = clock
        self._opened = self._changed = self._arrived = clock()
        self._time, self._index = -1.0, 0
        self._last: np.ndarray | None = None
        self._closed = threading.Event()
        self._reader = self._start_reader(opened)

    def read(self) -> Frame | None:
        """Return the newest frame, waiting through any trouble; None once the source is closed."""
        while not self._closed.is_set():
            frame = self._reader.take(_POLL)
            now = self._clock()
            if frame is not None and not same_image(frame.image, self._last):
                self._changed, self.trouble, self._pause = now, "", self._first_pause
            if frame is not None:
                self._arrived = now
            silent = now - self._changed
            # A frame that was frozen before is not handed on while nothing else comes.
            if frame is not None and silent <= self._stall and not self.trouble:
                self._last = frame.image
                self._time = max(now - self._opened, self._time + 0.001)
                self._index += 1
                return Frame(frame.image, self._time, self._index - 1)
            if self._reader.ended:
                self._reconnect(self._reader.problem)
            elif silent > self._patience():
                what = "no frame" if now - self._arrived > self._stall / 2 else "always the same frame"
                self._reconnect(f"{what} from {self.name} for {silent:.0f} s")
        return None

    def _patience(self) -> float:
        """Seconds since the last change that may pass; opening takes additional time."""
        opened = self._reader.open_since
        return OPEN_TIMEOUT if opened is None else max(opened - self._changed, 0.0) + self._stall

    def _reconnect(self, problem: str) -> None:
        """Report the problem, pause, and open the source again."""
        self._reader.abandon()
        pause, self._pause = self._pause, min(2 * self._pause, self._longest_pause)
        self.trouble = f"{problem}; trying again"
        _log.debug("%s in %.1f s", self.trouble, pause)
        if self._closed.wait(pause):
            return
        self.reconnections += 1
        self._changed = self._clock()
        self._reader = self._start_reader(None)

    def _start_reader(self, opened: Source | None) -> _Reader:
        reader = _Reader(opened, self._open_again, self._clock)
        reader.start()
        return reader

    def cancel(self) -> None:
        """Make a waiting read() return None. May be called from any thread."""
        self._closed.set()
        self._reader.abandon()

    def close(self) -> None:
        """Release the source. May be called twice. A thread that hangs is left behind with its source open."""
        self.cancel()
        self._reader.join(timeout=0.5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
