"""NTU RGB+D's coordinates: metres around the first body's spine, rotated so that it is upright and faces forward.

The pre-normalisation of MS-AAGCN (Shi, Zhang, Cheng, Lu, "Skeleton-based Action Recognition with Multi-stream Adaptive
Graph Convolutional Networks", TIP 2020) with one origin for the whole clip, so that walking stays walking; the
public code of 2s-AGCN takes the origin from every frame anew.
"""

from __future__ import annotations

import numpy as np

from live_stf.skeleton import Skeleton

_SPINE = ("spine_base", "spine_mid")  # becomes the z axis
_SHOULDERS = ("left_shoulder", "right_shoulder")  # becomes the x axis
_CENTRE = "spine_mid"


def fill_null_frames(coordinates: np.ndarray, scores: np.ndarray, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (M, frames, V, 3) and scores (M, frames, V), each body's motion repeated after its last frame.

    coordinates: (M, T, V, 3), scores: (M, T, V), T <= frames. A null frame of a body has no joint. A body that begins
    with a null frame loses all its null frames. Then each body is repeated, by its own length, to fill the frames after
    its last one. Null frames between frames of motion stay null, and absent bodies stay absent.
    """
    bodies, _, joints = scores.shape
    out = np.zeros((bodies, frames, joints, 3), dtype=coordinates.dtype)
    out_scores = np.zeros((bodies, frames, joints), dtype=scores.dtype)
    for body, seen in enumerate(np.any(scores > 0, axis=-1)):
        visible = np.flatnonzero(seen)
        if len(visible) == 0:
            continue
        kept = visible if visible[0] > 0 else np.arange(visible[-1] + 1)
        repeated = kept[np.arange(frames) % len(kept)]
        out[body], out_scores[body] = coordinates[body, repeated], scores[body, repeated]
    return out, out_scores


def rotation_between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(3, 3) matrix of the smallest rotation that takes the direction `start` (3,) to the direction `end` (3,).

    The identity if one of them has no length, or if they are opposite and no smallest rotation exists.
    """
    axis = np.cross(start, end)
    sine, cosine = np.linalg.norm(axis), np.dot(start, end)
    if sine == 0:
        return np.eye(3)
    x, y, z = axis / sine
    angle = np.arctan2(sine, cosine)
    across = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * across + (1 - np.cos(angle)) * across @ across


def in_ntu_units(
    coordinates: np.ndarray, scores: np.ndarray, skeleton: Skeleton, frames: int, bodies: int
) -> np.ndarray:
    """Pre-normalised coordinates (bodies, frames, V, 3) float32, 0 where a joint is absent.

    coordinates: (M, T, V, 3) in metres, scores: (M, T, V), T <= frames; body 0 is the main one. The first `bodies` are
    taken, missing ones are zero. Null frames are filled (`fill_null_frames`). The middle of the spine of body 0 in its
    first frame becomes the origin of all bodies and frames. Then all bodies and frames are rotated together:
    the lower spine of that frame to the z axis, then its shoulders, left to right, to the x axis. The second rotation
    tilts the spine if the shoulders are not perpendicular to it.
    """
    filled, present = fill_null_frames(coordinates[:bodies], scores[:bodies], frames)
    first, seen = filled[0, 0].astype(np.float64), present[0, 0] > 0
    at = {name: skeleton.index(name) for name in (*_SPINE, *_SHOULDERS)}
    origin = first[at[_CENTRE]] if seen[at[_CENTRE]] else np.zeros(3)
    rotation = np.eye(3)
    for (start, end), axis in ((_SPINE, (0.0, 0.0, 1.0)), (_SHOULDERS, (1.0, 0.0, 0.0))):
        if seen[at[start]] and seen[at[end]]:
            direction = rotation @ (first[at[end]] - first[at[start]])
            rotation = rotation_between(direction, np.array(axis)) @ rotation
    out = np.zeros((bodies, *filled.shape[1:]), dtype=np.float32)
    out[: len(filled)] = ((filled - origin) @ rotation.T) * (present > 0)[..., None]
    return out
