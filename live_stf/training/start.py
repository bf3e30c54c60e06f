"""Weights that a training begins with: those of a model, instead of random ones."""

from __future__ import annotations

from typing import Any

from torch import nn

from live_stf.engine.record import model_hash
from live_stf.engine.torch_engine import load_network
from live_stf.errors import DataError
from live_stf.model import Model
from live_stf.recipe import Recipe

_FREE = "dropout"  # a switch that no weight depends on
_LAST = "classify"  # the layer that knows the labels


def start_from(network: nn.Module, model: Model, recipe: Recipe) -> list[str]:
    """Give the recipe's network the model's weights. Returns the labels that begin anew: those that the model lacks.

    DataError when the model's network is another. The stream and the windows may be others.
    """
    wanted, found = (
        {name: value for name, value in one.items() if name != _FREE} for one in (recipe.network, model.network)
    )
    if wanted != found:
        raise DataError(
            f"training.start_from: {model.name} has the network {found}, the recipe {wanted}: only the same one can "
            "take its weights"
        )
    theirs, state = load_network(model), network.state_dict()
    state.update({name: value for name, value in theirs.state_dict().items() if not name.startswith(_LAST)})
    numbers = {label: number for number, label in enumerate(model.labels)}
    for name, value in theirs.get_submodule(_LAST).state_dict().items():
        for number, label in enumerate(recipe.labels):
            if label in numbers:
                state[f"{_LAST}.{name}"][number] = value[numbers[label]]
    network.load_state_dict(state)
    return [label for label in recipe.labels if label not in numbers]


def weights_before(model: Model) -> dict[str, Any]:
    """What a description says of the weights that a training began with: their data's terms bind its model, too."""
    data = {name: source.get("terms", "") for name, source in model.training.get("data", {}).items()}
    before = model.training.get("start_from")
    return {
        "model": model.name,
        "hash": model_hash(model),
        "command": model.training.get("command", ""),
        "windows": model.training.get("windows", 0),
        "data": data,
        **({"start_from": before} if before else {}),
    }
