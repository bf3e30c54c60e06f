"""Draw the paper's figures 4 to 7 for your own models, as PNG: `live-stf figures FIGURE ... --output FILE`."""

from __future__ import annotations

import argparse
from pathlib import Path

from matplotlib.figure import Figure

from live_stf.cli.program import run_command
from live_stf.errors import DataError, ModelError
from live_stf.evaluation.ablation import by_kernel, require_comparable, run_name
from live_stf.evaluation.network_internals import Instance, held_out_actions, surest_instances
from live_stf.evaluation.plots import plot_classes, plot_features, plot_kernels, plot_similarity, save_figure
from live_stf.evaluation.scores import check_labels, held_out_side
from live_stf.model import Model, load_model
from live_stf.training.percentage import percent
from live_stf.training.recipe import load_recipe
from live_stf.training.selection import prepare_missing_store

SHOWN = 4  # actions drawn if --action is not given


def classes(given: argparse.Namespace) -> Figure:
    """Figure 4: per-class accuracy of two models, as they were measured after their trainings."""
    models = [load_model(given.model), load_model(given.baseline)]
    require_comparable(models)
    measured = [model.measured["per_class"] for model in models]
    labels = [label for label in models[0].labels if label in measured[0]]
    first, second = ([one[label]["top1"] for label in labels] for one in measured)
    return plot_classes(labels, first, second, (_legend(models[0]), _legend(models[1])))


def _legend(model: Model) -> str:
    seed = f", seed {model.training['seed']}" if "seed" in model.training else ""
    return f"{run_name(model)}, {model.preparation.stream}{seed}: {percent(model.measured['top1'])}"


def similarity(given: argparse.Namespace) -> Figure:
    """Figure 5: the attention of every joint, per grain, in each action's window with the highest probability."""
    model = load_model(given.model)
    if not model.grains:
        raise ModelError(f"{model.name} has no MCF and so no similarity matrices; choose a model with MCF")
    instances = _instances(model, given)
    grains = [(grain.name, [part.name.replace("_", " ") for part in grain.parts]) for grain in model.grains]
    return plot_similarity({action: one.similarity for action, one in instances.items()}, _joints(model), grains)


def features(given: argparse.Namespace) -> Figure:
    """Figure 6: output features over time and joints, in each action's window with the highest probability."""
    model = load_model(given.model)
    instances = _instances(model, given)
    span = None if model.preparation.stretches else model.preparation.span
    return plot_features({action: one.features for action, one in instances.items()}, _joints(model), span)


def kernels(given: argparse.Namespace) -> Figure:
    """Figure 7: accuracy against the kernel of TDF, with and without ME, as measured after the trainings."""
    models = [load_model(one) for one in given.model]
    return plot_kernels(*by_kernel(models), f"{models[0].name}, {models[0].preparation.stream}")


def _instances(model: Model, given: argparse.Namespace) -> dict[str, Instance]:
    recipe = load_recipe(given.recipe, given.changes)
    check_labels(model, recipe)
    prepare_missing_store(recipe)
    windows = held_out_side(model, recipe)
    actions = given.action or held_out_actions(model, windows, SHOWN)
    if not actions:
        raise DataError("the recipe has no test side, so there is no window to draw; choose another recipe")
    instances = surest_instances(model, windows, actions)
    for action, one in instances.items():
        mistaken = "" if one.predicted == action else f", taken for {one.predicted}"
        print(f"{action}: held-out window {one.number}, {percent(one.probability, 0)} sure{mistaken}")
    return instances


def _joints(model: Model) -> list[str]:
    return [joint.replace("_", " ") for joint in model.skeleton.joints]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="live-stf figures", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="FIGURE")
    for draw in (classes, similarity, features, kernels):
        description = draw.__doc__
        command = commands.add_parser(draw.__name__, help=description, description=description)
        command.set_defaults(draw=draw)
        folder = "name of a model in models/, or its folder"
        if draw is kernels:
            command.add_argument(
                "model", nargs="+", help="folders of models that differ in network.tdf_kernel and seed"
            )
        else:
            command.add_argument("model", help=folder)
        if draw is classes:
            command.add_argument("baseline", help=f"model to compare with: {folder}")
        if draw in (similarity, features):
            command.add_argument("recipe", help="recipe of the windows: its name, or a YAML file")
            command.add_argument("changes", nargs="*", metavar="key=value", help="changes to the recipe")
            command.add_argument(
                "--action", action="append", help=f"a class; repeat it for more (default: the first {SHOWN})"
            )
        command.add_argument("--output", required=True, type=Path, metavar="FILE", help="PNG file to write")
    return run_command(run, parser.parse_args(arguments))


def run(given: argparse.Namespace) -> None:
    """Draw the figure and write it."""
    save_figure(given.draw(given), given.output)
    print(f"written: {given.output}")
