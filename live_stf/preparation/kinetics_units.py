"""Kinetics-skeleton's coordinates: fractions of the picture, and in every frame the bodies with the highest scores.

As ST-GCN prepares it (Yan, Xiong, Lin, AAAI 2018).
"""

from __future__ import annotations

import numpy as np

from live_stf.preparation.picture_units import in_picture_units


def in_kinetics_units(joints: np.ndarray, size: tuple[int, int], bodies: int) -> np.ndarray:
    """Joints (bodies, T, V, 3) as fractions of a picture of `size`, of joints (M, T, V, 3): x, y, score."""
    return best_seen_bodies(in_picture_units(joints, size), bodies)


def best_seen_bodies(joints: np.ndarray, bodies: int) -> np.ndarray:
    """(bodies, T, V, 3): in each frame separately, the bodies with the highest total scores, the highest first.

    joints: (M, T, V, 3), x, y, score. Equal totals keep their order; remaining places are zero. As each frame is
    sorted separately, a place may hold different people in successive frames.
    """
    order = np.argsort(-joints[..., 2].sum(axis=-1), axis=0, kind="stable")[:bodies]
    out = np.zeros((bodies, *joints.shape[1:]), dtype=joints.dtype)
    out[: len(order)] = np.take_along_axis(joints, order[..., None, None], axis=0)
    return out
