"""What the live part needs of an engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from live_stf.types import Scores, Window


class Classifier(Protocol):
    """Windows in, scores out; `live_stf.engine` has them.

    labels: class names in the order of the probabilities. classify: one answer a window, in order.
    """

    labels: Sequence[str]

    def classify(self, windows: Sequence[Window]) -> list[Scores]: ...
