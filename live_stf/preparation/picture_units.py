"""Picture coordinates: fractions of the picture around its middle."""

from __future__ import annotations

import numpy as np


def in_picture_units(joints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Joints (..., 3): x / width - 0.5, y / height - 0.5 and score; all 0 if the score is 0.

    joints: (..., 3), x, y, score. size: (width, height) in their unit; (1, 1) if they are fractions already.
    """
    out = joints.copy()
    out[..., :2] = joints[..., :2] / np.asarray(size, dtype=np.float32) - 0.5
    return out * (joints[..., 2:] > 0)
