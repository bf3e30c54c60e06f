"""Measure models on the held-out side of a recipe: `live-stf evaluate MODEL... RECIPE [key=value ...]`.

The scores of models of 2 or 4 streams are fused as well, with weights fitted on the training side of the recipe.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from live_stf.cli.program import run_command
from live_stf.engine import ENGINES, open_engine
from live_stf.errors import ModelError
from live_stf.evaluation.fusion import fusions
from live_stf.evaluation.output import write_results
from live_stf.evaluation.report import filmed_sources, measure, show, write_measurement
from live_stf.evaluation.results import evaluate_streams, show_paper, show_results
from live_stf.evaluation.scores import check_labels, compute_scores, held_out_side
from live_stf.model import DESCRIPTION, Model, load_model
from live_stf.runtime.machine import describe_machine
from live_stf.training.recipe import Recipe, load_recipe
from live_stf.training.selection import prepare_missing_store


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="live-stf evaluate",
        usage="%(prog)s [options] MODEL [MODEL ...] RECIPE [key=value ...]",
        description=(__doc__ or "").splitlines()[0],
    )
    parser.add_argument(
        "given",
        nargs="+",
        metavar="MODEL RECIPE key=value",
        help="models by name or folder, one per stream; a recipe by name or file; changes to it, e.g. data.root=DIR",
    )
    parser.add_argument(
        "--engine", default="auto", choices=["auto", *ENGINES], help="engine that runs the network (default: auto)"
    )
    parser.add_argument("--paper", action="store_true", help="print the paper's figures beside ours")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="write results as JSON and CSV, confusion matrices as PNG, and the scores, which later runs reuse",
    )
    parser.add_argument(
        "--fit-windows",
        type=int,
        default=2000,
        metavar="N",
        help="largest number of training windows that fusion weights are fitted on (default: 2000)",
    )
    parser.add_argument(
        "--write",
        action="store_true",
        help="write the measurements, also those with nearby virtual cameras, into the model's model.json and README",
    )
    given = parser.parse_intermixed_args(arguments)
    named = [word for word in given.given if "=" not in word or Path(word).exists()]
    if len(named) < 2:
        parser.error("give a model and a recipe")
    if given.write and (len(named) > 2 or given.paper or given.output):
        parser.error("--write takes one model, without --paper and --output")
    if given.fit_windows < 1:
        parser.error("--fit-windows must be at least 1")
    return run_command(run, named, given)


def run(named: Sequence[str], given: argparse.Namespace) -> None:
    """Measure, and print or write the results. named: the models, then the recipe."""
    models = [load_model(name) for name in named[:-1]]
    if given.write and not models[0].training:  # the README must state the terms of the training data
        raise ModelError(
            f"{models[0].folder / DESCRIPTION} does not say what the model was trained on, which --write needs for its "
            "README: measure it without --write"
        )
    recipe = load_recipe(named[-1], [word for word in given.given if word not in named])
    fusions([model.preparation.stream for model in models])  # fails before hours of work if the models cannot be fused
    for model in models:
        check_labels(model, recipe)
    prepare_missing_store(recipe)
    if given.write:
        _write(models[0], recipe, given.engine, Console())
    else:
        _measure(models, recipe, given)


def _write(model: Model, recipe: Recipe, engine: str, console: Console) -> None:
    report = measure(open_engine(model, engine), held_out_side(model, recipe))
    show(report, model.labels, console)
    write_measurement(model, report, describe_machine())
    console.print(f"written into {model.folder}")


def _measure(models: Sequence[Model], recipe: Recipe, given: argparse.Namespace) -> None:
    console = Console()
    training = given.fit_windows if len(models) > 1 else 0
    folder = given.output / "scores" if given.output else None
    scores = [compute_scores(model, recipe, given.engine, training, folder) for model in models]
    results = evaluate_streams(scores, filmed_sources(recipe))
    show(results[-1].report, scores[0].labels, console)
    show_results(results, console)
    console.print(f"engine: {', '.join(dict.fromkeys(stream.engine for stream in scores))}")
    if given.paper:
        show_paper(results, recipe.data.protocol, models[0].preparation.coordinates, console)
    if given.output:
        write_results(given.output, results, scores, recipe)
        console.print(f"written: {given.output}")
