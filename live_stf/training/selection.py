"""Selects the clips of a store that a recipe uses, with their classes, and holds some of them out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from live_stf.data.prepare import prepare
from live_stf.data.protocols import PROTOCOLS, Protocol
from live_stf.data.sources import SourceSettings
from live_stf.data.store import Store
from live_stf.errors import DataError
from live_stf.skeleton import SKELETONS, Skeleton
from live_stf.training.recipe import Recipe


@dataclass(frozen=True)
class Selected:
    """A clip of the store that a recipe uses: its index there, class number, source, and whether it is held out.

    Held-out clips are never trained on: those of held-out subjects, or the test side of a published protocol.
    """

    index: int
    target: int
    source: str
    held_out: bool


def select(store: Store, recipe: Recipe) -> list[Selected]:
    """The clips that the recipe maps to a class.

    Raises DataError if the store has no clips of a source, if a label or a held-out subject of the recipe does not
    exist, or if the protocol is not for these clips.
    """
    protocol = _protocol(recipe)
    names = class_labels(recipe, store)
    numbers = {label: number for number, label in enumerate(names)}
    chosen = []
    for name, source in recipe.data.sources.items():
        indices = np.flatnonzero(store.sources == name)
        _check_names(store, name, source, indices)
        subjects = sorted(set(store.subjects[indices]))
        held_out = {*source.held_out, *(subjects[:: source.held_out_every] if source.held_out_every else ())}
        classes = source.labels if source.labels or source.rest else {label: label for label in names}
        for index in indices:
            label = str(store.labels[index])
            target = None if label in source.left_out else classes.get(label, source.rest)
            if target is None or store.lengths[index] / store.rates[index] < recipe.data.shortest:
                continue
            clip, subject, subset = (str(column[index]) for column in (store.names, store.subjects, store.subsets))
            tested = subject in held_out if protocol is None else protocol(clip, subject, subset)
            chosen.append(Selected(int(index), numbers[target], name, tested))
    return chosen


def _check_names(store: Store, name: str, source: SourceSettings, indices: np.ndarray) -> None:
    """Raises DataError if the source has no clips, or lacks a label or a subject that the recipe names."""
    if not len(indices):
        known = ", ".join(sorted(set(store.sources))) or "no source"
        raise DataError(
            f"{store.folder} has clips of {known}, but none of source {name}: remove that folder and prepare the data "
            "again, or correct the name in the recipe"
        )
    labels = {*source.labels, *source.left_out} - set(store.labels[indices])
    subjects = set(source.held_out) - set(store.subjects[indices])
    unknown = [f"{kind} {one!r}" for kind, names in (("label", labels), ("subject", subjects)) for one in sorted(names)]
    if unknown:
        raise DataError(
            f"source {name} has no {', no '.join(unknown)}: correct the recipe, or remove {store.folder} and prepare "
            "the data again"
        )


def _protocol(recipe: Recipe) -> Protocol | None:
    named = recipe.data.protocol
    if named is None:
        return None
    if named not in PROTOCOLS:
        raise DataError(f"data.protocol {named!r} is not known; choose one of {', '.join(PROTOCOLS)}")
    if any(source.held_out or source.held_out_every for source in recipe.data.sources.values()):
        raise DataError(
            f"data.protocol {named} decides which clips are held out: remove held_out and held_out_every of the sources"
        )
    return PROTOCOLS[named]


def skeleton_of(recipe: Recipe) -> Skeleton:
    """The skeleton that the recipe's preparation takes."""
    return SKELETONS[recipe.preparation.skeleton]


def prepare_missing_store(recipe: Recipe) -> None:
    """Write the recipe's store from its data sets if it does not exist."""
    if not Path(recipe.data.store).exists():
        prepare(recipe.data, skeleton_of(recipe))


def open_store(recipe: Recipe) -> Store:
    """The recipe's store. Raises DataError if it has not been prepared or holds another skeleton."""
    folder = Path(recipe.data.store)
    if not folder.exists():
        raise DataError(f"there is no array store at {folder}: `live-stf data prepare {recipe.name}` writes it")
    store = Store(folder)
    needed = skeleton_of(recipe).name
    if store.skeleton.name != needed:
        raise DataError(f"{folder} holds {store.skeleton.name}, the recipe needs {needed}: name another data.store")
    return store


def class_labels(recipe: Recipe, store: Store) -> list[str]:
    """The classes: the recipe's labels or, if it names none, those of the store's clips, sorted."""
    return recipe.labels or sorted({str(label) for label in store.labels})


def with_labels(recipe: Recipe, store: Store) -> Recipe:
    """A copy of the recipe that names its classes."""
    return replace(recipe, labels=class_labels(recipe, store))


def counts(selected: Sequence[Selected], recipe: Recipe) -> Iterator[tuple[str, int, int]]:
    """(label, clips to train on, clips held out) for every class."""
    training = Counter(one.target for one in selected if not one.held_out)
    held_out = Counter(one.target for one in selected if one.held_out)
    for number, label in enumerate(recipe.labels):
        yield label, training[number], held_out[number]
