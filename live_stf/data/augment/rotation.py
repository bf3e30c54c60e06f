"""Augmentation of joints measured in space, y up: crop, view, size and left-right mirror.

For Northwestern-UCLA, whose test view is not in the training clips. CTR-GCN's public code for this data set (Chen et
al., ICCV 2021) crops and rotates at random, too; the ranges and the mirror are our own.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from live_stf.skeleton import Skeleton

TURN = 60.0  # degrees in each direction about the vertical axis
TILT = 15.0  # degrees in each direction about the other axes: the sensors look down by different angles
ZOOM = 0.2  # share by which a body is made larger or smaller
SHORTEST = 0.5  # smallest share of a clip that is kept


def random_crop(rng: np.random.Generator, length: int) -> slice:
    """A random stretch of SHORTEST to all of a clip's `length` frames, one frame at least."""
    kept = max(1, round(rng.uniform(SHORTEST, 1.0) * length))
    start = int(rng.integers(length - kept + 1))
    return slice(start, start + kept)


def random_turn(rng: np.random.Generator, joints: np.ndarray) -> np.ndarray:
    """Joints (..., 3: x, y, z) rotated about the origin and scaled by the same random values; zeros stay zero."""
    angles = rng.uniform(-1, 1, 3) * (TURN, TILT, TILT)
    matrix = Rotation.from_euler("yxz", angles, degrees=True).as_matrix() * rng.uniform(1 - ZOOM, 1 + ZOOM)
    return joints @ matrix.T.astype(joints.dtype)


def random_mirror(rng: np.random.Generator, joints: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Joints (..., V, 3: x, y, z), mirrored with probability 0.5: left and right exchanged, the sign of x changed."""
    if rng.random() < 0.5:
        return joints
    return joints[..., skeleton.mirrored, :] * np.array((-1, 1, 1), joints.dtype)
