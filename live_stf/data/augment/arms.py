"""Augmentation: an action with the arms of another clip, for classes that legs and trunk define, such as squats.

Our own; no published source.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.spatial.transform import Rotation

from live_stf.skeleton import Skeleton

_ARM = ("shoulder", "elbow", "wrist")


def with_arms_of(
    coordinates: np.ndarray, scores: np.ndarray, others: np.ndarray, others_scores: np.ndarray, skeleton: Skeleton
) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (T, V, 3) in metres, y up, and scores (T, V) of a body whose arms point like another body's.

    coordinates, scores: the body. others (T, V, 3), others_scores (T, V): the body whose arms are taken. The arms'
    directions rotate with the heading of the shoulders only, so an arm that hangs down keeps hanging down. Bones have
    the mean lengths of the body's own. A joint is absent if the joint above it is absent or the other body lacks it.
    """
    angles = _heading(others, others_scores, skeleton) - _heading(coordinates, scores, skeleton)
    turn = Rotation.from_euler("y", angles[:, None])
    coordinates, scores, own = coordinates.copy(), scores.copy(), (coordinates, scores)
    for side in ("left", "right"):
        joints = [skeleton.index(f"{side}_{name}") for name in _ARM]
        for parent, joint in pairwise(joints):
            both = (own[1][:, joint] > 0) & (own[1][:, parent] > 0)
            bone = others[:, joint] - others[:, parent]
            distance = np.linalg.norm(bone, axis=1)
            seen = (
                (scores[:, parent] > 0)
                & (others_scores[:, joint] > 0)
                & (others_scores[:, parent] > 0)
                & (distance > 0)
            )
            length = np.linalg.norm(own[0][both, joint] - own[0][both, parent], axis=1).mean() if both.any() else 0.0
            turned = turn.apply(bone / np.maximum(distance, 1e-9)[:, None])
            coordinates[:, joint] = np.where(seen[:, None], coordinates[:, parent] + length * turned, 0.0)
            scores[:, joint] = np.where(seen & both.any(), others_scores[:, joint], 0.0)
    return coordinates * (scores > 0)[..., None], scores


def back_and_forth(moments: np.ndarray, duration: float) -> np.ndarray:
    """Moments (n,) in seconds of a clip that is played to its end, backwards to its beginning, and so on: no jumps."""
    duration = max(duration, 1e-6)
    return duration - np.abs(moments % (2 * duration) - duration)


def _heading(coordinates: np.ndarray, scores: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(T,) angle about the vertical from right to left shoulder; that of the mean if a shoulder is absent."""
    left, right = (skeleton.index(f"{side}_shoulder") for side in ("left", "right"))
    both = (scores[:, left] > 0) & (scores[:, right] > 0)
    across = coordinates[:, left] - coordinates[:, right]
    mean = across[both].mean(axis=0) if both.any() else np.array([1.0, 0.0, 0.0])
    across = np.where(both[:, None], across, mean)
    return np.arctan2(across[:, 2], across[:, 0])
