"""One recorded action as every reader delivers it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from live_stf.skeleton import OPENPOSE_18, Skeleton


@dataclass(frozen=True, eq=False)
class Clip:
    """A labelled stretch of one person's motion.

    coordinates: (T, V, 3) float32. With dimensions = 3: metres, y up, right-handed, any heading and any origin. With
    dimensions = 2: x to the right and y down in any unit that is the same for both, z zero.
    scores: (T, V) float32, 0 where a joint is absent (its coordinates are zero then).
    label: the source's own name of the action, readable ("pick up with one hand"). subject: the person, named as the
    source names them; a split by subject holds whole subjects out.
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

    def __post_init__(self) -> None:
        frames, joints = self.scores.shape
        if joints != len(self.skeleton) or self.coordinates.shape != (frames, joints, 3):
            raise ValueError(
                f"{self.source}/{self.name}: coordinates {self.coordinates.shape} and scores {self.scores.shape} are "
                f"not (T, {len(self.skeleton)}, 3) and (T, {len(self.skeleton)})"
            )


@dataclass(frozen=True)
class Damaged:
    """A file, or a stretch of one, that a reader could not use; it takes the clip's place so that it is counted.

    name: the name the clip would have had. reason: one clear line.
    """

    source: str
    name: str
    reason: str
