"""Finds held-out clips that are copies of training clips; published splits have some, and they prove nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from live_stf.data.store import Store
from live_stf.training.selection import Selected


def copied(store: Store, selected: Sequence[Selected]) -> np.ndarray:
    """Whether each held-out clip has exactly the joints of a training clip in every frame: (n,) bool.

    One frame of every clip is read; clips are read whole only if their frames agree.
    """
    trained: dict[tuple, list[int]] = {}
    for one in selected:
        if not one.held_out:
            trained.setdefault(_sample(store, one.index), []).append(one.index)
    return np.array(
        [
            any(_same(store, one.index, other) for other in trained.get(_sample(store, one.index), ()))
            for one in selected
            if one.held_out
        ],
        dtype=bool,
    )


def _sample(store: Store, index: int) -> tuple[int, int, bytes]:
    """Number of frames and bodies, and the joints of the first body in the middle frame."""
    length, bodies = int(store.lengths[index]), int(store.bodies[index])
    return length, bodies, store.coordinates[store.offsets[index] + length // 2].tobytes()


def _same(store: Store, index: int, other: int) -> bool:
    one, two = store[index], store[other]
    return np.array_equal(one.coordinates, two.coordinates) and np.array_equal(one.scores, two.scores)
