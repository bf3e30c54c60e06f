"""YOLO-pose as its trainer exports it: one output, with a row of numbers for every anchor or body.

Layouts after Ultralytics' documentation. Without an end-to-end head: for every anchor the box (middle, size), the score
of a person and every keypoint (x, y, score); the axis of anchors comes last, and overlapping boxes are not removed. End
to end: for every body the box (corners), score, class and the keypoints.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from live_stf.pose.formats.output_form import READABLE, UNIT, Bodies, Shape, WholeImage, distinct, from_middle

OVERLAP = 0.7  # intersection over union from which two boxes count as one, as in its trainer
PERSON = 0  # class
# An end-to-end head gives a few hundred bodies. Thousands of rows of this length are the layout of YOLOv7-pose.
MOST_BODIES = 1000


class Yolo(WholeImage):
    """(1, 5 + 3 K, anchors)."""

    kind = "yolo"
    pixels = UNIT

    def joints(self, shapes: Sequence[Shape], size: tuple[int, int]) -> int | None:
        if len(shapes) != 1 or len(shapes[0]) != 3:
            return None
        return {5 + 3 * joints: joints for joints in READABLE}.get(shapes[0][1])

    def read(self, outputs: Sequence[np.ndarray], score: float) -> Bodies:
        rows = outputs[0][0].T
        rows = rows[rows[:, 4] >= score]
        kept = rows[distinct(from_middle(rows[:, :4]), rows[:, 4], score, OVERLAP)]
        return _bodies(kept[:, 4], kept[:, 5:])


class YoloEndToEnd(WholeImage):
    """(1, n, 6 + 3 K)."""

    kind = "yolo-end-to-end"
    pixels = UNIT

    def joints(self, shapes: Sequence[Shape], size: tuple[int, int]) -> int | None:
        if len(shapes) != 1 or len(shapes[0]) != 3:
            return None
        if shapes[0][1] > MOST_BODIES:
            return None
        return {6 + 3 * joints: joints for joints in READABLE}.get(shapes[0][2])

    def read(self, outputs: Sequence[np.ndarray], score: float) -> Bodies:
        rows = outputs[0][0]
        kept = rows[(rows[:, 4] >= score) & (rows[:, 5] == PERSON)]
        kept = kept[np.argsort(-kept[:, 4], kind="stable")]
        return _bodies(kept[:, 4], kept[:, 6:])


def _bodies(scores: np.ndarray, keypoints: np.ndarray) -> Bodies:
    """Of scores (n,) and keypoints (n, 3 K)."""
    return Bodies(scores, keypoints.reshape(len(keypoints), keypoints.shape[1] // 3, 3))
