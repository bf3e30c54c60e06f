"""Person detectors: three forms of output that tell boxes, scores and classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from live_stf.pose.formats.output_form import UNIT, Boxes, Pixels, Shape, distinct, from_middle

OVERLAP = 0.5
PERSON = 0  # class, in COCO and in detectors of nothing but people


class Detector(Protocol):
    """A network that finds boxes around people in the whole picture."""

    kind: str
    pixels: Pixels

    def fits(self, shapes: Sequence[Shape]) -> bool:
        """Whether the network's outputs are of this form."""
        ...

    def read(self, outputs: Sequence[np.ndarray], score: float) -> Boxes:
        """People with at least that score, best first, each once."""
        ...


class YoloBoxes:
    """YOLO: (1, 4 + classes, anchors), boxes by middle and size."""

    kind = "yolo"
    pixels = UNIT

    def fits(self, shapes: Sequence[Shape]) -> bool:
        # More anchors than classes: the other way round it is another layout.
        return len(shapes) == 1 and len(shapes[0]) == 3 and 4 < shapes[0][1] < shapes[0][2]

    def read(self, outputs: Sequence[np.ndarray], score: float) -> Boxes:
        rows = outputs[0][0].T
        rows = rows[(rows[:, 4 + PERSON] >= score) & (rows[:, 4:].argmax(axis=1) == PERSON)]
        return _distinct(from_middle(rows[:, :4]), rows[:, 4 + PERSON], score)


class YoloBoxesEndToEnd:
    """YOLO, end to end: (1, n, 6), corners, score, class."""

    kind = "yolo-end-to-end"
    pixels = UNIT

    def fits(self, shapes: Sequence[Shape]) -> bool:
        return len(shapes) == 1 and len(shapes[0]) == 3 and shapes[0][2] == 6

    def read(self, outputs: Sequence[np.ndarray], score: float) -> Boxes:
        rows = outputs[0][0]
        rows = rows[rows[:, 5] == PERSON]
        return _distinct(rows[:, :4], rows[:, 4], score)


class DetsAndLabels:
    """RTMDet as MMDeploy exports it: dets (1, n, 5), corners and score; labels (1, n)."""

    kind = "dets-and-labels"
    # RTMDet's own; YOLOX has plain BGR instead.
    pixels = Pixels("bgr", (103.53, 116.28, 123.675), (57.375, 57.12, 58.395))

    def fits(self, shapes: Sequence[Shape]) -> bool:
        return sorted(map(len, shapes)) == [2, 3] and max(shapes, key=len)[2] == 5

    def read(self, outputs: Sequence[np.ndarray], score: float) -> Boxes:
        labels, dets = (output[0] for output in sorted(outputs, key=np.ndim))
        dets = dets[labels == PERSON]
        return _distinct(dets[:, :4], dets[:, 4], score)


def _distinct(boxes: np.ndarray, scores: np.ndarray, score: float) -> Boxes:
    kept = distinct(boxes, scores, score, OVERLAP)
    return Boxes(boxes[kept], scores[kept])
