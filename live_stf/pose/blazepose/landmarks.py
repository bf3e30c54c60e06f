"""From the landmark network's raw output to places inside a region, with the heat maps' correction."""

from __future__ import annotations

import numpy as np

PIXELS = 256  # of the landmark network's square picture
BODY = 33  # landmarks of BLAZEPOSE_33
HIPS, RIM = 33, 34  # auxiliary landmarks that the next picture's region is made of
USED = 35  # of 39
PRESENT = 0.5  # probability above which there is a body in the region

_REACH = 3  # cells of the heat map that are looked at on each side of a landmark
_CONFIDENT = 0.5  # least probability in the heat map that corrects a landmark
_SEEN_TO = np.arange(-_REACH, _REACH + 1)


def decode(values: np.ndarray, heatmap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places (35, 2) from 0 to 1 inside the region, and visibilities (33,) from 0 to 1.

    values (195,): x, y and z in pixels, visibility and presence as logits, for each of 39 landmarks. heatmap (64, 64,
    39): a logit for every cell and landmark.
    """
    table = values.reshape(-1, 5)[:USED]
    return refine(table[:, :2] / PIXELS, heatmap), 1 / (1 + np.exp(-table[:BODY, 3]))


def refine(places: np.ndarray, heatmap: np.ndarray) -> np.ndarray:
    """Places (L, 2) moved to the mean of the heat map (H, W, >=L) around them, where that is sure of itself.

    A place outside the region, and one around which no cell is likely, stay where they are.
    """
    rows, columns = heatmap.shape[:2]
    # As C converts to integers: towards zero.
    cell = np.trunc(places * (columns, rows)).astype(int)
    inside = ((cell >= 0) & (cell < (columns, rows))).all(axis=1)
    x = cell[:, 0, None, None] + _SEEN_TO[None, None, :]
    y = cell[:, 1, None, None] + _SEEN_TO[None, :, None]
    there = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    logits = heatmap[y.clip(0, rows - 1), x.clip(0, columns - 1), np.arange(len(places))[:, None, None]]
    weights = np.where(there, 1 / (1 + np.exp(-logits)), 0.0)
    total = weights.sum(axis=(1, 2))
    sure = inside & (weights.max(axis=(1, 2)) >= _CONFIDENT)
    means = np.stack([(weights * x).sum(axis=(1, 2)) / columns, (weights * y).sum(axis=(1, 2)) / rows], axis=1)
    return np.where(sure[:, None], means / np.maximum(total, 1e-9)[:, None], places)
