"""SimCC (Li et al. 2022), as RTMPose uses it: every joint's x and y are two classifications over fine bins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from live_stf.pose.formats.output_form import IMAGENET, Shape, TopDown


class SimCC(TopDown):
    """simcc_x (1, K, r * width) and simcc_y (1, K, r * height), in this order; r bins a pixel, 2 in RTMPose."""

    kind = "simcc"
    pixels = IMAGENET

    def joints(self, shapes: Sequence[Shape], size: tuple[int, int]) -> int | None:
        if [len(shape) for shape in shapes] != [3, 3]:
            return None
        x, y = shapes
        same_fineness = x[2] * size[1] == y[2] * size[0] > 0
        return x[1] if x[1] == y[1] > 0 and same_fineness else None

    def read(self, outputs: Sequence[np.ndarray], size: tuple[int, int]) -> np.ndarray:
        # A joint has the smaller score of its two coordinates.
        bins = [output[0] for output in outputs]
        score = np.minimum(*(along.max(axis=-1) for along in bins))
        # Bin b of r a pixel lies where b / r is counted from the middle of the first pixel.
        places = [along.argmax(axis=-1) * side / along.shape[-1] + 0.5 for along, side in zip(bins, size, strict=True)]
        return np.stack([*places, score], axis=-1)
