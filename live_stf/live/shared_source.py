"""A source that outlives the loop that reads it: the next loop goes on where the one before stopped.

A camera cannot be opened twice, and a clip should not begin anew because another model looks at it.
"""

from __future__ import annotations

import threading
from typing import Self

from live_stf.sources.source import Source
from live_stf.types import Frame

_LOOK = 0.05  # seconds between two looks whether a waiting read was called off
_PATIENCE = 1.0  # seconds that closing waits for a read


class SharedSource:
    """Owns `source`; loops read it by `lease()`, one after the other."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.reading = threading.Lock()
        self.kept: Frame | None = None  # read for a lease that was over by then

    def lease(self) -> Lease:
        """The source for one loop, whose end leaves it open."""
        return Lease(self)

    def close(self) -> None:
        """End it; may be called twice. A read that hangs is left behind: closing under it may crash."""
        self.source.cancel()
        if self.reading.acquire(timeout=_PATIENCE):
            self.source.close()
            self.reading.release()


class Lease:
    """A `Source` that reads a shared one until it is closed."""

    def __init__(self, shared: SharedSource) -> None:
        self._shared = shared
        self._over = False
        source = shared.source
        self.name, self.fps, self.size = source.name, source.fps, source.size
        self.duration, self.live = source.duration, source.live

    @property
    def fault(self) -> str | None:
        return self._shared.source.fault

    @property
    def trouble(self) -> str:
        return self._shared.source.trouble

    def read(self) -> Frame | None:
        """The shared source's next picture; None when it has ended or this lease is over. May block."""
        while not self._over:
            if not self._shared.reading.acquire(timeout=_LOOK):  # the lease before is still in its last read
                continue
            try:
                frame, self._shared.kept = self._shared.kept or self._shared.source.read(), None
                if not self._over:
                    return frame
                self._shared.kept = frame
            finally:
                self._shared.reading.release()
        return None

    def cancel(self) -> None:
        """End this lease; a read() that waits for its turn returns None. From any thread."""
        self._over = True

    def close(self) -> None:
        """End this lease; the source stays open."""
        self.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
