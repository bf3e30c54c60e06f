"""Which clips of a store a recipe uses, as what class, and which of them are held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from live_stf.data.prepare import prepare
from live_stf.data.protocols import PROTOCOLS, Protocol
from live_stf.data.store import Store
from live_stf.errors import DataError
from live_stf.preparation import Preparation
from live_stf.training.recipe import Recipe


@dataclass(frozen=True)
class Selected:
    """A clip of the store that a recipe uses: its index there, class number, source, and whether it is held out.

    Held out is what is never trained on: the held-out subjects, or the test side of a published protocol.
    """

    index: int
    target: int
    source: str
    held_out: bool


def select(store: Store, recipe: Recipe) -> list[Selected]:
    """The clips that the recipe maps to a class.

    DataError when a held-out subject or a named label does not exist, or the protocol is not for these clips.
    """
    protocol = _protocol(recipe)
    numbers = {label: number for number, label in enumerate(recipe.labels)}
    chosen = []
    for name, source in recipe.data.sources.items():
        indices = np.flatnonzero(store.sources == name)
        labels, subjects = set(store.labels[indices]), sorted(set(store.subjects[indices]))
        unknown = [*({*source.labels, *source.left_out} - labels), *(set(source.held_out) - set(subjects))]
        if unknown:
            raise DataError(f"source {name} has no {', '.join(unknown)}: mend the recipe or prepare its data again")
        held_out = {*source.held_out, *(subjects[:: source.held_out_every] if source.held_out_every else ())}
        classes = source.labels if source.labels or source.rest else {label: label for label in recipe.labels}
        for index in indices:
            label = str(store.labels[index])
            target = None if label in source.left_out else classes.get(label, source.rest)
            if target is None or store.lengths[index] / store.rates[index] < recipe.data.shortest:
                continue
            clip, subject, subset = (str(column[index]) for column in (store.names, store.subjects, store.subsets))
            tested = subject in held_out if protocol is None else protocol(clip, subject, subset)
            chosen.append(Selected(int(index), numbers[target], name, tested))
    return chosen


def _protocol(recipe: Recipe) -> Protocol | None:
    named = recipe.data.protocol
    if named is None:
        return None
    if named not in PROTOCOLS:
        raise DataError(f"data.protocol {named!r} is not known, it can be one of {', '.join(PROTOCOLS)}")
    if any(source.held_out or source.held_out_every for source in recipe.data.sources.values()):
        raise DataError(f"data.protocol {named} says what is tested on: no source can hold out more")
    return PROTOCOLS[named]


def open_store(recipe: Recipe) -> Store:
    """The recipe's store; it is written first, from the data sets below `data.root`, where it is not there yet.

    A recipe without labels gets those of the clips, sorted. DataError when the store is of another skeleton.
    """
    folder = Path(recipe.data.store)
    if not folder.exists():
        prepare(recipe)
    store = Store(folder)
    wanted = Preparation(**recipe.preparation).skeleton
    if store.skeleton.name != wanted:
        raise DataError(f"{folder} holds {store.skeleton.name}, the recipe wants {wanted}: name another data.store")
    if not recipe.labels:
        recipe.labels = sorted({str(label) for label in store.labels})
    return store


def counts(selected: list[Selected], recipe: Recipe) -> Iterator[tuple[str, int, int]]:
    """(label, clips to train on, clips held out) for every class."""
    training = Counter(one.target for one in selected if not one.held_out)
    held_out = Counter(one.target for one in selected if one.held_out)
    for number, label in enumerate(recipe.labels):
        yield label, training[number], held_out[number]
