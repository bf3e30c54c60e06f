"""Bodies of clips that may have several: where they are there, and no more of them than there are."""

from __future__ import annotations

import numpy as np


def present_bodies(coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(M, T, V, 3) coordinates -> (the same as float32 with zeros for what is absent, (M, T, V) scores 1 or 0).

    A body is absent where all its numbers are zero, and a joint of it where one is not finite. Unlike
    `reading.present` a joint at the origin counts: many arrays are centred on one.
    """
    finite = np.isfinite(coordinates).all(axis=-1)
    coordinates = np.where(finite[..., None], coordinates, 0).astype(np.float32)
    return coordinates, (finite & coordinates.any(axis=(-1, -2))[..., None]).astype(np.float32)


def without_padding(coordinates: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Motion (M, T, V, 3), (M, T, V) without bodies that are never there and without the frames after the last body.

    Empty frames before it stay: preparations tell by them when somebody came.
    """
    there = (scores > 0).any(axis=-1)
    bodies = there.any(axis=1)
    frames = np.flatnonzero(there.any(axis=0))
    end = frames[-1] + 1 if len(frames) else 0
    return coordinates[bodies, :end], scores[bodies, :end]
