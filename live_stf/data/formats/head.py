"""Positions of nose, eyes and ears for data sets in which the head is a single point.

Kinect's and most motion capture skeletons end in one head joint, while OpenPose's body has five joints in the face, and
a pose estimator on a real image always delivers some of them. This rigid adult head adds them in three dimensions, so
that turning and nodding show in the face as they do in an image.

Offsets are round figures from the means of adult head measurements in C. C. Gordon et al., 1988 Anthropometric Survey
of U.S. Army Personnel (Natick TR-89/044, 1989), men and women together: breadth between the tragions 0.14 m; distances
from the back of the head: tragion 0.10 m, pupil 0.18 m, tip of the nose 0.22 m, whole head length 0.19 m; distances
from the crown: pupil 0.115 m, tragion 0.125 m, tip of the nose 0.15 m, chin 0.225 m; between the pupils 0.064 m. The
head's centre is halfway from crown to chin and halfway from front to back.
"""

from __future__ import annotations

import numpy as np

from live_stf.skeleton import OPENPOSE_18

# (left, up, forward) from the head's centre, metres.
FACE: dict[str, tuple[float, float, float]] = {
    "nose": (0.0, -0.035, 0.12),
    "right_eye": (-0.032, 0.0, 0.08),
    "left_eye": (0.032, 0.0, 0.08),
    "right_ear": (-0.07, -0.01, 0.0),
    "left_ear": (0.07, -0.01, 0.0),
}

_SHORTEST = 1e-3  # metres; a shoulder line or a neck shorter than this gives no direction


def _unit(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The vectors (T, 3) at length 1, and (T,) whether they have a direction."""
    lengths = np.linalg.norm(vectors, axis=-1)
    known = np.isfinite(lengths) & (lengths > _SHORTEST)
    return np.where(known[:, None], vectors / np.where(known, lengths, 1.0)[:, None], 0.0), known


def face(
    head: np.ndarray, neck: np.ndarray, left_shoulder: np.ndarray, right_shoulder: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The five joints of the face of a head that faces the same way as the shoulders.

    All arguments are (T, 3) in metres, right-handed. `head` is the head's centre. Up is from neck to head, left is the
    shoulder line's part across it, forward is left x up. Returns {joint: (T, 3)} and, as (T,) bool, whether the
    directions exist. Rows in which they do not, because a point is not finite or points coincide or are in line, are
    zero.
    """
    head = np.asarray(head, dtype=np.float64)
    up, has_up = _unit(head - neck)
    across = np.asarray(left_shoulder, dtype=np.float64) - right_shoulder
    left, has_left = _unit(across - (across * up).sum(axis=-1, keepdims=True) * up)
    known = has_up & has_left
    forward = np.cross(left, up)
    joints = {}
    for joint, (leftward, upward, ahead) in FACE.items():
        placed = head + leftward * left + upward * up + ahead * forward
        joints[joint] = np.where(known[:, None], placed, 0.0)
    return joints, known


def add_face(coordinates: np.ndarray, scores: np.ndarray, head: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """OPENPOSE_18 motion with nose, eyes and ears, of motion without a face.

    coordinates: (T, 18, 3) in metres, right-handed. scores: (T, 18). head: (T, 3), the head's centre, not finite where
    it is absent. Returns new arrays. The face's score is the smallest of the neck's and the shoulders', and 0 if one of
    them or the head is absent.
    """
    neck, left, right = (OPENPOSE_18.index(joint) for joint in ("neck", "left_shoulder", "right_shoulder"))
    coordinates, scores = coordinates.copy(), scores.copy()
    joints, known = face(head, coordinates[:, neck], coordinates[:, left], coordinates[:, right])
    score = np.where(known, scores[:, [neck, left, right]].min(axis=1), 0.0)
    for joint, placed in joints.items():
        at = OPENPOSE_18.index(joint)
        coordinates[:, at] = placed * (score > 0)[:, None]
        scores[:, at] = score
    return coordinates, scores
