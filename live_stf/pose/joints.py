"""Convert the points of any pose estimator to joints of OPENPOSE_18 with scores; unseen joints are absent."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from live_stf.skeleton import OPENPOSE_18, Remap
from live_stf.types import Person

# Pose estimators locate every point of a body, seen or not. The score is their probability that the point is seen.
VISIBLE = 0.3
# A body with fewer joints in the image is only a hand or a head at its edge.
FEWEST_JOINTS = 4

OPENPOSE_18_UNCHANGED = Remap(OPENPOSE_18.joints, OPENPOSE_18, {joint: (joint,) for joint in OPENPOSE_18.joints})


def openpose_joints(
    remap: Remap, places: np.ndarray, scores: np.ndarray, size: tuple[int, int], visible: float = VISIBLE
) -> np.ndarray:
    """Joints (18, 3) float32 of one body: x, y in pixels, score 0..1.

    places (S, 2) in pixels and scores (S,) are in the layout that `remap` reads. size: (width, height) of the image. A
    point is absent if it lies outside the image or its score is below `visible`. A joint that is computed from several
    points needs all of them.
    """
    outside = ((places < 0) | (places >= np.asarray(size))).any(axis=1)
    scores = np.where(outside | (scores < visible), 0.0, np.clip(scores, 0.0, 1.0))
    places, scores = remap.apply(np.asarray(places, np.float32), scores.astype(np.float32))
    return np.concatenate([places, scores[:, None]], axis=1)


def persons(bodies: Iterable[np.ndarray]) -> tuple[Person, ...]:
    """The bodies, joints (18, 3) each, that show enough to be a person."""
    return tuple(Person(joints) for joints in bodies if enough(joints))


def enough(joints: np.ndarray) -> bool:
    """Whether joints (V, 3) show enough of a body to be a person."""
    return int(np.count_nonzero(joints[:, 2])) >= FEWEST_JOINTS
