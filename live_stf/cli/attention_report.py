"""Measure how well a network's attention explains its decisions: `live-stf attention MODEL RECIPE [key=value ...]`."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table

from live_stf.cli.program import run_command
from live_stf.engine import ENGINES, open_engine
from live_stf.evaluation.attention_use import OWN, HiddenParts, attention_use, hidden_parts
from live_stf.evaluation.scores import check_labels, held_out_side
from live_stf.model import load_model
from live_stf.training.percentage import percent
from live_stf.training.recipe import load_recipe
from live_stf.training.selection import prepare_missing_store


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="live-stf attention", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", help="name in models/, or a model's folder")
    parser.add_argument("recipe", help="name of a recipe, or a YAML file")
    parser.add_argument(
        "--engine",
        default="auto",
        choices=["auto", *ENGINES],
        help="engine for the windows with hidden parts (default: auto)",
    )
    parser.add_argument("changes", nargs="*", metavar="key=value", help="changes to the recipe, e.g. data.root=DIR")
    return run_command(run, parser.parse_intermixed_args(arguments))


def run(given: argparse.Namespace) -> None:
    """Measure the model on the held-out windows of the recipe, and print tables."""
    model, recipe = load_model(given.model), load_recipe(given.recipe, given.changes)
    check_labels(model, recipe)
    prepare_missing_store(recipe)
    windows = held_out_side(model, recipe)
    shares = attention_use(model, windows)
    console = Console()
    table = Table("attention", "accuracy", "lost", caption=f"{len(windows)} held-out windows")
    for source, share in shares.items():
        table.add_row(source, percent(share), "" if source == OWN else f"{100 * (shares[OWN] - share):.1f} points")
    console.print(table)
    if len(model.grains) > 1:
        _show_parts(hidden_parts(model, open_engine(model, given.engine), windows), console)


def _show_parts(found: HiddenParts, console: Console) -> None:
    table = Table("part", "attention", "log-probability lost without it")
    for name, share, loss in zip(found.parts, found.attention.mean(axis=0), found.loss.mean(axis=0), strict=True):
        table.add_row(name.replace("_", " "), percent(share), f"{loss:.2f}")
    console.print(table)
    console.print(
        f"In {percent(found.agreement, 0)} of the windows, the part with the most attention is also the part whose "
        f"hiding costs most. Always naming the same part would be right in {percent(found.always_one, 0)}, guessing in "
        f"{percent(1 / len(found.parts), 0)}."
    )
