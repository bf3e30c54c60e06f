"""Kinetics-skeleton's coordinates: fractions of the picture around its middle, and the best seen bodies of every frame.

As ST-GCN prepares it (Yan, Xiong, Lin, AAAI 2018).
"""

from __future__ import annotations

import numpy as np


def in_picture_units(joints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(..., 3) with x / width - 0.5 and y / height - 0.5, all 0 where the score is 0.

    joints: (..., 3), x, y, score. size: (width, height) in their unit; (1, 1) where they are fractions already.
    """
    out = joints.copy()
    out[..., :2] = joints[..., :2] / np.asarray(size, dtype=np.float32) - 0.5
    return out * (joints[..., 2:] > 0)


def best_seen_bodies(joints: np.ndarray, bodies: int) -> np.ndarray:
    """(bodies, T, V, 3): in every frame by itself the bodies with the highest total scores, the highest first.

    joints: (M, T, V, 3), x, y, score. Equal totals keep their order; places that are left are zero. As the frames are
    sorted one by one, a place may hold one person now and another in the next frame.
    """
    order = np.argsort(-joints[..., 2].sum(axis=-1), axis=0, kind="stable")[:bodies]
    out = np.zeros((bodies, *joints.shape[1:]), dtype=joints.dtype)
    out[: len(order)] = np.take_along_axis(joints, order[..., None, None], axis=0)
    return out
