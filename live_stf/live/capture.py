"""A thread that reads a source and keeps only the newest picture, so that delay cannot grow."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from live_stf.live.rate import RateMeter
from live_stf.sources.source import Source
from live_stf.types import Frame

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Captured:
    """A picture and when it was read, by the capture's clock in seconds."""

    frame: Frame
    arrived: float


class Capture:
    """Reads a source in a thread of its own. Files are played at their own pace, by their pictures' timestamps.

    every: no picture of a file is dropped: each waits until it is taken, and the pace is that of who takes them.

    The thread is a daemon: a read() that never returns is left behind at the end. clock: seconds; wait: called with the
    seconds until a file's next picture is due, returns True when that wait was broken off by stop().
    """

    def __init__(
        self,
        source: Source,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], bool] | None = None,
        every: bool = False,
    ) -> None:
        self._source = source
        self._every = every and not source.live
        self._clock = clock
        self._stop = threading.Event()
        self._wait = self._stop.wait if wait is None else wait
        self._new = threading.Condition()
        self._slot: Captured | None = None
        self._taken = True
        self._rate = RateMeter(clock)
        self._dropped = 0
        self._ended = False
        self._error: Exception | None = None
        self._last_change: float | None = None
        self._sample: np.ndarray | None = None
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    @property
    def rate(self) -> float:
        """Pictures read per second, lately."""
        return self._rate.rate()

    @property
    def dropped(self) -> int:
        """Pictures replaced by a newer one before anybody took them."""
        return self._dropped

    @property
    def ended(self) -> bool:
        """The source has ended or failed, and its last picture was taken."""
        with self._new:
            return self._ended and self._taken

    @property
    def error(self) -> Exception | None:
        """What reading raised, None while all is well."""
        return self._error

    @property
    def silence(self) -> float:
        """Seconds since a picture came that differs from the one before: a dead stream may repeat its last for ever."""
        return 0.0 if self._last_change is None else max(self._clock() - self._last_change, 0.0)

    def start(self) -> None:
        """Begin to read."""
        self._last_change = self._clock()
        self._thread.start()

    def take(self, timeout: float) -> Captured | None:
        """The newest picture that was not taken yet; None when none has come after `timeout` seconds."""
        with self._new:
            self._new.wait_for(lambda: not self._taken or self._ended, timeout)
            if self._taken:
                return None
            self._taken = True
            self._new.notify_all()
            return self._slot

    def stop(self, timeout: float) -> None:
        """End the thread, waiting up to `timeout` seconds, and close the source.

        A thread that hangs in read() is left behind, and its source with it: closing under a read may crash.
        """
        self._stop.set()
        self._source.cancel()
        with self._new:
            self._new.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        if self._thread.is_alive():
            _log.debug("%s: left behind in read()", self._source.name)
        else:
            self._source.close()

    def _run(self) -> None:
        try:
            self._read()
        except Exception as error:  # the thread's edge: handed on by `error`
            _log.debug("capture failed", exc_info=True)
            self._error = error
        finally:
            with self._new:
                self._ended = True
                self._new.notify_all()

    def _read(self) -> None:
        start: float | None = None
        while not self._stop.is_set():
            frame = self._source.read()
            if frame is None:
                return
            if self._every:
                with self._new:
                    self._new.wait_for(lambda: self._taken or self._stop.is_set())
            elif not self._source.live:
                if start is None:
                    start = self._clock() - frame.time
                due = start + frame.time - self._clock()
                if due > 0 and self._wait(due):
                    return
            self._put(Captured(frame, self._clock()))

    def _put(self, captured: Captured) -> None:
        sample = captured.frame.image[::16, ::16].copy()
        if self._sample is None or sample.shape != self._sample.shape or not np.array_equal(sample, self._sample):
            self._last_change = captured.arrived
        self._sample = sample
        self._rate.count()
        with self._new:
            self._dropped += not self._taken
            self._slot, self._taken = captured, False
            self._new.notify_all()
