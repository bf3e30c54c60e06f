"""ST-GCN's augmentation for Kinetics-skeleton: a random part of a clip, and a slow random movement of the camera.

Yan, Xiong, Lin, "Spatial Temporal Graph Convolutional Networks for Skeleton-Based Action Recognition", AAAI 2018;
the candidates below are those of the authors' code.
"""

from __future__ import annotations

import numpy as np

ANGLES = (-10.0, -5.0, 0.0, 5.0, 10.0)  # degrees
SCALES = (0.9, 1.0, 1.1)
SHIFTS = (-0.2, -0.1, 0.0, 0.1, 0.2)  # fractions of the picture, each way


def random_choose(rng: np.random.Generator, length: int, frames: int) -> slice:
    """A random stretch of `frames` out of `length` frames; all of them if there are fewer."""
    start = int(rng.integers(max(length - frames, 0) + 1))
    return slice(start, min(start + frames, length))


def fixed_choose(length: int, frames: int) -> slice:
    """The middle `frames` of `length` frames, for testing; all of them if there are fewer."""
    start = max(length - frames, 0) // 2
    return slice(start, min(start + frames, length))


def random_move(rng: np.random.Generator, joints: np.ndarray) -> np.ndarray:
    """Joints (M, T, V, 3) rotated, scaled and shifted a little, as if the camera moved.

    joints: (M, T, V, 3), x and y as fractions of the picture around its middle, and score. Angle, scale and shift are
    drawn for the first and the last frame and change linearly in between. Absent joints stay zero; ST-GCN's own code
    shifts them, too.
    """
    ends = [rng.choice(candidates, 2) for candidates in (np.radians(ANGLES), SCALES, SHIFTS, SHIFTS)]
    angle, scale, across, down = (np.linspace(start, end, joints.shape[1])[:, None] for start, end in ends)
    x, y, score = joints[..., 0], joints[..., 1], joints[..., 2]
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    moved = np.stack([cosine * x - sine * y + across, sine * x + cosine * y + down, score], axis=-1)
    return (moved * (score > 0)[..., None]).astype(joints.dtype)
