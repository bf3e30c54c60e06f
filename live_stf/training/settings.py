"""The training settings of a recipe, one dataclass per concern. In a recipe all of them are keys of `training`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from live_stf.errors import DataError


def _check(settings: object, names: Sequence[str], smallest: float, largest: float, allowed: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if not smallest <= value <= largest or value == math.inf:
            raise DataError(f"training.{name} is {value}; it must be {allowed}")


@dataclass
class EpochSettings:
    """The windows of an epoch.

    An epoch of a benchmark (`data.protocol`) has every training clip once. Without a protocol an epoch has `samples`
    random windows, with all classes equally likely.
    """

    epochs: int = 40
    batch: int = 16  # windows of a step, of all processes together
    samples: int = 1600  # random windows of an epoch
    none_share: float = 0.15  # share of the windows that show none of the named classes
    views: int = 2  # random windows of every held-out clip
    # Classes that are recognised by legs and trunk whatever the arms do, such as squats. other_arms and lean vary the
    # arms and the trunk of their clips, if these were measured in space. They are not in windows.*, because held-out
    # clips are not varied.
    told_by_legs: list[str] = field(default_factory=list)
    other_arms: float = 0.0  # probability that such a window has the arms of another clip
    lean: float = 0.0  # radians by which a crouching person leans further or less far forward, at most

    def __post_init__(self) -> None:
        _check(self, ("epochs", "batch", "samples", "views"), 1, math.inf, "1 or more")
        _check(self, ("none_share", "other_arms"), 0, 1, "from 0 to 1")
        _check(self, ("lean",), 0, math.inf, "0 or more")


@dataclass
class OptimizerSettings:
    """How the weights follow the gradient; see live_stf.training.optimizer."""

    optimizer: str = "adamw"  # or sgd
    learning_rate: float = 0.0007  # the highest one of the schedule
    weight_decay: float = 0.01
    momentum: float = 0.9  # of sgd
    nesterov: bool = True  # of sgd
    schedule: str = "one-cycle"  # or milestones
    warm_up: float = 0.15  # share of the steps in which the rate of one-cycle rises
    milestones: list[int] = field(default_factory=list)  # epochs from which the rate is multiplied by gamma
    gamma: float = 0.1
    gradient_clip: float = 1.0  # largest norm of the gradient; 0 does not limit it
    label_smoothing: float = 0.05

    def __post_init__(self) -> None:
        _check(self, ("learning_rate",), math.nextafter(0, 1), math.inf, "above 0")
        _check(self, ("weight_decay", "gradient_clip"), 0, math.inf, "0 or more")
        _check(self, ("momentum", "warm_up", "label_smoothing"), 0, 1, "from 0 to 1")


@dataclass
class StartSettings:
    """Weights that the training starts from, in place of random ones; see live_stf.training.start."""

    start_from: str | None = None  # a model, by name or folder; labels that it lacks get random weights
    start_share: float = 0.0  # share of these weights in the final ones; the rest are the trained weights

    def __post_init__(self) -> None:
        _check(self, ("start_share",), 0, 1, "from 0 to 1")
        if self.start_share and not self.start_from:
            raise DataError("training.start_share needs training.start_from, the model whose weights it is a share of")


@dataclass
class MachineSettings:
    """How the machine is used."""

    precision: str = "32-true"  # one of live_stf.training.precision.PRECISIONS
    threads: int = 1  # of torch
    workers: int = 1  # processes that prepare windows; 0 prepares them in the training process
    validate_every: int = 5  # epochs between two validations
    seed: int = 1

    def __post_init__(self) -> None:
        _check(self, ("threads", "validate_every"), 1, math.inf, "1 or more")
        _check(self, ("workers",), 0, math.inf, "0 or more")


@dataclass
class TrainingSettings(EpochSettings, OptimizerSettings, StartSettings, MachineSettings):
    """How weights are learned. Raises DataError if a value is out of its range."""

    def __post_init__(self) -> None:
        for part in (EpochSettings, OptimizerSettings, StartSettings, MachineSettings):
            part.__post_init__(self)
