"""A camera or stream that comes back: lost, stalled or frozen, it is opened again until it gives pictures.

Reading and opening may block for as long as they like, a driver or a network decides that. So they run in a thread that
is left behind when nothing comes of it, and another one begins anew.
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
from live_stf.sources.source import OPEN_TIMEOUT, Source, Wish, open_source
from live_stf.types import Frame

_log = logging.getLogger(__name__)

STALL = 1.6  # seconds without a picture that differs from the one before: told within two, on a busy machine, too
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0  # seconds between two attempts; each is twice the one before
_GLANCE = 0.05  # seconds after which a read() that waits for a picture looks whether there is trouble


def open_lasting(spec: str | Path, wish: Wish | None = None) -> Source:
    """What `open_source` opens; a camera or stream comes back when it was lost.

    Raises SourceError where it cannot be opened at first: then the name is wrong, or nothing is there.
    """
    open_again = partial(open_source, spec, wish=wish or Wish())
    source = open_again()
    return ReconnectingSource(source, open_again) if source.live else source


def alike(image: np.ndarray, other: np.ndarray | None) -> bool:
    """Whether two pictures are the same, as far as a sixteenth of their rows and columns tell."""
    return other is not None and image.shape == other.shape and np.array_equal(image[::16, ::16], other[::16, ::16])


class _Reader(threading.Thread):
    """Reads one opening of a source and keeps its newest picture."""

    def __init__(self, opened: Source | None, open_again: Callable[[], Source], clock: Callable[[], float]) -> None:
        super().__init__(name="reader", daemon=True)
        self._opened, self._open_again = opened, open_again
        self.open_since = None if opened is None else clock()  # by the clock, once it is open
        self._clock = clock
        self._new = threading.Condition()
        self._newest: Frame | None = None
        self._left = False
        self.ended = False  # no further picture will come
        self.problem = ""  # why it ended, once it has by itself

    def take(self, timeout: float) -> Frame | None:
        """The newest picture that was not taken yet; None when none has come after `timeout` seconds, or none will."""
        with self._new:
            self._new.wait_for(lambda: self._newest is not None or self._left or self.ended, timeout)
            newest, self._newest = self._newest, None
            return newest

    def leave(self) -> None:
        """Its pictures are wanted no longer; it closes its source when the read that it is in has returned."""
        with self._new:
            self._left = True
            self._new.notify_all()

    def run(self) -> None:
        source = self._opened
        try:
            if source is None:
                source = self._open_again()
                self.open_since = self._clock()
            while not self._left:
                frame = source.read()
                if frame is None:
                    self.problem = source.fault or f"{source.name} gives no more pictures"
                    return
                with self._new:
                    self._newest = frame
                    self._new.notify_all()
        except SourceError as problem:
            self.problem = str(problem)
        except Exception as problem:  # the thread's edge: a driver may raise anything, and the next attempt may be well
            _log.debug("reading failed", exc_info=True)
            self.problem = one_line(problem, 100)
        finally:
            with self._new:
                self.ended = True
                self._new.notify_all()
            if source is not None:
                source.close()


class ReconnectingSource:
    """A live source that does not end but by `close()`.

    opened: the source as it is open now; open_again: opens it anew. `trouble` says in one line what is wrong while no
    pictures come, and is empty while all is well. Times are seconds since the first opening, also over a gap.
    `reconnections` counts the attempts.
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
        self._reader = self._begin(opened)

    def read(self) -> Frame | None:
        """The newest picture, waiting for one through any trouble; None after `close()`."""
        while not self._closed.is_set():
            frame = self._reader.take(_GLANCE)
            now = self._clock()
            if frame is not None and not alike(frame.image, self._last):
                self._changed, self.trouble, self._pause = now, "", self._first_pause
            if frame is not None:
                self._arrived = now
            silent = now - self._changed
            # A picture that was stuck before is not handed on while it is all that comes.
            if frame is not None and silent <= self._stall and not self.trouble:
                self._last = frame.image
                self._time = max(now - self._opened, self._time + 0.001)
                self._index += 1
                return Frame(frame.image, self._time, self._index - 1)
            if self._reader.ended:
                self._again(self._reader.problem)
            elif silent > self._patience():
                what = "no" if now - self._arrived > self._stall / 2 else "always the same"
                self._again(f"{what} picture from {self.name} for {silent:.0f} s")
        return None

    def _patience(self) -> float:
        """Seconds since the last change that may pass: opening takes time of its own."""
        opened = self._reader.open_since
        return OPEN_TIMEOUT if opened is None else max(opened - self._changed, 0.0) + self._stall

    def _again(self, problem: str) -> None:
        """Say what is wrong, wait, and begin anew."""
        self._reader.leave()
        pause, self._pause = self._pause, min(2 * self._pause, self._longest_pause)
        self.trouble = f"{problem}; trying again"
        _log.debug("%s in %.1f s", self.trouble, pause)
        if self._closed.wait(pause):
            return
        self.reconnections += 1
        self._changed = self._clock()
        self._reader = self._begin(None)

    def _begin(self, opened: Source | None) -> _Reader:
        reader = _Reader(opened, self._open_again, self._clock)
        reader.start()
        return reader

    def cancel(self) -> None:
        """Let a read() that waits return None; from any thread."""
        self._closed.set()
        self._reader.leave()

    def close(self) -> None:
        """End it; may be called twice. A thread that hangs is left behind with its opening of the source."""
        self.cancel()
        self._reader.join(timeout=0.5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
