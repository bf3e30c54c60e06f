"""Weights that a training starts from: those of a model, instead of random ones."""

from __future__ import annotations

import copy
from typing import Any

from torch import nn

from live_stf.engine.fingerprint import model_hash
from live_stf.engine.torch_engine import load_network
from live_stf.errors import DataError
from live_stf.model import Model
from live_stf.training.recipe import Recipe

_LAST = "classify"  # the layer with one output for each label


class Start:
    """The weights of a model, for the network of a recipe. They are read once, so their file may disappear afterwards.

    Stream and windows of the two may differ. Raises DataError if the networks differ.
    """

    def __init__(self, model: Model, recipe: Recipe) -> None:
        needed, found = dict(recipe.network), dict(model.network)
        if needed != found:
            raise DataError(
                f"training.start_from: {model.name} has the network {found}, the recipe {needed}: only the same "
                "network can take its weights"
            )
        self._state = load_network(model).state_dict()
        self._numbers = {label: number for number, label in enumerate(model.labels)}
        self._labels = tuple(recipe.labels)

    def load_into(self, network: nn.Module) -> list[str]:
        """Load the weights into the recipe's network.

        Returns the labels that the model lacks; their weights do not change.
        """
        state = network.state_dict()
        for name, value in self._state.items():
            if not name.startswith(_LAST):
                state[name] = value
                continue
            for number, label in enumerate(self._labels):
                if label in self._numbers:
                    state[name][number] = value[self._numbers[label]]
        network.load_state_dict(state)
        return [label for label in self._labels if label not in self._numbers]

    def mix(self, network: nn.Module, share: float) -> None:
        """Replace the trained weights by (1 - share) * trained + share * start.

        Labels that the model lacks, and counters, stay as they are. The network forgets less of its earlier data this
        way (Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022).
        """
        start = copy.deepcopy(network)
        self.load_into(start)
        state = network.state_dict()
        for name, value in start.state_dict().items():
            if value.is_floating_point():
                state[name].lerp_(value, share)


def start_description(model: Model) -> dict[str, Any]:
    """The description of the weights that a training starts from; the terms of their data apply to its model, too."""
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
