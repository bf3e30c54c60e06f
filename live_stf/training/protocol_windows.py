"""Windows of a benchmark: every training clip once an epoch, every test clip once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from torch.utils.data import Dataset

from live_stf.data.augment.random_move import fixed_choose, random_choose, random_move
from live_stf.data.augment.rotation import random_crop, random_mirror, random_turn
from live_stf.data.clip import Clip
from live_stf.data.store import Store
from live_stf.errors import DataError
from live_stf.preparation import Preparation
from live_stf.skeleton import SKELETONS, Skeleton
from live_stf.training.copies import copied
from live_stf.training.recipe import Recipe
from live_stf.training.selection import Selected

# Functions that choose frames of a clip: (rng, frames of the clip, frames of a window) -> slice.
CHOICES: dict[str, Callable[[np.random.Generator, int, int], slice]] = {
    "random choose": random_choose,
    "random crop": lambda rng, length, _: random_crop(rng, length),
}
# Functions that vary placed joints: (rng, (M, T, V, C), their skeleton) -> the same shape.
MOVES: dict[str, Callable[[np.random.Generator, np.ndarray, Skeleton], np.ndarray]] = {
    "random move": lambda rng, joints, _: random_move(rng, joints),
    "random turn": lambda rng, joints, _: random_turn(rng, joints),
    "random mirror": random_mirror,
}


def _prepared(
    preparation: Preparation,
    clip: Clip,
    part: slice,
    augment: Callable[[np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    return preparation.prepare(clip.coordinates[:, part], clip.scores[:, part], augment=augment)


def _whole(preparation: Preparation, length: int) -> slice:
    """All frames of a clip, or as many from its middle as make a window."""
    return slice(0, length) if preparation.stretches else fixed_choose(length, preparation.frames)


class BenchmarkTraining(Dataset):
    """Every training clip once, in a random order for each epoch: (x (C, T, V, M) float32, class number).

    Windows depend on seed, epoch and number only, so an interruption before an epoch does not change it.
    """

    def __init__(self, store: Store, selected: Sequence[Selected], recipe: Recipe, epoch: int) -> None:
        self.store, self.recipe, self.epoch = store, recipe, epoch
        settings = recipe.training
        self.preparation = recipe.preparation
        self.skeleton = SKELETONS[self.preparation.skeleton]
        unknown = set(recipe.augmentation) - {*CHOICES, *MOVES}
        if unknown:
            raise DataError(
                f"augmentation {', '.join(sorted(unknown))} is not known; choose one of {', '.join((*CHOICES, *MOVES))}"
            )
        self.choices = [CHOICES[name] for name in recipe.augmentation if name in CHOICES]
        if len(self.choices) > 1:
            raise DataError(f"augmentation: only one of {', '.join(CHOICES)} can choose the frames of a clip")
        self.moves = [MOVES[name] for name in recipe.augmentation if name in MOVES]
        clips = [one for one in selected if not one.held_out]
        order = np.random.default_rng((settings.seed, epoch)).permutation(len(clips))
        self.clips = [clips[at] for at in order]

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, number: int) -> tuple[np.ndarray, int]:
        one = self.clips[number]
        rng = np.random.default_rng((self.recipe.training.seed, self.epoch, number))
        clip = self.store[one.index]
        part = _whole(self.preparation, clip.frames)
        for choose in self.choices:
            part = choose(rng, clip.frames, self.preparation.frames)

        def moved(joints: np.ndarray) -> np.ndarray:
            for move in self.moves:
                joints = move(rng, joints, self.skeleton)
            return joints

        return _prepared(self.preparation, clip, part, moved), one.target


class BenchmarkTest(Dataset):
    """Every clip of the test side once, without random choices: (x (C, T, V, M) float32, class number)."""

    def __init__(self, store: Store, selected: Sequence[Selected], recipe: Recipe) -> None:
        self.store, self.recipe = store, recipe
        self.preparation = recipe.preparation
        self.selected = selected
        self.clips = [one for one in selected if one.held_out]

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, number: int) -> tuple[np.ndarray, int]:
        one = self.clips[number]
        clip = self.store[one.index]
        return _prepared(self.preparation, clip, _whole(self.preparation, clip.frames)), one.target

    @property
    def targets(self) -> list[int]:
        """The class number of every window."""
        return [one.target for one in self.clips]

    @property
    def sources(self) -> list[str]:
        """The source of every window."""
        return [one.source for one in self.clips]

    @property
    def copied(self) -> np.ndarray:
        """(n,) bool: whether the window is of a clip that is also trained on, see live_stf.training.copies."""
        return copied(self.store, self.selected)
