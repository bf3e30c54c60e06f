"""Resampling of joints observed at irregular times to a uniform grid of times."""

from __future__ import annotations

import numpy as np


def resample(
    times: np.ndarray, joints: np.ndarray, start: float, end: float, frames: int, longest_gap: float = 0.5
) -> np.ndarray:
    """Joints on a uniform grid of `frames` points with step (end - start) / frames, the last point at `end`.

    times: (n,) seconds, ascending. joints: (n, V, 3), x, y, score. Returns (frames, V, 3) float32. Linear between the
    nearest observations of each joint in which its score is above 0. A joint that is not seen for more than
    `longest_gap` seconds is absent (zeros) in between. If observations cover only a part of (start, end], that part is
    repeated until the grid is full, its newest point last: no grid point is padded with zeros.

    Raises ValueError if there is no observation or end <= start.
    """
    times = np.asarray(times, dtype=np.float64)
    if len(times) == 0:
        raise ValueError("nothing to resample: no observations")
    if end <= start:
        raise ValueError(f"a window needs end > start, got {start} .. {end}")
    step = (end - start) / frames
    newest = min(end, times[-1])
    oldest = max(start, times[0])
    seen = int(np.clip(np.floor((newest - oldest) / step + 1e-6) + 1, 1, frames))
    grid = newest - step * np.arange(seen - 1, -1, -1)

    present = joints[..., 2] > 0  # (n, V)
    order = np.arange(len(times))[:, None]
    before = np.maximum.accumulate(np.where(present, order, -1), axis=0)  # newest seen observation up to each
    after = np.minimum.accumulate(np.where(present, order, len(times))[::-1], axis=0)[::-1]
    left = np.clip(np.searchsorted(times, grid + 1e-9, side="right") - 1, 0, len(times) - 1)
    right = np.where(times[left] >= grid - 1e-9, left, np.minimum(left + 1, len(times) - 1))
    a, b = before[left], after[right]  # (seen, V)
    a, b = np.where(a < 0, b, a), np.where(b == len(times), a, b)
    known = (a >= 0) & (b < len(times)) & (b >= 0)
    a, b = np.where(known, a, 0), np.where(known, b, 0)
    t_a, t_b = times[a], times[b]
    gap = t_b - t_a
    weight = np.clip(np.divide(grid[:, None] - t_a, gap, out=np.zeros_like(gap), where=gap > 0), 0, 1)[..., None]
    # Before a joint's first and after its last observation, the nearest one is held for at most half of the gap.
    away = np.maximum(t_a - grid[:, None], grid[:, None] - t_b)
    known &= (gap <= longest_gap) & (away <= longest_gap / 2)
    columns = np.arange(joints.shape[1])[None, :]
    out = ((1 - weight) * joints[a, columns] + weight * joints[b, columns]) * known[..., None]
    return out.astype(np.float32)[newest_last(seen, frames)]


def newest_last(seen: int, frames: int) -> np.ndarray:
    """Indices (frames,) that repeat `seen` frames until the window is full, the newest last."""
    return np.arange(seen - frames, seen) % seen
