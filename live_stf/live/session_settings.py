"""What a user chooses for live recognition."""

from __future__ import annotations

from dataclasses import dataclass, replace

from live_stf.decision import DecisionSettings
from live_stf.errors import LiveStfError, ModelError
from live_stf.model import Model
from live_stf.pose import estimators


@dataclass(frozen=True)
class Settings:
    """What a user chooses. Raises LiveStfError, beginning with the setting's name, if a value is out of range.

    source: a camera's number or name, a video file, recorded joints or a stream's URL. size, rate: frame size (width,
    height) and frames per second to ask a camera for. mirrored: exchange left and right before anything is detected.
    model: a name in models/, or a model's folder. engine, pose: what runs the network, and what finds people. people:
    the most people to look for. threshold: smoothed probability at which a class becomes a label; None for the model's
    own. listen: the labels to report; None for all. fast: process every frame of a file, as fast as possible.
    """

    source: str = "0"
    size: tuple[int, int] | None = None
    rate: float | None = None
    mirrored: bool = False
    model: str = "everyday"
    engine: str = "auto"
    pose: str = estimators.DEFAULT_POSE
    people: int = 2
    threshold: float | None = None
    listen: frozenset[str] | None = None
    fast: bool = False

    def __post_init__(self) -> None:
        if self.size is not None and min(self.size) < 1:
            raise LiveStfError(f"size is {self.size[0]}x{self.size[1]}, both have to be 1 or more")
        if self.rate is not None and not 0 < self.rate <= 1000:
            raise LiveStfError(f"rate is {self.rate:g}; it must be above 0 and at most 1000")
        if self.people < 1:
            raise LiveStfError(f"people is {self.people}; it must be 1 or more")
        if self.threshold is not None and not 0 < self.threshold <= 1:
            raise LiveStfError(f"threshold is {self.threshold:g}; it must be above 0 and at most 1")

    def same_source(self, other: Settings) -> bool:
        """Whether both ask for the same source, read in the same way."""
        return all(
            getattr(self, name) == getattr(other, name) for name in ("source", "size", "rate", "mirrored", "fast")
        )

    def same_classifier(self, other: Settings) -> bool:
        """Whether both ask for the same model on the same engine."""
        return (self.model, self.engine) == (other.model, other.engine)

    def differs_in_decision_only(self, other: Settings) -> bool:
        """Whether the threshold or the reported labels differ, and nothing else."""
        return self != other and replace(self, threshold=other.threshold, listen=other.listen) == other

    def decision(self, model: Model) -> DecisionSettings:
        """The model's decision settings, at the chosen threshold if there is one.

        Raises ModelError if `listen` has a label that the model does not know.
        """
        known = [label for label in model.labels if label != model.none_label]
        if unknown := sorted((self.listen or frozenset()) - set(known)):
            raise ModelError(f"{model.name} has no label {', '.join(unknown)}; there are {', '.join(known)}")
        return model.decision if self.threshold is None else model.decision.at(self.threshold)
