"""Lines about the source, for runs without a window."""

from __future__ import annotations

from collections.abc import Callable

from live_stf.types import Snapshot


class Notices:
    """Reports trouble of the source when it begins or changes, and once when frames come again.

    notify: called with one line.
    """

    def __init__(self, notify: Callable[[str], None]) -> None:
        self._notify = notify
        self._last = ""

    def take(self, snapshot: Snapshot) -> None:
        """Report the changes since the last snapshot, except how the run ended."""
        if snapshot.finished or snapshot.message == self._last:
            return
        self._last = snapshot.message
        self._notify(snapshot.message or "frames come again")
