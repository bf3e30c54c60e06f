"""The partitions of the graph, compared with their definition joint by joint."""

from __future__ import annotations

import numpy as np
import pytest

from live_stf.network.graph import partition_adjacency
from live_stf.skeleton import NTU_25, OPENPOSE_18, Skeleton


@pytest.mark.parametrize("skeleton", [OPENPOSE_18, NTU_25])
def test_partitions_are_root_centripetal_and_centrifugal(skeleton: Skeleton) -> None:
    adjacency = partition_adjacency(skeleton)
    joints, parent = len(skeleton), dict(skeleton.bones)
    expected = np.zeros((3, joints, joints))
    for target in range(joints):
        children = [child for child, nearer in skeleton.bones if nearer == target]
        degree = 1 + len(children) + (target in parent)
        expected[0, target, target] = 1 / degree
        if target in parent:
            expected[1, parent[target], target] = 1 / degree
        for child in children:
            expected[2, child, target] = 1 / degree
    np.testing.assert_allclose(adjacency, expected, rtol=1e-6)
    np.testing.assert_allclose(adjacency.sum(axis=(0, 1)), 1, rtol=1e-6)
