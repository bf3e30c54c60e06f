"""What does not change while the window is open."""

from __future__ import annotations

from dataclasses import dataclass

from live_stf.skeleton import Skeleton


@dataclass(frozen=True)
class About:
    """What recognises: shown in the status line, and needed to read scores and attention.

    labels: class names in the order of the probabilities. grains: how many the attention has, the joint grain counted.
    frames: length of a full window.
    """

    labels: tuple[str, ...]
    skeleton: Skeleton
    grains: int
    frames: int
    model: str
    engine: str
    pose: str
    source: str

    @property
    def running(self) -> str:
        """What is at work, in one line."""
        return f"{self.model} on {self.engine}, pose by {self.pose}"
