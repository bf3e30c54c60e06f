"""A recorded action, as every reader delivers it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from live_stf.skeleton import OPENPOSE_18, Skeleton


@dataclass(frozen=True, eq=False)
class Clip:
    """A labelled stretch of motion of M bodies; M is 1 if one person was recorded.

    Attributes:
        source: name of the data set: the reader's own name for it or, in a store, its name in the recipe.
        name: name of the clip in it.
        subject: the person, as the data set names them. A split by subject holds out whole subjects.
        label: the data set's own name of the action, readable ("pick up with one hand").
        rate: frames per second.
        dimensions: 3 for joints measured in space: metres, y up, right-handed, any heading and any origin, unless the
            reader says otherwise. 2 for joints in a picture: x to the right and y down in any common unit, z zero.
        coordinates: (M, T, V, 3) float32, zero for absent joints.
        scores: (M, T, V) float32, 0 for absent joints.
        skeleton: layout of the V joints.
        subset: the set that the data set itself puts the clip in ("train", "val", "test"); "" if it has none.

    Raises ValueError if the arrays do not fit the skeleton or each other.
    """

    source: str
    name: str
    subject: str
    label: str
    rate: float
    dimensions: int
    coordinates: np.ndarray
    scores: np.ndarray
    skeleton: Skeleton = OPENPOSE_18
    subset: str = ""

    def __post_init__(self) -> None:
        joints = len(self.skeleton)
        shape = self.scores.shape
        if len(shape) != 3 or shape[2] != joints or self.coordinates.shape != (*shape, 3):
            raise ValueError(
                f"{self.source}/{self.name}: coordinates {self.coordinates.shape} and scores {shape} are "
                f"not (M, T, {joints}, 3) and (M, T, {joints})"
            )

    @classmethod
    def of_person(
        cls,
        source: str,
        name: str,
        subject: str,
        label: str,
        rate: float,
        dimensions: int,
        coordinates: np.ndarray,
        scores: np.ndarray,
        skeleton: Skeleton = OPENPOSE_18,
    ) -> Clip:
        """The clip of one person: coordinates (T, V, 3), scores (T, V)."""
        return cls(source, name, subject, label, rate, dimensions, coordinates[None], scores[None], skeleton)

    @property
    def bodies(self) -> int:
        return self.scores.shape[0]

    @property
    def frames(self) -> int:
        return self.scores.shape[1]

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the last."""
        return (self.frames - 1) / self.rate


@dataclass(frozen=True)
class Damaged:
    """A file, or a part of one, that a reader could not use. It takes the place of the clip, so that reports count it.

    name: the name that the clip would have had. reason: one clear line.
    """

    source: str
    name: str
    reason: str
