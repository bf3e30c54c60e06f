"""Turn flickering probabilities into a stable label: a state machine for each person."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from live_stf.errors import ModelError
from live_stf.types import Event, State


@dataclass(frozen=True)
class DecisionSettings:
    """When a label begins and ends. Probabilities 0..1, times in seconds.

    enter: smoothed probability at which a class becomes the label. leave: smoothed probability below which it ends.
    dwell: the shortest time that a label, or its absence, lasts. smoothing: time constant of the exponential mean over
    the probabilities, so that the result does not depend on the rate of the network; 0 for no smoothing. minimum_seen:
    how long a person must be seen before the network classifies them. none_label: the class for everything else, which
    never becomes a label; None if there is none.

    Raises ModelError if a value is out of range.
    """

    enter: float = 0.6
    leave: float = 0.4
    dwell: float = 0.5
    smoothing: float = 0.3
    minimum_seen: float = 1.0
    none_label: str | None = None

    def __post_init__(self) -> None:
        for name in ("enter", "leave", "dwell", "smoothing", "minimum_seen"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ModelError(f"decision: {name} is {value!r}; it must be a number")
        for name in ("enter", "leave"):
            if not 0 < getattr(self, name) <= 1:
                raise ModelError(f"decision: {name} is {getattr(self, name)}; it must be above 0 and at most 1")
        if self.leave > self.enter:
            raise ModelError(f"decision: leave ({self.leave}) is above enter ({self.enter}), so labels would flicker")
        for name in ("dwell", "smoothing", "minimum_seen"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ModelError(f"decision: {name} is {value}; it must be 0 or more seconds")

    @classmethod
    def of(cls, values: Mapping[str, Any], none_label: str | None = None) -> DecisionSettings:
        """Settings from a model's description or a recipe. A missing setting keeps its default.

        Raises ModelError if a name is unknown or a value is out of range.
        """
        if not isinstance(values, Mapping):
            raise ModelError(f"decision is {values!r}; it must map names of settings to numbers")
        known = {field.name for field in fields(cls)} - {"none_label"}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ModelError(
                f"decision: unknown setting {', '.join(unknown)}; the settings are {', '.join(sorted(known))}"
            )
        return cls(**values, none_label=none_label)

    def as_dict(self) -> dict[str, float]:
        """The values by name, without `none_label`, as `of` takes them."""
        return {name: value for name, value in asdict(self).items() if name != "none_label"}

    def at(self, enter: float) -> DecisionSettings:
        """The same settings with another `enter`, and `leave` below it in the same proportion."""
        return replace(self, enter=enter, leave=self.leave * enter / self.enter)


class Decision:
    """The state machine of one person: filling, then unsure or a label.

    labels: the classes in the order of the probabilities.
    """

    def __init__(self, identity: int, labels: Sequence[str], settings: DecisionSettings) -> None:
        self.identity = identity
        self._labels = tuple(labels)
        self._settings = settings
        self._none = self._labels.index(settings.none_label) if settings.none_label in self._labels else None
        self._smooth = np.zeros(len(self._labels))
        self._time = -math.inf  # so that the first probabilities have the whole weight
        self._current: int | None = None  # class of the label; None while unsure
        self._since = -math.inf  # when the present state was entered

    def update(self, time: float, probabilities: np.ndarray, filled: float = 1.0) -> Event:
        """Take the network's probabilities (classes,) for this person at `time` seconds and return the decision.

        Raises ValueError if the shape does not fit the labels.
        """
        if probabilities.shape != (len(self._labels),):
            raise ValueError(f"{probabilities.shape} probabilities for {len(self._labels)} labels")
        smoothing = self._settings.smoothing
        elapsed = max(time - self._time, 0.0)
        weight = 1.0 if smoothing == 0 else 1.0 - math.exp(-elapsed / smoothing)
        self._smooth = self._smooth + weight * (probabilities - self._smooth)
        self._time = max(time, self._time)

        target = self._target()
        if target != self._current and time - self._since >= self._settings.dwell - 1e-9:
            self._current, self._since = target, time
        if self._current is None:
            return Event(self.identity, time, State.UNSURE, None, self._score(int(self._smooth.argmax())), filled)
        return Event(self.identity, time, State.LABEL, self._labels[self._current], self._score(self._current), filled)

    def decide_by(self, settings: DecisionSettings) -> None:
        """Use these settings from now on. Their `none_label` must be the same as before."""
        self._settings = settings

    def filling(self, time: float, filled: float) -> Event:
        """Return the event for a person who has not been seen for long enough. filled: share of the span, 0..1."""
        return Event(self.identity, time, State.FILLING, filled=filled)

    def _target(self) -> int | None:
        """The class that the label should be now; None for no label. The dwell time is not considered."""
        best = int(self._smooth.argmax())
        if best != self._none and self._smooth[best] >= self._settings.enter:
            return best
        # A label stays while no class is likely enough, but gives way to a likely one, none_label included.
        kept = self._current is not None and self._smooth[self._current] >= self._settings.leave
        return self._current if kept and self._smooth[best] < self._settings.enter else None

    def _score(self, index: int) -> float:
        return float(np.clip(self._smooth[index], 0.0, 1.0))
