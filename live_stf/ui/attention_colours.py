"""Colours of attention: how much each part of the body gets, and how the limbs show it.

Attention is relative to even attention: a part that gets as much as every other part has relative attention 1.
The colours run from blue (less than even) over grey to yellow (more). Their lightness grows evenly, so they can be told
apart with every common form of colour vision, and in a greyscale print.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from live_stf.skeleton import Grain, Skeleton

SPAN = 1.0  # in octaves: the colours end at half and at twice the even attention
_STEPS = 256
# Stops of the colour map in OKLab (Ottosson 2020): lightness, green-red, blue-yellow. Lightness grows evenly.
_STOPS = np.array([(0.56, -0.035, -0.165), (0.73, -0.012, -0.015), (0.90, 0.000, 0.175)])


def shown_grain(skeleton: Skeleton, attention: tuple[np.ndarray, ...]) -> int | None:
    """The grain whose attention colours the limbs: the finest one with parts of several joints, else the joints.

    None without attention.
    """
    if not attention:
        return None
    return min(1, len(attention) - 1, len(skeleton.grains))


def part_weights(attention: np.ndarray) -> np.ndarray:
    """Relative attention of each part, (U,): the mean over the query joints of (V, U), whose rows sum to 1."""
    return attention.mean(axis=0) * attention.shape[1]


def bone_parts(skeleton: Skeleton, grain: Grain) -> tuple[int, ...]:
    """Index of the part whose colour each bone takes.

    It is the smallest part that contains both ends (the upper arm belongs to the arm, although its shoulder belongs to
    the torso, too). A bone between two parts takes the smallest part of its outer end (the nose-neck bone: the head).
    Raises ValueError if no part contains an end.
    """

    def smallest(joints: tuple[int, ...]) -> int | None:
        holding = [index for index, part in enumerate(grain.parts) if set(joints) <= set(part.joints)]
        return min(holding, key=lambda index: len(grain.parts[index].joints), default=None)

    parts = []
    for child, parent in skeleton.bones:
        part = smallest((child, parent))
        for end in (child, parent):
            part = smallest((end,)) if part is None else part
        if part is None:
            raise ValueError(f"{grain.name}: no part holds {skeleton.joints[child]} or {skeleton.joints[parent]}")
        parts.append(part)
    return tuple(parts)


@lru_cache(maxsize=1)
def colour_table() -> np.ndarray:
    """(256, 3) uint8 RGB from least to most attention."""
    where = np.linspace(0, len(_STOPS) - 1, _STEPS)
    lab = np.stack([np.interp(where, np.arange(len(_STOPS)), channel) for channel in _STOPS.T], axis=1)
    cone = (
        lab
        @ np.array(
            [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]]
        ).T
    ) ** 3
    linear = (
        cone
        @ np.array(
            [
                [4.0767416621, -3.3077115913, 0.2309699292],
                [-1.2684380046, 2.6097574011, -0.3413193965],
                [-0.0041960863, -0.7034186147, 1.7076147010],
            ]
        ).T
    )
    linear = linear.clip(0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(srgb * 255).astype(np.uint8)


def colour_index(relative: np.ndarray, span: float = SPAN) -> np.ndarray:
    """Rows of `colour_table` for relative attention of any shape; 1 is the middle, the ends are `span` octaves away."""
    octaves = np.log2(np.maximum(relative, 1e-6))
    return np.rint((octaves.clip(-span, span) / span + 1) / 2 * (_STEPS - 1)).astype(int)


def colours(relative: np.ndarray, span: float = SPAN) -> np.ndarray:
    """Colours, (..., 3) uint8 RGB, of relative attention, (...)."""
    return colour_table()[colour_index(relative, span)]
