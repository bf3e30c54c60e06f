"""What the readers of all sources share: finding files, and what counts as a present joint."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from live_stf.errors import DataError


def require(path: Path, source: str) -> Path:
    """`path`, a folder or file of the data set `source`; DataError where there is none."""
    if not path.exists():
        raise DataError(f"{source}: {path} is not there; name the folder that holds the data set")
    return path


def present(coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, S, D) coordinates -> (the same with zeros for what is absent, (T, S) scores 1 or 0).

    A joint is absent where a coordinate is not finite or where all are exactly zero.
    """
    seen = np.isfinite(coordinates).all(axis=-1) & (coordinates != 0).any(axis=-1)
    return np.where(seen[..., None], coordinates, 0.0), seen.astype(np.float32)


def trim(coordinates: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Motion without the frames at its start and end in which no joint is present; those between stay."""
    seen = np.flatnonzero((scores > 0).any(axis=1))
    kept = slice(seen[0], seen[-1] + 1) if len(seen) else slice(0, 0)
    return coordinates[kept], scores[kept]
