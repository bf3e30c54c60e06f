"""One recorded action as every reader delivers it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from live_stf.skeleton import OPENPOSE_18, Skeleton


@dataclass(frozen=True, eq=False)
class Clip:
    """A labelled stretch of motion of M bodies, M = 1 wherever one person was recorded.

    coordinates: (M, T, V, 3) float32. With dimensions = 3: metres, y up, right-handed, any heading and any origin,
    unless the reader says otherwise. With dimensions = 2: x to the right and y down in any unit that is the same for
    both, z zero. scores: (M, T, V) float32, 0 where a joint is absent (its coordinates are zero then).
    label: the source's own name of the action, readable ("pick up with one hand"). subject: the person, named as the
    source names them; a split by subject holds whole subjects out. subset: the set that the source itself puts the clip
    in ("train", "val", "test"), "" where it does not.
    """

    source: str
    name: str
    subject: str
    label: str
    rate: float  # frames per second
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
    """A file, or a stretch of one, that a reader could not use; it takes the clip's place so that it is counted.

    name: the name the clip would have had. reason: one clear line.
    """

    source: str
    name: str
    reason: str
