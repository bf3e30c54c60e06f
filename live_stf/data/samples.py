"""From a store of clips to windows with class numbers: what is trained on, and what is held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from torch.utils.data import Dataset

from live_stf.data.store import Store
from live_stf.data.windows import WindowSettings, draw_window
from live_stf.errors import DataError
from live_stf.preparation import Preparation
from live_stf.recipe import Recipe


@dataclass(frozen=True)
class Selected:
    """A clip of the store that a recipe uses: its index there, class number, source, and whether it is held out."""

    index: int
    target: int
    source: str
    held_out: bool


def select(store: Store, recipe: Recipe) -> list[Selected]:
    """The clips that the recipe maps to a class. DataError when a held-out subject or a named label does not exist."""
    numbers = {label: number for number, label in enumerate(recipe.labels)}
    chosen = []
    for name, source in recipe.data.sources.items():
        indices = np.flatnonzero(store.sources == name)
        labels, subjects = set(store.labels[indices]), sorted(set(store.subjects[indices]))
        unknown = [*({*source.labels, *source.left_out} - labels), *(set(source.held_out) - set(subjects))]
        if unknown:
            raise DataError(f"source {name} has no {', '.join(unknown)}: mend the recipe or prepare its data again")
        held_out = {*source.held_out, *(subjects[:: source.held_out_every] if source.held_out_every else ())}
        for index in indices:
            label = str(store.labels[index])
            target = None if label in source.left_out else source.labels.get(label, source.rest)
            if target is not None and store.lengths[index] / store.rates[index] >= recipe.data.shortest:
                chosen.append(Selected(int(index), numbers[target], name, store.subjects[index] in held_out))
    return chosen


def _settings(recipe: Recipe) -> tuple[Preparation, WindowSettings]:
    return Preparation(**recipe.preparation), WindowSettings(**recipe.windows)


class TrainingWindows(Dataset):
    """`samples` random windows of one epoch: (x (C, T, V, M) float32, class number).

    A class is drawn first (all alike, the class for everything else with its own share), then a source by its weight
    times the root of its clips of that class, then a clip. Everything follows from seed, epoch and number, so an epoch
    is the same whether a training was interrupted before it or not.
    """

    def __init__(self, store: Store, selected: list[Selected], recipe: Recipe, epoch: int) -> None:
        self.store, self.recipe, self.epoch = store, recipe, epoch
        self.preparation, self.settings = _settings(recipe)
        self.none = recipe.labels.index(recipe.none_label) if recipe.none_label else None
        self.by_class: dict[int, dict[str, list[int]]] = {}
        for one in selected:
            if not one.held_out:
                self.by_class.setdefault(one.target, {}).setdefault(one.source, []).append(one.index)
        empty = [label for number, label in enumerate(recipe.labels) if number not in self.by_class]
        if empty:
            raise DataError(f"no clip to train on for {', '.join(empty)}: mend the recipe's labels or its held_out")
        self.all = [index for sources in self.by_class.values() for indices in sources.values() for index in indices]

    def __len__(self) -> int:
        return self.recipe.training.samples

    def __getitem__(self, number: int) -> tuple[np.ndarray, int]:
        rng = np.random.default_rng((self.recipe.training.seed, self.epoch, number))
        target, still = self._class(rng)
        if still:
            index = self.all[rng.integers(len(self.all))]
        else:
            sources = self.by_class[target]
            weights = np.array(
                [self.recipe.data.sources[name].weight * np.sqrt(len(clips)) for name, clips in sources.items()]
            )
            clips = list(sources.values())[rng.choice(len(weights), p=weights / weights.sum())]
            index = clips[rng.integers(len(clips))]
        return draw_window(rng, self.store[index], self.preparation, self.settings, still), target

    def _class(self, rng: np.random.Generator) -> tuple[int, bool]:
        """A class number, and whether the window is to be a held moment (of the class for everything else)."""
        if self.none is None:
            return int(rng.integers(len(self.recipe.labels))), False
        if rng.random() < self.recipe.training.none_share:
            return self.none, rng.random() < self.settings.still
        others = [number for number in range(len(self.recipe.labels)) if number != self.none]
        return int(rng.choice(others)), False


class HeldOutWindows(Dataset):
    """`views` windows of every held-out clip: (x (C, T, V, M) float32, class number). The same ones every time."""

    def __init__(self, store: Store, selected: list[Selected], recipe: Recipe) -> None:
        self.store, self.recipe = store, recipe
        self.preparation, self.settings = _settings(recipe)
        self.clips = [one for one in selected if one.held_out]
        self.views = recipe.training.views

    def __len__(self) -> int:
        return len(self.clips) * self.views

    def __getitem__(self, number: int) -> tuple[np.ndarray, int]:
        one = self.clips[number // self.views]
        # Training windows are seeded with three numbers, so these two never repeat one of theirs.
        rng = np.random.default_rng((one.index, number % self.views))
        return draw_window(rng, self.store[one.index], self.preparation, self.settings), one.target

    @property
    def sources(self) -> list[str]:
        """The source of every window."""
        return [one.source for one in self.clips for _ in range(self.views)]


def open_store(recipe: Recipe) -> Store:
    """The recipe's store; it is written first, from the data sets below `data.root`, where it is not there yet."""
    from pathlib import Path

    from live_stf.data.prepare import prepare

    folder = Path(recipe.data.store)
    if not folder.exists():
        prepare(recipe)
    return Store(folder)


def counts(selected: list[Selected], recipe: Recipe) -> Iterator[tuple[str, int, int]]:
    """(label, clips to train on, clips held out) for every class."""
    training = Counter(one.target for one in selected if not one.held_out)
    held_out = Counter(one.target for one in selected if one.held_out)
    for number, label in enumerate(recipe.labels):
        yield label, training[number], held_out[number]
