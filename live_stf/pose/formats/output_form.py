"""The interface of all forms of output, and the bodies and boxes that are read from outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

Shape = tuple[int, ...]  # -1 for a side that is known only after a run

# Numbers of joints that can be read: COCO-17 and OpenPose-18.
READABLE = (17, 18)


@dataclass(frozen=True)
class Pixels:
    """Preparation of pixels: (value - mean) / std of values 0..255, by channel in the order of `colours`."""

    colours: str = "rgb"  # or "bgr"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)


IMAGENET = Pixels("rgb", (123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
UNIT = Pixels("rgb", std=(255.0, 255.0, 255.0))
PLAIN_BGR = Pixels("bgr")


@dataclass(frozen=True)
class Bodies:
    """Bodies that a network found in its input, n of them.

    scores (n,): of each body. keypoints (n, K, 3): x, y in pixels of the input, score.
    """

    scores: np.ndarray
    keypoints: np.ndarray


@dataclass(frozen=True)
class Boxes:
    """Boxes (n, 4) (left, top, right, bottom) in pixels of the input, around people, with scores (n,)."""

    boxes: np.ndarray
    scores: np.ndarray


class OutputForm(ABC):
    """The layout of a network's outputs. kind: its name in descriptions. pixels: the usual pixels of such networks."""

    kind: str
    pixels: Pixels


class WholeImage(OutputForm):
    """The outputs of a network that finds all bodies in one run on the whole image."""

    @abstractmethod
    def joints(self, shapes: Sequence[Shape], size: tuple[int, int]) -> int | None:
        """The number of joints of a body, from the shapes of the network's outputs; None if they have another form.

        size: (width, height) of the network's input.
        """

    @abstractmethod
    def read(self, outputs: Sequence[np.ndarray], score: float) -> Bodies:
        """Bodies with at least `score`, each once."""


class TopDown(OutputForm):
    """The outputs of a network that finds the joints of one person in a crop."""

    @abstractmethod
    def joints(self, shapes: Sequence[Shape], size: tuple[int, int]) -> int | None:
        """See `WholeImage.joints`."""

    @abstractmethod
    def read(self, outputs: Sequence[np.ndarray], size: tuple[int, int]) -> np.ndarray:
        """Keypoints (K, 3): x, y in pixels of an input of `size` (width, height), score."""


def distinct(boxes: np.ndarray, scores: np.ndarray, score: float, overlap: float) -> np.ndarray:
    """Indices of the boxes (n, 4) with at least `score` that do not overlap a better one, best first.

    Non-maximum suppression. overlap: intersection over union from which two boxes count as one.
    """
    good = np.flatnonzero(scores >= score)
    sides = np.concatenate([boxes[good, :2], boxes[good, 2:] - boxes[good, :2]], axis=1)
    kept = cv2.dnn.NMSBoxes(sides.tolist(), scores[good].tolist(), 0.0, overlap)
    return good[np.asarray(kept, dtype=int).reshape(-1)]


def from_middle(boxes: np.ndarray) -> np.ndarray:
    """Boxes (n, 4) given by middle and size as (left, top, right, bottom)."""
    return np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], axis=1)
