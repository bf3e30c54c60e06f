"""Draw calibration windows for int8 from a recipe's training data: `python calibration/int8_windows.py RECIPE ...`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from live_stf.cli.program import run_command
from live_stf.engine.export import input_shape
from live_stf.errors import DataError, ModelError
from live_stf.model import Model, load_model
from live_stf.training.recipe import Recipe, load_recipe
from live_stf.training.samples import TrainingWindows
from live_stf.training.selection import open_store, prepare_missing_store, select


def draw(recipe: Recipe, count: int) -> np.ndarray:
    """`count` windows (N, C, T, V, 1) float32 of training subjects, the same ones every time.

    They are the first windows of the epoch after the last one, drawn as for training, which never saw exactly these.
    Held-out subjects are never among them. Raises DataError if an epoch is shorter than `count`.
    """
    store = open_store(recipe)
    windows = TrainingWindows(store, select(store, recipe), recipe, epoch=recipe.training.epochs)
    if not 0 < count <= len(windows):
        raise DataError(f"--windows is {count}; it must be 1 to {len(windows)}, the windows of an epoch")
    numbers = track(range(count), description="calibration windows", console=Console(stderr=True))
    return np.stack([windows[number][0] for number in numbers])


def check_fit(model: Model, recipe: Recipe, windows: np.ndarray) -> None:
    """Raise ModelError unless the recipe prepares windows as the model takes them."""
    if list(model.labels) != list(recipe.labels):
        raise ModelError(f"{model.name} and the recipe {recipe.name} do not have the same labels")
    if windows.shape[1:] != input_shape(model):
        shapes = [" x ".join(map(str, shape)) for shape in (input_shape(model), windows.shape[1:])]
        raise ModelError(f"{model.name} takes windows of {shapes[0]}, but the recipe {recipe.name} makes {shapes[1]}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python calibration/int8_windows.py", description=__doc__)
    parser.add_argument("recipe", help="name of a recipe, or a YAML file")
    parser.add_argument("changes", nargs="*", metavar="key=value", help="changes to the recipe, e.g. data.store=DIR")
    parser.add_argument("--model", required=True, help="model that the windows are for: name in models/, or its folder")
    parser.add_argument("--output", required=True, type=Path, metavar="FILE.npy", help="file to write")
    parser.add_argument("--windows", type=int, default=256, help="number of windows (default: 256)")
    given = parser.parse_intermixed_args(arguments)
    return run_command(run, given)


def run(given: argparse.Namespace) -> None:
    """Draw the windows and write them."""
    model, recipe = load_model(given.model), load_recipe(given.recipe, given.changes)
    prepare_missing_store(recipe)
    windows = draw(recipe, given.windows)
    check_fit(model, recipe, windows)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    with given.output.open("wb") as file:  # given a name, np.save would add a suffix
        np.save(file, windows)
    print(f"{len(windows)} windows of training subjects of {recipe.name} written to {given.output}")


if __name__ == "__main__":
    sys.exit(main())
