"""Data sets: `live-stf data prepare RECIPE --root DIR --output DIR [key=value ...]`, or `bench`."""

from __future__ import annotations

import argparse

from live_stf.cli.program import run_command
from live_stf.errors import DataError
from live_stf.training.recipe import load_recipe


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="live-stf data", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    one = commands.add_parser("prepare", help="read the data sets of a recipe into one array store")
    one.add_argument("recipe", help="name of a recipe, or a YAML file")
    one.add_argument("--root", metavar="DIR", help="folder of the data sets (default: the recipe's data.root)")
    one.add_argument("--output", metavar="DIR", help="place of the store (default: the recipe's data.store)")
    one.add_argument("--workers", type=_count, metavar="N", help="processes that read (default: one a core)")
    one.set_defaults(run=run_prepare)

    one = commands.add_parser("bench", help="measure reading and loading on a data set that is made for it")
    one.add_argument("--clips", type=_count, default=2000, metavar="N", help="files of the data set (default: 2000)")
    one.add_argument("--frames", type=_count, default=300, metavar="N", help="frames of a file (default: 300)")
    one.add_argument("--workers", type=_count, metavar="N", help="processes that read (default: one a core)")
    one.set_defaults(run=run_bench)

    # Options may stand before, between and after changes of the form key=value.
    given, changes = parser.parse_known_args(arguments)
    unknown = [word for word in changes if word.startswith("-") or given.command != "prepare"]
    if unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return run_command(given.run, given, changes, stopped="stopped; the same command goes on from here")


def _count(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number


def run_prepare(given: argparse.Namespace, changes: list[str]) -> int:
    from live_stf.data.prepare import prepare

    recipe = load_recipe(given.recipe, changes)
    if given.root is not None:
        recipe.data.root = given.root
    if given.output is not None:
        recipe.data.store = given.output
    if prepare(recipe, given.workers) is None:
        raise DataError(f"{recipe.data.store} is a whole store already; to prepare it again remove it first")
    return 0


def run_bench(given: argparse.Namespace, _: list[str]) -> int:
    from benchmarks.data_reading import bench

    for line in bench(given.clips, given.frames, given.workers):
        print(line, flush=True)
    return 0
