"""The mapping between a part of an image and a network's input.

Coordinates are continuous: an image of width 640 reaches from 0 to 640, and the middle of its first pixel is at 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

GREY = 114  # fills the rest of a square when YOLO and RTMO are trained


@dataclass(frozen=True)
class Warp:
    """A point p of the image lies at scale * p + offset in an input of `size` (width, height) pixels."""

    scale: float
    offset: tuple[float, float]
    size: tuple[int, int]
    border: int = 0  # brightness outside the image

    def cut(self, image: np.ndarray) -> np.ndarray:
        """The input (height, width, 3) uint8 that is cut out of an image (h, w, 3) uint8."""
        # OpenCV's coordinates start at the middle of the first pixel.
        shift = np.asarray(self.offset) + self.scale / 2 - 0.5
        matrix = np.array([[self.scale, 0.0, shift[0]], [0.0, self.scale, shift[1]]])
        return cv2.warpAffine(image, matrix, self.size, flags=cv2.INTER_LINEAR, borderValue=(self.border,) * 3)

    def to_image(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 2) of the input in coordinates of the image."""
        return (points - np.asarray(self.offset)) / self.scale


def letterbox(image: tuple[int, int], size: tuple[int, int]) -> Warp:
    """The whole image of the given (width, height), centred and as large as it fits, with grey on two sides."""
    scale = min(size[0] / image[0], size[1] / image[1])
    # Whole pixels, so that an image that already has the input's scale is not blurred.
    left, top = (float(round((inside - scale * outside) / 2)) for inside, outside in zip(size, image, strict=True))
    return Warp(scale, (left, top), size, GREY)


def crop(box: np.ndarray, size: tuple[int, int], padding: float = 1.25) -> Warp:
    """A box (left, top, right, bottom), enlarged `padding` times around its middle and widened to the input's shape.

    Top-down networks are trained with a padding of 1.25 (Xiao et al. 2018, MMPose).
    """
    middle = np.array([box[0] + box[2], box[1] + box[3]]) / 2
    extent = np.maximum(np.array([box[2] - box[0], box[3] - box[1]]) * padding, 1.0)
    scale = float((np.asarray(size) / extent).min())
    left, top = np.asarray(size) / 2 - scale * middle
    return Warp(scale, (float(left), float(top)), size)
