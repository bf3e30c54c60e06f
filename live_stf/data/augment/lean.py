"""Augmentation: people who crouch lean forward, some more and others less.

Our own; no published source.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from live_stf.skeleton import Skeleton

_BELOW = ("hip", "knee", "ankle", "foot", "toe")
_STANDS = 0.2  # metres from ankles to hips; a person whose hips are always lower sits or lies all the time
_CROUCHED = 0.5  # hips nearer to the ankles by this share of the legs' length: a squat


def leaning(coordinates: np.ndarray, scores: np.ndarray, skeleton: Skeleton, angle: float) -> np.ndarray:
    """Coordinates (T, V, 3), metres, y up, of a body that leans forward by `angle` radians more when it crouches.

    coordinates: (T, V, 3), scores: (T, V). All joints above the hips rotate about the line between the hips, in
    proportion to how far the body crouches; a standing body does not change. Returns the coordinates unchanged if a
    hip, an ankle or a shoulder is absent from any frame, or if the person never stands.
    """
    hips, ankles, shoulders = (
        [skeleton.index(f"{side}_{name}") for side in ("left", "right")] for name in ("hip", "ankle", "shoulder")
    )
    whole = [*hips, *ankles, *shoulders]
    if not (scores[:, whole] > 0).all():
        return coordinates
    middle = coordinates[:, hips].mean(axis=1)
    height = middle[:, 1] - coordinates[:, ankles, 1].min(axis=1)
    stands = np.quantile(height, 0.95)
    if stands <= _STANDS:
        return coordinates
    turn = angle * np.clip((stands - height) / (_CROUCHED * stands), 0, 1)
    across = coordinates[:, hips[0]] - coordinates[:, hips[1]]
    across[:, 1] = 0
    across = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-6)  # rightwards to leftwards
    above = [joint for joint, name in enumerate(skeleton.joints) if name.rsplit("_", 1)[-1] not in _BELOW]
    rotations = Rotation.from_rotvec(turn[:, None] * across).as_matrix()
    leaned = coordinates.copy()
    moved = middle[:, None] + np.einsum("tij,tvj->tvi", rotations, coordinates[:, above] - middle[:, None])
    leaned[:, above] = moved * (scores[:, above] > 0)[..., None]
    return leaned
