"""The rotated square that a person is cut out of a picture by, and the way back from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from live_stf.pose.blazepose.detection import overlaps

# A body's square is this much larger than the circle around it.
MARGIN = 1.25


@dataclass(frozen=True)
class Region:
    """A square of a picture: its middle and side in pixels, and by how much it is turned.

    Places inside are (x, y) from 0 to 1, from its own upper left corner. angle is in radians, clockwise as one looks at
    the picture; 0 is upright.
    """

    x: float
    y: float
    side: float
    angle: float = 0.0

    @classmethod
    def around(cls, centre: np.ndarray, rim: np.ndarray) -> Region:
        """The region of a body whose hips are around `centre` (2,), and whose circle goes through `rim` (2,).

        The circle holds the whole body, and its rim is where the body points up to. Places are in pixels.
        """
        across, down = float(rim[0] - centre[0]), float(rim[1] - centre[1])
        angle = np.pi / 2 - np.arctan2(-down, across)
        angle -= 2 * np.pi * np.floor((angle + np.pi) / (2 * np.pi))
        return cls(float(centre[0]), float(centre[1]), 2 * MARGIN * float(np.hypot(across, down)), float(angle))

    @classmethod
    def whole(cls, size: tuple[int, int]) -> Region:
        """The smallest upright square around a picture of `size` (width, height)."""
        return cls(size[0] / 2, size[1] / 2, float(max(size)))

    @cached_property
    def matrix(self) -> np.ndarray:
        """(2, 3) that turns (x, y, 1) inside the region into pixels of the picture."""
        cosine, sine = np.cos(self.angle) * self.side, np.sin(self.angle) * self.side
        return np.array(
            [
                [cosine, -sine, self.x - (cosine - sine) / 2],
                [sine, cosine, self.y - (sine + cosine) / 2],
            ]
        )

    def to_picture(self, places: np.ndarray) -> np.ndarray:
        """Places (..., 2) inside the region as pixels of the picture."""
        return places @ self.matrix[:, :2].T + self.matrix[:, 2]

    def cut(self, picture: np.ndarray, out: np.ndarray, border: int) -> None:
        """Fill `out` (N, N, 3) uint8 with the region; `border`, one of cv2.BORDER_*, says what lies off the picture."""
        # A turned square is read across the rows, which no processor foresees. Read row by row before, it is at hand.
        reach = (abs(self.matrix[0]) + abs(self.matrix[1])).max() / 2
        picture[max(int(self.y - reach), 0) : max(int(self.y + reach) + 2, 0)].max(initial=0)
        pixels = out.shape[0]
        matrix = self.matrix / (pixels, pixels, 1)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cv2.warpAffine(picture, matrix, (pixels, pixels), dst=out, flags=flags, borderMode=border)

    def overlap(self, other: Region) -> float:
        """Intersection over union of the two squares, as if neither were turned."""
        one, another = (np.array([region.x, region.y, region.side, region.side]) for region in (self, other))
        return float(overlaps(one[None], another)[0])
