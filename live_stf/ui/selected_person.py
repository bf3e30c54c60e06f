"""The selected person, whose scores and attention are shown."""

from __future__ import annotations

from collections.abc import Mapping

from live_stf.types import Event, State


class Selection:
    """`identity` is the identity of the selected person; None while there is nobody."""

    def __init__(self) -> None:
        self.identity: int | None = None
        self._is_users_choice = False

    def choose(self, identity: int) -> None:
        """Select this person for the user."""
        self.identity, self._is_users_choice = identity, True

    def choose_next(self, events: Mapping[int, Event]) -> None:
        """Select the next person in view; after the last one, the first."""
        identities = sorted(events)
        if identities:
            later = [identity for identity in identities if identity > (self.identity or 0)]
            self.choose((later or identities)[0])

    def follow(self, events: Mapping[int, Event]) -> None:
        """Keep the user's choice while that person is in view; otherwise select a person who has a label."""
        if self.identity in events and self._is_users_choice:
            return
        self._is_users_choice = False
        labelled = [identity for identity, event in events.items() if event.state is State.LABEL]
        if self.identity not in (labelled or events):
            self.identity = min(labelled or events, default=None)
