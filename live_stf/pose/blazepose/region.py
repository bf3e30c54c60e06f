"""The rotated square by which a person is cut out of an image, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from live_stf.pose.blazepose.detection import overlaps

# Side of a body's square, as a multiple of the diameter of the circle around the body.
MARGIN = 1.25


@dataclass(frozen=True)
class Region:
    """A square of an image: middle and side in pixels, and rotation.

    Places inside are (x, y) from 0 to 1, from its own upper left corner. angle: radians, clockwise in the image; 0 is
    upright.
    """

    x: float
    y: float
    side: float
    angle: float = 0.0

    @classmethod
    def around(cls, centre: np.ndarray, rim: np.ndarray) -> Region:
        """The region of a body with its hips around `centre` (2,) and a circle through `rim` (2,), both in pixels.

        The circle encloses the whole body; `rim` lies above the body's head.
        """
        across, down = float(rim[0] - centre[0]), float(rim[1] - centre[1])
        angle = np.pi / 2 - np.arctan2(-down, across)
        angle -= 2 * np.pi * np.floor((angle + np.pi) / (2 * np.pi))
        return cls(float(centre[0]), float(centre[1]), 2 * MARGIN * float(np.hypot(across, down)), float(angle))

    @classmethod
    def whole(cls, size: tuple[int, int]) -> Region:
        """The smallest upright square around an image of `size` (width, height)."""
        return cls(size[0] / 2, size[1] / 2, float(max(size)))

    @cached_property
    def matrix(self) -> np.ndarray:
        """(2, 3) that maps (x, y, 1) inside the region to pixels of the image."""
        cosine, sine = np.cos(self.angle) * self.side, np.sin(self.angle) * self.side
        return np.array(
            [
                [cosine, -sine, self.x - (cosine - sine) / 2],
                [sine, cosine, self.y - (sine + cosine) / 2],
            ]
        )

    def to_image(self, places: np.ndarray) -> np.ndarray:
        """Places (..., 2) inside the region as pixels of the image."""
        return places @ self.matrix[:, :2].T + self.matrix[:, 2]

    def cut(self, image: np.ndarray, out: np.ndarray, border: int) -> None:
        """Fill `out` (N, N, 3) uint8 with the region. border: one of cv2.BORDER_*, for the pixels outside the image."""
        # A rotated square is read across the rows, which no processor prefetches. Reading its rows in order first
        # loads them into the cache.
        reach = (abs(self.matrix[0]) + abs(self.matrix[1])).max() / 2
        image[max(int(self.y - reach), 0) : max(int(self.y + reach) + 2, 0)].max(initial=0)
        pixels = out.shape[0]
        matrix = self.matrix / (pixels, pixels, 1)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cv2.warpAffine(image, matrix, (pixels, pixels), dst=out, flags=flags, borderMode=border)

    def overlap(self, other: Region) -> float:
        """Intersection over union of the two squares, ignoring their rotation."""
        one, another = (np.array([region.x, region.y, region.side, region.side]) for region in (self, other))
        return float(overlaps(one[None], another)[0])
