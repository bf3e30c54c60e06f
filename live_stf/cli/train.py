"""Train a network from a recipe: `live-stf train RECIPE [key=value ...]`, or `python -m live_stf.train`.

If a training is interrupted, the same command continues it from its last checkpoint, with the same final weights. At
the end OUTPUT/model is the model folder that the programs load: weights, description with the measured accuracy,
README.

To train with several processes, on one machine or several, run `torchrun --nproc-per-node 2 -m live_stf.train RECIPE`.
They share every batch, including the statistics of batch norms, and learn the weights that one process would learn.
"""

from __future__ import annotations

import argparse
import shlex
import sys

from rich.console import Console

from live_stf.cli.program import INTERRUPTED, WRONG, print_error
from live_stf.engine.torch_engine import TorchEngine
from live_stf.errors import LiveStfError
from live_stf.evaluation.report import measure, show, write_measurement
from live_stf.model import Model
from live_stf.training.fit import fit
from live_stf.training.model_folder import training_machine
from live_stf.training.processes import Processes
from live_stf.training.recipe import Recipe, load_recipe
from live_stf.training.speed import measure_speed

# Changes to a recipe that name places and do not change the learned weights.
_PLACES = ("data.root=", "data.store=", "output=")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="live-stf train", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recipe", help="name of a recipe, or a YAML file")
    parser.add_argument(
        "changes", nargs="*", metavar="key=value", help="changes to the recipe, e.g. training.epochs=10"
    )
    parser.add_argument("--measure", action="store_true", help="only measure the speed of training, and of ST-GCN's")
    given = parser.parse_intermixed_args(arguments)
    console, first = Console(), Processes.of_environment().first
    try:
        recipe = load_recipe(given.recipe, given.changes)
        if given.measure:
            measure_speed(recipe, console)
            return 0
        changes = [change for change in given.changes if not change.startswith(_PLACES)]
        model = train(recipe, console, shlex.join(["python", "-m", "live_stf.train", recipe.name, *changes]))
    except LiveStfError as problem:
        if first:
            print_error(problem)
        return WRONG
    except KeyboardInterrupt:
        if first:
            print("stopped; the same command continues from the last checkpoint", file=sys.stderr)
        return INTERRUPTED
    if model is not None:
        console.print(f"model: {model.folder}")
    return 0


def train(recipe: Recipe, console: Console, command: str | None = None) -> Model | None:
    """Train a network, measure it on the held-out windows and write the figures into its folder.

    Returns the model in the first of several processes, None in the others. Raises what `fit` raises.
    """
    trained = fit(recipe, console, command)
    if trained is None:
        return None
    report = measure(TorchEngine(trained.model), trained.held_out)
    show(report, trained.model.labels, console)
    return write_measurement(trained.model, report, training_machine())
