"""Whose details are shown."""

from __future__ import annotations

from collections.abc import Mapping

from live_stf.types import Event, State


class Selection:
    """`identity` is of the person whose details are shown; None while there is nobody."""

    def __init__(self) -> None:
        self.identity: int | None = None
        self._is_users_choice = False

    def choose(self, identity: int) -> None:
        """A user wants this person."""
        self.identity, self._is_users_choice = identity, True

    def choose_next(self, events: Mapping[int, Event]) -> None:
        """A user wants the next person in view, after the last one the first."""
        identities = sorted(events)
        if identities:
            later = [identity for identity in identities if identity > (self.identity or 0)]
            self.choose((later or identities)[0])

    def follow(self, events: Mapping[int, Event]) -> None:
        """Whom a user has chosen stays while in view; else it is somebody who is named, for as long as that is so."""
        if self.identity in events and self._is_users_choice:
            return
        self._is_users_choice = False
        named = [identity for identity, event in events.items() if event.state is State.LABEL]
        if self.identity not in (named or events):
            self.identity = min(named or events, default=None)
