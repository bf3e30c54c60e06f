"""Augmentation: wider or smaller movements, and a pace that changes during the action.

Our own; no published source.
"""

from __future__ import annotations

import numpy as np

from live_stf.skeleton import Skeleton

# The joint that ends a bone -> the limb whose bones get the same factor. Other bones, the trunk, do not change.
_LIMBS = {
    **dict.fromkeys(("elbow", "wrist"), "arm"),
    **dict.fromkeys(("knee", "ankle"), "leg"),
    **dict.fromkeys(("nose", "eye", "ear"), "head"),
}


def in_another_manner(
    rng: np.random.Generator, coordinates: np.ndarray, scores: np.ndarray, skeleton: Skeleton, spread: float
) -> np.ndarray:
    """Coordinates (T, V, 3) in which limbs stray 1 - spread to 1 + spread times as far from their mean directions.

    coordinates: (T, V, 3) in any unit. scores: (T, V), 0 for absent joints. Each arm, each leg and the head have a
    factor of their own, legs with half of the spread. Bones keep their lengths. A bone without both ends does not
    change, and the joints below it move with the joint above.
    """
    limbs = [_limb(name) for name in skeleton.joints]
    factors = {
        limb: 1 + rng.uniform(-1, 1) * spread * (0.5 if limb[1] == "leg" else 1.0)
        for limb in dict.fromkeys(limb for limb in limbs if limb is not None)
    }
    moved = np.zeros_like(coordinates)
    for joint, parent in skeleton.bones_outwards:  # the joint above is moved first
        moved[:, joint] = moved[:, parent]
        whole = (scores[:, joint] > 0) & (scores[:, parent] > 0)
        limb = limbs[joint]
        if limb is None or not whole.any():
            continue
        bone = (coordinates[:, joint] - coordinates[:, parent])[whole]
        length = np.linalg.norm(bone, axis=1, keepdims=True)
        direction = bone / np.maximum(length, 1e-9)
        mean = direction.mean(axis=0)
        turned = mean + factors[limb] * (direction - mean)
        size = np.linalg.norm(turned, axis=1, keepdims=True)
        turned = np.where(size > 1e-6, turned / np.maximum(size, 1e-6), direction)
        moved[whole, joint] += turned * length - bone
    return (coordinates + moved) * (scores > 0)[..., None]


def at_another_pace(rng: np.random.Generator, moments: np.ndarray, duration: float, spread: float) -> np.ndarray:
    """Moments (n,) of an action whose pace swings once by at most `spread`, relative to 1; all in seconds.

    duration: of the action. Its beginning and end, and all moments outside of them, do not change.
    """
    swing = rng.uniform(-spread, spread)
    inside = (moments > 0) & (moments < duration)
    part = np.where(inside, moments / max(duration, 1e-9), 0.0)
    return np.where(inside, duration * (part + swing * np.sin(2 * np.pi * part) / (2 * np.pi)), moments)


def _limb(joint: str) -> tuple[str, str] | None:
    """(side, limb) of the bone that ends in a joint; None for the trunk."""
    side, _, name = joint.rpartition("_")
    limb = _LIMBS.get(name)
    return None if limb is None else ("" if limb == "head" else side, limb)
