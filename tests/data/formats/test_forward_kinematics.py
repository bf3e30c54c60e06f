from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from live_stf.data.formats.forward_kinematics import forward_kinematics

PARENTS = (-1, 0, 1, 0, 3)
angles = st.lists(st.floats(-180, 180), min_size=3, max_size=3)


def _random_pose(seed: int, frames: int = 3) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    rotations = Rotation.random(frames * len(PARENTS), rng=generator).as_matrix()
    return rotations.reshape(frames, len(PARENTS), 3, 3), generator.normal(size=(frames, len(PARENTS), 3))


def test_a_rotated_elbow_moves_only_the_hand():
    quarter = Rotation.from_euler("z", 90, degrees=True).as_matrix()
    straight = np.eye(3)
    rotations = np.array([[straight, straight, straight], [straight, quarter, straight], [quarter, quarter, straight]])
    offsets = np.array([[0.0, 1.0, 0.0], [2.0, 0.0, 0.0], [3.0, 0.0, 0.0]])
    positions, turned = forward_kinematics((-1, 0, 1), rotations, offsets)
    expected = [
        [[0, 1, 0], [2, 1, 0], [5, 1, 0]],
        [[0, 1, 0], [2, 1, 0], [2, 4, 0]],
        [[0, 1, 0], [0, 3, 0], [-3, 3, 0]],
    ]
    np.testing.assert_allclose(positions, expected, atol=1e-12)
    np.testing.assert_allclose(turned[2, 2], quarter @ quarter, atol=1e-12)


@given(seed=st.integers(0, 2**32 - 1), turn=angles)
def test_turning_the_root_turns_every_position(seed: int, turn: list[float]):
    rotations, offsets = _random_pose(seed)
    positions, _ = forward_kinematics(PARENTS, rotations, offsets)
    world = Rotation.from_euler("xyz", turn, degrees=True).as_matrix()
    rotations[:, 0] = world @ rotations[:, 0]
    offsets[:, 0] = offsets[:, 0] @ world.T
    turned, _ = forward_kinematics(PARENTS, rotations, offsets)
    np.testing.assert_allclose(turned, positions @ world.T, atol=1e-9)


@given(seed=st.integers(0, 2**32 - 1))
def test_no_rotation_changes_a_bone_length(seed: int):
    rotations, offsets = _random_pose(seed)
    positions, _ = forward_kinematics(PARENTS, rotations, offsets)
    for joint, parent in enumerate(PARENTS[1:], start=1):
        lengths = np.linalg.norm(positions[:, joint] - positions[:, parent], axis=-1)
        np.testing.assert_allclose(lengths, np.linalg.norm(offsets[:, joint], axis=-1), atol=1e-9)


def test_a_child_before_its_parent_is_refused():
    with pytest.raises(ValueError, match="before its parent"):
        forward_kinematics((1, -1), np.tile(np.eye(3), (1, 2, 1, 1)), np.zeros((2, 3)))
