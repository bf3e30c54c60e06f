"""A thread that reads a source and keeps the newest frame only, so that delay cannot grow."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from live_stf.live.rate import RateMeter
from live_stf.sources.source import Source
from live_stf.types import Frame

_log = logging.getLogger(__name__)

STOP_TIMEOUT = 1.0  # seconds that stop() waits for a read by default


@dataclass(frozen=True, eq=False)
class Captured:
    """A frame and the time at which it was read, by the capture's clock in seconds."""

    frame: Frame
    arrived: float


class Capture:
    """Owns a source and reads it in a thread. Files are played at their own pace, by the timestamps of their frames.

    A capture can outlive the loop that takes its frames, so that the next loop goes on with the same camera or clip.

    clock: seconds. wait: called with the seconds until a file's next frame is due; returns True if stop() interrupted
    the wait. every: drop no frame of a file: each frame waits until it is taken, and whoever takes them sets the pace.

    The thread is a daemon: a read() that never returns is left behind by stop().
    """

    def __init__(
        self,
        source: Source,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], bool] | None = None,
        every: bool = False,
    ) -> None:
        self.source = source
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
        self._newest = clock()  # when the newest frame arrived; before the first, when reading began
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    @property
    def rate(self) -> float:
        """Frames read per second over the last seconds."""
        return self._rate.rate()

    @property
    def dropped(self) -> int:
        """Number of frames that a newer one replaced before anybody took them."""
        return self._dropped

    @property
    def ended(self) -> bool:
        """Whether the source has ended or failed and its last frame was taken."""
        with self._new:
            return self._ended and self._taken

    @property
    def error(self) -> Exception | None:
        """The exception that ended reading; None while all is well."""
        return self._error

    @property
    def silence(self) -> float:
        """Seconds since the newest frame of a live source; 0 for files, whose frames may be far apart."""
        return max(self._clock() - self._newest, 0.0) if self.source.live and self._started else 0.0

    @property
    def _started(self) -> bool:
        return self._thread.ident is not None

    def start(self) -> None:
        """Begin to read; does nothing if reading has begun."""
        if not self._started:
            self._newest = self._clock()
            self._thread.start()

    def take(self, timeout: float) -> Captured | None:
        """Return the newest frame that was not taken yet; None if none comes within `timeout` seconds."""
        with self._new:
            self._new.wait_for(lambda: not self._taken or self._ended, timeout)
            if self._taken:
                return None
            self._taken = True
            self._new.notify_all()
            return self._slot

    def give_back(self, captured: Captured) -> None:
        """Return a frame that was taken but not used: the next taker gets it, unless a newer one has come."""
        with self._new:
            if self._slot is captured:
                self._taken = False
                self._new.notify_all()

    def stop(self, timeout: float = STOP_TIMEOUT) -> None:
        """End the thread and close the source. Waits up to `timeout` seconds; may be called twice.

        A thread that hangs in read() is left behind with its source open, because closing it during a read may crash.
        """
        self._stop.set()
        self.source.cancel()
        with self._new:
            self._new.notify_all()
        if self._started:
            self._thread.join(timeout)
        if self._thread.is_alive():
            _log.debug("%s: left behind in read()", self.source.name)
        else:
            self.source.close()

    def _run(self) -> None:
        try:
            self._read()
        except Exception as error:  # top of the thread: handed on by `error`
            _log.debug("capture failed", exc_info=True)
            self._error = error
        finally:
            with self._new:
                self._ended = True
                self._new.notify_all()

    def _read(self) -> None:
        start: float | None = None
        while not self._stop.is_set():
            frame = self.source.read()
            if frame is None:
                return
            if self._every:
                with self._new:
                    self._new.wait_for(lambda: self._taken or self._stop.is_set())
            elif not self.source.live:
                if start is None:
                    start = self._clock() - frame.time
                due = start + frame.time - self._clock()
                if due > 0 and self._wait(due):
                    return
            self._put(Captured(frame, self._clock()))

    def _put(self, captured: Captured) -> None:
        self._newest = captured.arrived
        self._rate.count()
        with self._new:
            self._dropped += not self._taken
            self._slot, self._taken = captured, False
            self._new.notify_all()
