"""The four streams of a skeleton network: joints, bones, and the motion of either (section III-E of the paper)."""

from __future__ import annotations

import numpy as np

from live_stf.skeleton import Skeleton

STREAMS = ("joint", "bone", "joint-motion", "bone-motion")


def bones(x: np.ndarray, skeleton: Skeleton, scored: bool) -> np.ndarray:
    """Bone stream of x (C, ..., V): each joint minus its neighbour nearer the centre; the centre's own bone is zero.

    scored: whether the last channel is a score. A bone's score is the smaller of its joints' scores, and a bone with
    score 0 is zero.
    """
    child, parent = np.array(skeleton.bones).T
    out = np.zeros_like(x)
    out[..., child] = x[..., child] - x[..., parent]
    if scored:
        out[-1] = 0
        out[-1][..., child] = np.minimum(x[-1][..., child], x[-1][..., parent])
        out[:-1] *= out[-1] > 0
    return out


def motions(x: np.ndarray, scored: bool) -> np.ndarray:
    """Motion stream of x (C, T, ...): the next frame minus this one; the last frame is zero. `scored` as in `bones`."""
    out = np.zeros_like(x)
    out[:, :-1] = x[:, 1:] - x[:, :-1]
    if scored:
        out[-1, :-1] = np.minimum(x[-1, 1:], x[-1, :-1])
        out[:-1] *= out[-1] > 0
    return out


def as_stream(x: np.ndarray, stream: str, skeleton: Skeleton, scored: bool) -> np.ndarray:
    """x (C, T, ..., V) as one of STREAMS (section III-E of the paper)."""
    if stream.startswith("bone"):
        x = bones(x, skeleton, scored)
    return motions(x, scored) if stream.endswith("motion") else x
