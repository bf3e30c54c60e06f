"""Windows of fewer frames in the first epochs of a training, which cost less."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from live_stf.preparation import Preparation
from live_stf.training.recipe import Recipe


@dataclass(frozen=True)
class ThinnedPreparation(Preparation):
    """A preparation with fewer frames for the same time.

    What a motion stream holds would be larger the fewer frames there are, and the network would have to learn its sizes
    anew with the first full windows; so it is divided by `step_ratio`: how many steps of a full window a step lasts.
    """

    step_ratio: float = 1.0

    def _as_input(self, placed: np.ndarray) -> np.ndarray:
        x = super()._as_input(placed)
        if self.stream.endswith("motion"):
            x[: self.axes] /= self.step_ratio
        return x


def early(preparation: Preparation, recipe: Recipe, epoch: int) -> Preparation:
    """The preparation with as many frames as windows of `epoch` have."""
    frames = recipe.training.early_frames
    if epoch >= recipe.training.early_epochs or frames is None:
        return preparation
    if preparation.stretches:
        step_ratio = (preparation.frames - 1) / max(frames - 1, 1)
    elif recipe.data.protocol is None:
        step_ratio = preparation.frames / frames
    else:  # as many frames of a clip, one after the other: less time in steps that are as long
        step_ratio = 1.0
    return ThinnedPreparation(**{**asdict(preparation), "frames": frames}, step_ratio=step_ratio)
