"""Clips of several bodies: which joints are present, and removing the padding of arrays."""

from __future__ import annotations

import numpy as np


def present_bodies(coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (M, T, V, 3) float32, zero for absent joints, and scores (M, T, V), 1 or 0, from coordinates.

    A body is absent from a frame if all its numbers are zero, and a joint if one of its numbers is not finite. Unlike
    in `reader.present`, a joint at the origin is present: many arrays are centred on one.
    """
    finite = np.isfinite(coordinates).all(axis=-1)
    coordinates = np.where(finite[..., None], coordinates, 0).astype(np.float32)
    return coordinates, (finite & np.any(coordinates, axis=(-1, -2))[..., None]).astype(np.float32)


def without_padding(coordinates: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (M, T, V, 3) and scores (M, T, V) without absent bodies and without the empty frames at the end.

    Empty frames before the last body stay: they show preparations when a person appeared.
    """
    seen = np.any(scores > 0, axis=-1)
    bodies = np.any(seen, axis=1)
    frames = np.flatnonzero(np.any(seen, axis=0))
    end = frames[-1] + 1 if len(frames) else 0
    return coordinates[bodies, :end], scores[bodies, :end]
