"""Person detectors: three forms of output with boxes, scores and classes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from live_stf.pose.formats.output_form import UNIT, Boxes, OutputForm, Pixels, Shape, distinct, from_middle

OVERLAP = 0.5
PERSON = 0  # class, in COCO and in detectors that find only people


class Detector(OutputForm):
    """The outputs of a network that finds boxes around people in the whole image."""

    @abstractmethod
    def fits(self, shapes: Sequence[Shape]) -> bool:
        """Whether the network's outputs have this form."""

    @abstractmethod
    def read(self, outputs: Sequence[np.ndarray], score: float) -> Boxes:
        """People with at least `score`, best first, each once."""


class YoloBoxes(Detector):
    """YOLO: (1, 4 + classes, anchors), boxes by middle and size."""

    kind = "yolo"
    pixels = UNIT

    def fits(self, shapes: Sequence[Shape]) -> bool:
        # More anchors than classes; otherwise it is another layout.
        return len(shapes) == 1 and len(shapes[0]) == 3 and 4 < shapes[0][1] < shapes[0][2]

    def read(self, outputs: Sequence[np.ndarray], score: float) -> Boxes:
        rows = outputs[0][0].T
        rows = rows[(rows[:, 4 + PERSON] >= score) & (rows[:, 4:].argmax(axis=1) == PERSON)]
        return _distinct(from_middle(rows[:, :4]), rows[:, 4 + PERSON], score)


class YoloBoxesEndToEnd(Detector):
    """YOLO, end to end: (1, n, 6), corners, score, class."""

    kind = "yolo-end-to-end"
    pixels = UNIT

    def fits(self, shapes: Sequence[Shape]) -> bool:
        return len(shapes) == 1 and len(shapes[0]) == 3 and shapes[0][2] == 6

    def read(self, outputs: Sequence[np.ndarray], score: float) -> Boxes:
        rows = outputs[0][0]
        rows = rows[rows[:, 5] == PERSON]
        return _distinct(rows[:, :4], rows[:, 4], score)


class DetsAndLabels(Detector):
    """RTMDet as MMDeploy exports it: dets (1, n, 5), corners and score; labels (1, n)."""

    kind = "dets-and-labels"
    # Those of RTMDet; YOLOX takes plain BGR.
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
