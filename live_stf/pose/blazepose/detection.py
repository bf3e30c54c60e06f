"""Decode the person detector's raw output: anchors, boxes, and one box per person.

The detector looks at the image in squares of several sizes (SSD, Liu et al. 2016). For each square it gives the score
of a person, a box and alignment points. Numbers are those of MediaPipe's published pose detection graph.
"""

from __future__ import annotations

import numpy as np

PIXELS = 224  # side of the detector's square input
STRIDES = (8, 16, 32, 32, 32)  # pixels between anchors, layer by layer
ANCHORS_PER_PLACE = 2  # in every layer
LIKELY = 0.5  # smallest probability of a person
SAME = 0.5  # overlap (intersection over union) above which two boxes show one person

BOX = slice(0, 4)  # of the detector's 12 values: middle x, y, width, height; then four points, x and y each
HIPS, RIM = slice(4, 6), slice(6, 8)  # middle of the hips, and the top of the circle around the body


def anchors() -> np.ndarray:
    """(2254, 2) places x, y from 0 to 1, from which the detector's boxes and points are measured.

    Layer by layer, row by row; layers of one stride share their rows.
    """
    places = []
    for stride in sorted(set(STRIDES)):
        cells = PIXELS // stride
        middles = (np.arange(cells) + 0.5) / cells
        across, down = np.meshgrid(middles, middles)
        grid = np.stack([across.ravel(), down.ravel()], axis=1)
        places.append(np.repeat(grid, ANCHORS_PER_PLACE * STRIDES.count(stride), axis=0))
    return np.concatenate(places).astype(np.float32)


def decode(boxes: np.ndarray, scores: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Likely people, highest probability first: rows (N, 12) of `boxes` from 0 to 1, and probabilities (N,).

    boxes (2254, 12) and scores (2254,), which are logits, are the detector's outputs; places are its `anchors()`.
    """
    # Logits are compared, so that the many unlikely boxes need not be decoded.
    likely = np.flatnonzero(scores >= np.log(LIKELY / (1 - LIKELY)))
    probabilities = 1 / (1 + np.exp(-np.minimum(scores[likely], 100.0)))
    order = np.argsort(-probabilities, kind="stable")
    rows = boxes[likely[order]] / PIXELS
    rows[:, 0:2] += places[likely[order]]
    rows[:, 4:] += np.tile(places[likely[order]], 4)
    real = (rows[:, 2] >= 0) & (rows[:, 3] >= 0)
    return rows[real], probabilities[order][real]


def merge(rows: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """One row (N, 12) per person, highest probability first: the weighted mean of all rows whose boxes show it."""
    persons = []
    while len(rows):
        same = overlaps(rows[:, BOX], rows[0, BOX]) > SAME
        same[0] = True  # a box without an area overlaps nothing, not even itself
        persons.append(np.average(rows[same], axis=0, weights=probabilities[same]))
        rows, probabilities = rows[~same], probabilities[~same]
    return np.array(persons, dtype=np.float32).reshape(-1, 12)


def overlaps(boxes: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Intersection over union (N,) of boxes (N, 4) with a box (4,): middle x, y, width, height."""
    low = np.maximum(boxes[:, :2] - boxes[:, 2:] / 2, box[:2] - box[2:] / 2)
    high = np.minimum(boxes[:, :2] + boxes[:, 2:] / 2, box[:2] + box[2:] / 2)
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    total = np.prod(boxes[:, 2:], axis=1) + np.prod(box[2:]) - shared
    return np.divide(shared, total, out=np.zeros_like(shared), where=total > 0)
