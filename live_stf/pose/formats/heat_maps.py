"""Heat maps of one person's joints (Xiao et al. 2018; HRNet, SimpleBaseline, ViTPose)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from live_stf.pose.formats.output_form import IMAGENET, Shape, TopDown


class HeatMaps(TopDown):
    """(1, K, height / stride, width / stride); a joint lies a quarter cell from the peak, on the higher side."""

    kind = "heat-maps"
    pixels = IMAGENET

    def joints(self, shapes: Sequence[Shape], size: tuple[int, int]) -> int | None:
        return shapes[0][1] if len(shapes) == 1 and len(shapes[0]) == 4 and shapes[0][1] > 0 else None

    def read(self, outputs: Sequence[np.ndarray], size: tuple[int, int]) -> np.ndarray:
        maps = outputs[0][0]
        joints, height, width = maps.shape
        peak = maps.reshape(joints, -1).argmax(axis=-1)
        row, column = np.unravel_index(peak, (height, width))
        around = np.pad(maps, ((0, 0), (1, 1), (1, 1)), mode="reflect")  # at an edge both sides are equal
        each = np.arange(joints)
        x = column + 0.25 * np.sign(around[each, row + 1, column + 2] - around[each, row + 1, column])
        y = row + 0.25 * np.sign(around[each, row + 2, column + 1] - around[each, row, column + 1])
        # Cell c was trained to be the peak for a joint c strides from the middle of the first pixel.
        places = np.stack([x * size[0] / width, y * size[1] / height], axis=-1) + 0.5
        return np.concatenate([places, maps.reshape(joints, -1).max(axis=-1)[:, None]], axis=-1)
