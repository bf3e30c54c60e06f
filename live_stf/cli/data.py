"""Read the data sets of a recipe into one array store: `live-stf data prepare RECIPE [key=value ...]`."""

from __future__ import annotations

import argparse

from live_stf.cli.program import run_command
from live_stf.data.prepare import prepare
from live_stf.errors import DataError
from live_stf.training.recipe import load_recipe
from live_stf.training.selection import skeleton_of


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="live-stf data", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("prepare", help="read the data sets of a recipe into one array store")
    command.add_argument("recipe", help="name of a recipe, or a YAML file")
    command.add_argument("changes", nargs="*", metavar="key=value", help="changes to the recipe, e.g. data.store=DIR")
    command.add_argument(
        "--root", metavar="DIR", help="folder of the data sets (default: data.root, else $LIVE_STF_DATA)"
    )
    command.add_argument("--output", metavar="DIR", help="folder of the store (default: the recipe's data.store)")
    command.add_argument("--workers", type=_count, metavar="N", help="processes that read (default: number of cores)")
    # argparse returns changes that follow an option as unknown, and parse_intermixed_args does not allow subcommands.
    given, more = parser.parse_known_args(arguments)
    if unknown := [word for word in more if word.startswith("-")]:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    given.changes += more
    return run_command(run_prepare, given, stopped="stopped; the same command continues from here")


def _count(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is below 1")
    return number


def run_prepare(given: argparse.Namespace) -> None:
    """Write the store. Raises DataError if it is already complete."""
    recipe = load_recipe(given.recipe, given.changes)
    if given.root is not None:
        recipe.data.root = given.root
    if given.output is not None:
        recipe.data.store = given.output
    if prepare(recipe.data, skeleton_of(recipe), given.workers) is None:
        raise DataError(f"{recipe.data.store} is already complete; remove it to prepare it again")
