"""Decode the landmark network's raw output to places inside a region, corrected by its heat maps."""

from __future__ import annotations

import numpy as np

PIXELS = 256  # side of the landmark network's square input
BODY = 33  # landmarks of BLAZEPOSE_33
HIPS, RIM = 33, 34  # auxiliary landmarks from which the next frame's region is made
USED = 35  # of 39
PRESENT = 0.5  # probability above which there is a body in the region

_REACH = 3  # cells of the heat map that count on each side of a landmark
_CONFIDENT = 0.5  # smallest peak of the heat map that corrects a landmark
# For the cells around a landmark, row by row: columns to the right, rows down, and a one to sum the weights.
_DOWN, _ACROSS = (steps.ravel() for steps in np.mgrid[-_REACH : _REACH + 1, -_REACH : _REACH + 1])
_MOMENTS = np.stack([_ACROSS, _DOWN, np.ones_like(_DOWN)], axis=1).astype(np.float32)


def decode(values: np.ndarray, heatmap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places (35, 2) from 0 to 1 inside the region, and visibilities (33,) from 0 to 1.

    values (195,): x, y and z in pixels, visibility and presence as logits, for each of 39 landmarks. heatmap (64, 64,
    39): a logit for every cell and landmark.
    """
    table = values.reshape(-1, 5)[:USED]
    return refine(table[:, :2] / PIXELS, heatmap), 1 / (1 + np.exp(-table[:BODY, 3]))


def refine(places: np.ndarray, heatmap: np.ndarray) -> np.ndarray:
    """Places (L, 2) moved to the mean of the heat map (H, W, >=L) around them.

    A place outside the region, or one with no likely cell around it, stays.
    """
    rows, columns, channels = heatmap.shape
    shape = np.array([columns, rows])
    cell = (places * shape).astype(np.intp)  # towards zero, as C converts to integers
    x, y = cell[:, :1] + _ACROSS, cell[:, 1:] + _DOWN
    channel = np.arange(len(places))[:, None]
    whole = bool((cell.min(axis=0) >= _REACH).all() and (cell.max(axis=0) < shape - _REACH).all())
    if whole:  # the usual case, computed faster
        weights = 1 / (1 + np.exp(-heatmap.reshape(-1)[(y * columns + x) * channels + channel]))
    else:
        inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
        at = y.clip(0, rows - 1) * columns + x.clip(0, columns - 1)
        weights = inside / (1 + np.exp(-heatmap.reshape(-1)[at * channels + channel]))
    sure = weights.max(axis=1) >= _CONFIDENT
    if not whole:
        sure &= ((cell >= 0) & (cell < shape)).all(axis=1)
    moments = weights @ _MOMENTS
    means = (cell + moments[:, :2] / np.maximum(moments[:, 2:], 1e-9)) / shape
    return np.where(sure[:, None], means, places)
