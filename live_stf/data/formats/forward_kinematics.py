"""World positions of a jointed skeleton from local rotations and offsets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def forward_kinematics(
    parents: Sequence[int], rotations: np.ndarray, offsets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Chain local transforms from the root outwards.

    parents: J indices, -1 for a root; a parent stands before its children. rotations: (T, J, 3, 3) of each joint
    relative to its parent. offsets: (T, J, 3) or (J, 3), where each joint lies in its parent's frame (a root's: in the
    world). Returns the joints' world positions (T, J, 3), in the unit of offsets, and world rotations (T, J, 3, 3).
    Raises ValueError if a joint comes before its parent.
    """
    offsets = np.broadcast_to(offsets, rotations.shape[:-1])
    positions = np.array(offsets, dtype=np.float64)
    turned = np.array(rotations, dtype=np.float64)
    for joint, parent in enumerate(parents):
        if parent >= joint:
            raise ValueError(f"joint {joint} stands before its parent {parent}")
        if parent >= 0:
            positions[:, joint] = positions[:, parent] + (turned[:, parent] @ offsets[:, joint, :, None])[..., 0]
            turned[:, joint] = turned[:, parent] @ rotations[:, joint]
    return positions, turned
