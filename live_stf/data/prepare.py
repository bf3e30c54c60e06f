"""Read the data sets of a recipe into one array store."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import track

from live_stf.data.clip import Clip, Damaged
from live_stf.data.store import write_store
from live_stf.preparation import Preparation
from live_stf.recipe import Recipe
from live_stf.skeleton import SKELETONS


def read_sources(recipe: Recipe) -> Iterator[Clip | Damaged]:
    """Every clip of every source of the recipe, in the recipe's order. DataError when a folder is not there."""
    for source in recipe.data.sources.values():
        reader = importlib.import_module(f"live_stf.data.{source.reader}")
        yield from reader.read(Path(recipe.data.root) / source.folder, **source.options)


def prepare(recipe: Recipe) -> None:
    """Write the recipe's store and say what could not be read."""
    console = Console(stderr=True)
    clips = track(read_sources(recipe), description="reading clips", console=console, total=None)
    skeleton = SKELETONS[Preparation(**recipe.preparation).skeleton]
    report = write_store(clips, Path(recipe.data.store), skeleton)
    console.print(f"{report.clips} clips in {recipe.data.store}, {len(report.damaged)} could not be read")
