"""Windows with class numbers from a store of clips: random ones for training, and held-out ones."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace

import numpy as np
from torch.utils.data import Dataset

from live_stf.data.clip import Clip
from live_stf.data.store import Store
from live_stf.data.windows import draw_window
from live_stf.errors import DataError
from live_stf.training.copies import copied
from live_stf.training.protocol_windows import BenchmarkTest, BenchmarkTraining
from live_stf.training.recipe import Recipe
from live_stf.training.selection import Selected


class TrainingWindows(Dataset):
    """`samples` random windows of one epoch: (x (C, T, V, M) float32, class number).

    A class is drawn first (with equal probability; none_label has its own share), then a source in
    proportion to its weight times the square root of its number of clips of that class, then a clip. Windows depend on
    seed, epoch and number only, so an interruption before an epoch does not change it.
    """

    def __init__(self, store: Store, selected: Sequence[Selected], recipe: Recipe, epoch: int) -> None:
        self.store, self.recipe, self.epoch = store, recipe, epoch
        self.preparation, self.settings = recipe.preparation, recipe.windows
        self.none = recipe.labels.index(recipe.none_label) if recipe.none_label else None
        self.by_class: dict[int, dict[str, list[int]]] = {}
        for one in selected:
            if not one.held_out:
                self.by_class.setdefault(one.target, {}).setdefault(one.source, []).append(one.index)
        empty = [label for number, label in enumerate(recipe.labels) if number not in self.by_class]
        if empty:
            raise DataError(f"no clip to train on for {', '.join(empty)}: correct the recipe's labels or held_out")
        self.told_by_legs = {recipe.labels.index(label) for label in recipe.training.told_by_legs}
        # Clips whose arms may replace those of others.
        self.arms = [
            index
            for target, sources in self.by_class.items()
            if target in self.told_by_legs or target == self.none
            for indices in sources.values()
            for index in indices
            if store.dimensions[index] == 3
        ]
        self.training_indices = [
            index for sources in self.by_class.values() for indices in sources.values() for index in indices
        ]

    def __len__(self) -> int:
        return self.recipe.training.samples

    def __getitem__(self, number: int) -> tuple[np.ndarray, int]:
        rng = np.random.default_rng((self.recipe.training.seed, self.epoch, number))
        target, still = self._class(rng)
        if still:
            index = self.training_indices[rng.integers(len(self.training_indices))]
        else:
            sources = self.by_class[target]
            weights = np.array(
                [self.recipe.data.sources[name].weight * np.sqrt(len(clips)) for name, clips in sources.items()]
            )
            clips = list(sources.values())[rng.choice(len(weights), p=weights / weights.sum())]
            index = clips[rng.integers(len(clips))]
        clip = self.store[index]
        arms, lean = None, 0.0
        if target in self.told_by_legs and clip.dimensions == 3:
            arms, lean = self._arms_and_lean(rng)
        return draw_window(rng, clip, self.preparation, self.settings, still, arms, lean), target

    def _arms_and_lean(self, rng: np.random.Generator) -> tuple[Clip | None, float]:
        """The clip whose arms replace the person's own (None keeps these), and the additional lean in radians."""
        others = rng.random() < self.recipe.training.other_arms
        arms = self.store[self.arms[rng.integers(len(self.arms))]] if others else None
        return arms, rng.uniform(-1.0, 1.0) * self.recipe.training.lean

    def _class(self, rng: np.random.Generator) -> tuple[int, bool]:
        """A class number, and whether the window is a still pose (of none_label)."""
        if self.none is None:
            return int(rng.integers(len(self.recipe.labels))), False
        if rng.random() < self.recipe.training.none_share:
            return self.none, rng.random() < self.settings.still
        others = [number for number in range(len(self.recipe.labels)) if number != self.none]
        return int(rng.choice(others)), False


class HeldOutWindows(Dataset):
    """`views` windows of every held-out clip, always the same: (x (C, T, V, M) float32, class number)."""

    def __init__(self, store: Store, selected: Sequence[Selected], recipe: Recipe) -> None:
        self.store, self.recipe = store, recipe
        self.preparation, self.settings = recipe.preparation, recipe.windows.for_test()
        self.selected = selected
        self.clips = [one for one in selected if one.held_out]
        self.views = recipe.training.views

    def __len__(self) -> int:
        return len(self.clips) * self.views

    def __getitem__(self, number: int) -> tuple[np.ndarray, int]:
        one = self.clips[number // self.views]
        # Training windows are seeded with three numbers, so two numbers never repeat one of their seeds.
        rng = np.random.default_rng((one.index, number % self.views))
        return draw_window(rng, self.store[one.index], self.preparation, self.settings), one.target

    def from_near(self) -> HeldOutWindows:
        """The same windows, seen by virtual cameras that are too near to see legs. Filmed clips do not change."""
        near = copy(self)
        near.settings = replace(self.settings, upper_body=1.0)
        return near

    @property
    def targets(self) -> list[int]:
        """The class number of every window."""
        return [one.target for one in self.clips for _ in range(self.views)]

    @property
    def sources(self) -> list[str]:
        """The source of every window."""
        return [one.source for one in self.clips for _ in range(self.views)]

    @property
    def copied(self) -> np.ndarray:
        """(n,) bool: whether the window is of a clip that is also trained on, see live_stf.training.copies."""
        return np.repeat(copied(self.store, self.selected), self.views)


# The windows that a model is measured on.
HeldOut = HeldOutWindows | BenchmarkTest


def training_windows(
    store: Store, selected: Sequence[Selected], recipe: Recipe, epoch: int
) -> TrainingWindows | BenchmarkTraining:
    """The windows of one epoch: the clips of the recipe's protocol, or random windows if it has no protocol."""
    if recipe.data.protocol is None:
        return TrainingWindows(store, selected, recipe, epoch)
    return BenchmarkTraining(store, selected, recipe, epoch)


def held_out_windows(store: Store, selected: Sequence[Selected], recipe: Recipe) -> HeldOut:
    """The windows that a model is measured on. They are the same every time."""
    if recipe.data.protocol is None:
        return HeldOutWindows(store, selected, recipe)
    return BenchmarkTest(store, selected, recipe)
