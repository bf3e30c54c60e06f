"""The part of a session that the window uses."""

from __future__ import annotations

from typing import Protocol

from live_stf.live.session import About, Settings
from live_stf.types import Snapshot


class LiveSession(Protocol):
    """See `live_stf.live.session.Session`. No call blocks."""

    opening: str

    @property
    def settings(self) -> Settings: ...

    @property
    def about(self) -> About | None: ...

    @property
    def engine(self) -> str: ...

    def snapshot(self) -> Snapshot: ...

    def notices(self) -> list[str]: ...

    def change(self, settings: Settings) -> None: ...
