"""What happens to a source, in words, for who has no window before them."""

from __future__ import annotations

from collections.abc import Callable

from live_stf.types import Snapshot


class Notices:
    """Says a source's trouble when it begins or changes, and once when pictures come again.

    say: called with one line.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said = ""

    def take(self, snapshot: Snapshot) -> None:
        """Say what is new since the last snapshot; how a run ended is not said here."""
        if snapshot.finished or snapshot.message == self._said:
            return
        self._said = snapshot.message
        self._say(snapshot.message or "pictures come again")
