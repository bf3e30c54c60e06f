"""Augmentation: the same motion by bodies of other proportions, because data sets have few people.

Our own; no published source.
"""

from __future__ import annotations

import numpy as np

from live_stf.skeleton import Skeleton

_HEAD = {"nose", "eye", "ear"}  # one factor for all of it


def of_another_body(
    rng: np.random.Generator, coordinates: np.ndarray, scores: np.ndarray, skeleton: Skeleton, spread: float
) -> np.ndarray:
    """Coordinates (T, V, 3) with every bone 1 - spread to 1 + spread times as long, the same on both sides.

    coordinates: (T, V, 3) in any unit. scores: (T, V), 0 for absent joints. The skeleton's centre stays in place, and
    every bone keeps its direction. A bone without both ends does not change, and the joints below it move with the
    joint above.
    """
    kinds = [_kind(name) for name in skeleton.joints]
    factors = {kind: rng.uniform(1 - spread, 1 + spread) for kind in dict.fromkeys(kinds)}
    moved = np.zeros_like(coordinates)
    for joint, parent in skeleton.bones_outwards:  # the joint above is moved first
        whole = ((scores[:, joint] > 0) & (scores[:, parent] > 0))[:, None]
        bone = (coordinates[:, joint] - coordinates[:, parent]) * whole
        moved[:, joint] = moved[:, parent] + (factors[kinds[joint]] - 1) * bone
    return (coordinates + moved) * (scores > 0)[..., None]


def _kind(joint: str) -> str:
    """The name of the bone that ends in a joint, without its side."""
    name = joint.split("_")[-1]
    return "head" if name in _HEAD else name
