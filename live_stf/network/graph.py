"""The fixed graph of a skeleton, split into three partitions."""

from __future__ import annotations

import numpy as np

from live_stf.skeleton import Skeleton


def partition_adjacency(skeleton: Skeleton) -> np.ndarray:
    """(K = 3, V, V) float32; entry [k, v, w] is the weight with which joint v reaches joint w.

    Partitions (ST-GCN's spatial configuration; section III-A of the paper): the root itself, the centripetal
    neighbours (nearer the centre than w), the centrifugal neighbours. Normalised as ST-GCN does, A D^-1: the
    weights that reach a joint sum to one over all three partitions.
    """
    joints = len(skeleton)
    hops = skeleton.hops_to_centre
    linked = np.eye(joints, dtype=np.float32)
    for child, parent in skeleton.bones:
        linked[child, parent] = linked[parent, child] = 1.0
    normalised = linked / linked.sum(axis=0)
    source, target = hops[:, None], hops[None, :]
    return np.stack([normalised * (source == target), normalised * (source < target), normalised * (source > target)])
