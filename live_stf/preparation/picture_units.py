"""Picture coordinates: fractions of the picture around its middle."""

from __future__ import annotations

import numpy as np


def in_picture_units(joints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(..., 3) with x / width - 0.5 and y / height - 0.5, all 0 where the score is 0.

    joints: (..., 3), x, y, score. size: (width, height) in their unit; (1, 1) where they are fractions already.
    """
    out = joints.copy()
    out[..., :2] = joints[..., :2] / np.asarray(size, dtype=np.float32) - 0.5
    return out * (joints[..., 2:] > 0)
