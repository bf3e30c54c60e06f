"""Body coordinates: torso lengths around the person, independent of size and place in the picture."""

from __future__ import annotations

from functools import cache

import numpy as np

from live_stf.skeleton import Skeleton

# Lengths in units of the torso (neck to middle of the hips, 0.50 m), from segment lengths of an adult of 1.75 m:
# D. A. Winter, Biomechanics and Motor Control of Human Movement, figure 4.1 (upper arm 0.186, forearm 0.146, thigh
# 0.245, shank 0.246 of the body's height; shoulder width taken between the joints, 0.2).
_LENGTHS = (
    ("right_shoulder", "left_shoulder", 0.70),
    ("right_shoulder", "right_hip", 1.0),
    ("left_shoulder", "left_hip", 1.0),
    ("right_shoulder", "right_elbow", 0.65),
    ("left_shoulder", "left_elbow", 0.65),
    ("right_elbow", "right_wrist", 0.51),
    ("left_elbow", "left_wrist", 0.51),
    ("right_hip", "right_knee", 0.86),
    ("left_hip", "left_knee", 0.86),
    ("right_knee", "right_ankle", 0.86),
    ("left_knee", "left_ankle", 0.86),
)
_WIDTH = 1  # the first rows lie across the body, and nearly vanish when it is seen from the side

# The same of the head: eyes and ears are 0.118 of the body's height above the shoulders (figure 4.1), the nose is a
# little lower.
_HEAD_LENGTHS = (
    ("neck", "right_eye", 0.42),
    ("neck", "left_eye", 0.42),
    ("neck", "right_ear", 0.42),
    ("neck", "left_ear", 0.42),
    ("neck", "nose", 0.38),
)


def body_size(joints: np.ndarray, skeleton: Skeleton) -> float:
    """Length of the torso in the unit of `joints` (T, V, 3: x, y, score), as far as a flat image shows it.

    Every visible limb gives an estimate by its usual proportion to the torso: its median over the frames, because
    single frames jitter. A limb that points at the camera looks short, so the 80th percentile over the limbs is taken.
    This works for an upper body alone. If only the shoulders are visible below the head, the head's distances from the
    neck count as limbs, because shoulders have no width when seen from the side. Returns 0.0 if none of these is
    visible.
    """
    limbs = _medians(joints, *_limbs(skeleton, _LENGTHS))
    estimates = limbs[np.isfinite(limbs)]
    if not np.isfinite(limbs[_WIDTH:]).any():
        head = _medians(joints, *_limbs(skeleton, _HEAD_LENGTHS))
        estimates = np.concatenate([estimates, head[np.isfinite(head)]])
    return float(np.percentile(estimates, 80)) if len(estimates) else 0.0


def _medians(joints: np.ndarray, a: np.ndarray, b: np.ndarray, proportion: np.ndarray) -> np.ndarray:
    """(limbs,) torso lengths by the limbs' median lengths over frames that show both joints; inf if known are none."""
    seen = (joints[:, a, 2] > 0) & (joints[:, b, 2] > 0)  # (T, limbs)
    lengths = np.hypot(*(joints[:, a, :2] - joints[:, b, :2]).transpose(2, 0, 1)) / proportion
    counts, columns = seen.sum(axis=0), np.arange(len(a))
    # Medians of columns of unequal length: sorting puts invisible limbs last. (np.nanmedian takes five times as long.)
    ordered = np.sort(np.where(seen, lengths, np.inf), axis=0)
    return (ordered[np.maximum(counts - 1, 0) // 2, columns] + ordered[counts // 2, columns]) / 2


@cache
def _limbs(
    skeleton: Skeleton, lengths: tuple[tuple[str, str, float], ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First joint, second joint and length of those of `lengths` that the skeleton has, as arrays."""
    known = [row for row in lengths if row[0] in skeleton.joints and row[1] in skeleton.joints]
    ends = np.array([(skeleton.index(first), skeleton.index(second)) for first, second, _ in known], dtype=int)
    return *ends.reshape(-1, 2).T, np.array([length for *_, length in known])


def in_body_units(joints: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Joints (T, V, 3): x and y in torso lengths from the centre joint's median position, and score.

    joints: (T, V, 3), x, y in any unit, score. Origin and scale are the same for the whole window: they remove the
    place and the size of the person, and keep the movement through the picture. All zero if no body size can be
    estimated.
    """
    present = joints[..., 2] > 0
    centre = joints[:, skeleton.centre]
    around = centre[centre[:, 2] > 0] if (centre[:, 2] > 0).any() else joints[present]
    size = body_size(joints, skeleton)
    if size <= 0 or len(around) == 0:
        return np.zeros_like(joints)
    out = joints.copy()
    out[..., :2] = (joints[..., :2] - np.median(around[:, :2], axis=0)) / size
    return out * present[..., None]
