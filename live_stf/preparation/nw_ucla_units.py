"""Northwestern-UCLA's coordinates: metres around the spine's first position, each clip stretched to the window.

A clip lasts from half a second to some seconds and shows one whole action. It is stretched to the window whatever its
pace, as in the public code of other papers on this data set.
"""

from __future__ import annotations

import numpy as np

from live_stf.skeleton import Skeleton

_CENTRE = "spine"


def stretched(coordinates: np.ndarray, scores: np.ndarray, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (M, frames, V, 3) and scores (M, frames, V) of a clip (M, T, V, 3) and (M, T, V) of any T.

    Linear between frames; the first and the last frame stay. A joint that is absent from either of two frames is absent
    between them.
    """
    length = scores.shape[1]
    at = np.linspace(0, length - 1, frames)
    below = np.minimum(at.astype(int), max(length - 2, 0))
    above = np.minimum(below + 1, length - 1)
    weight = (at - below)[:, None]
    present = np.where(weight > 0.5, scores[:, above], scores[:, below])
    present = present * ((scores[:, below] > 0) | (weight == 1)) * ((scores[:, above] > 0) | (weight == 0))
    between = (1 - weight[..., None]) * coordinates[:, below] + weight[..., None] * coordinates[:, above]
    return between * (present > 0)[..., None], present


def in_nw_ucla_units(
    coordinates: np.ndarray, scores: np.ndarray, skeleton: Skeleton, frames: int, bodies: int
) -> np.ndarray:
    """Coordinates (bodies, frames, V, 3) float32, 0 where a joint is absent.

    coordinates: (M, T, V, 3) in metres, scores: (M, T, V), any T; the first `bodies` are taken, missing ones are zero.
    The origin of the whole clip is the spine of body 0 in the first frame that has it.
    """
    seen = np.flatnonzero(scores[0, :, skeleton.index(_CENTRE)] > 0)
    origin = coordinates[0, seen[0], skeleton.index(_CENTRE)] if len(seen) else np.zeros(3)
    placed, _ = stretched(coordinates[:bodies] - origin, scores[:bodies], frames)
    out = np.zeros((bodies, *placed.shape[1:]), dtype=np.float32)
    out[: len(placed)] = placed
    return out
