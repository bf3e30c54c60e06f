"""What every form of output says about itself, and what it is read into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

Shape = tuple[int, ...]  # -1 where it is known only after a run

# Joints that this program can read: COCO-17 and OpenPose-18.
READABLE = (17, 18)


@dataclass(frozen=True)
class Pixels:
    """What a network was trained to see: (value - mean) / std of values 0..255, by channel, `colours` in order."""

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


class WholePicture(Protocol):
    """A network that finds all bodies in one look at the picture."""

    kind: str
    pixels: Pixels

    def joints(self, shapes: Sequence[Shape], size: tuple[int, int]) -> int | None:
        """How many joints a body has by the shapes of the network's outputs; None where they are of another form.

        size: (width, height) of the network's input.
        """
        ...

    def read(self, outputs: Sequence[np.ndarray], score: float) -> Bodies:
        """Bodies with at least that score, each once."""
        ...


class TopDown(Protocol):
    """A network that finds the joints of one person in a crop."""

    kind: str
    pixels: Pixels

    def joints(self, shapes: Sequence[Shape], size: tuple[int, int]) -> int | None:
        """As `WholePicture.joints`."""
        ...

    def read(self, outputs: Sequence[np.ndarray], size: tuple[int, int]) -> np.ndarray:
        """Keypoints (K, 3): x, y in pixels of an input of `size` (width, height), score."""
        ...


def distinct(boxes: np.ndarray, scores: np.ndarray, score: float, overlap: float) -> np.ndarray:
    """Indices of the boxes (n, 4) that have at least `score`, best first, without those that overlap a better one.

    Non-maximum suppression; overlap: intersection over union from which two boxes are one.
    """
    good = np.flatnonzero(scores >= score)
    sides = np.concatenate([boxes[good, :2], boxes[good, 2:] - boxes[good, :2]], axis=1)
    kept = cv2.dnn.NMSBoxes(sides.astype(np.float64), scores[good].astype(np.float32), 0.0, overlap)
    return good[np.asarray(kept, dtype=int).reshape(-1)]


def from_middle(boxes: np.ndarray) -> np.ndarray:
    """Boxes (n, 4) given by middle and size as (left, top, right, bottom)."""
    return np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], axis=1)
