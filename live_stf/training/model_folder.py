"""From a trained network to a model folder that the programs load."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import nn

from live_stf.data.store import Store
from live_stf.engine.conversion import convert
from live_stf.errors import ModelError
from live_stf.model import Model, load_model
from live_stf.runtime.hardware import detect_hardware
from live_stf.runtime.machine import describe_machine
from live_stf.training.precision import choose_precision
from live_stf.training.recipe import Recipe
from live_stf.training.samples import training_windows
from live_stf.training.selection import Selected

log = logging.getLogger(__name__)


def export_model(network: nn.Module, recipe: Recipe, folder: Path, training: Mapping[str, Any]) -> Model:
    """Write the model folder with the converted network. training: see `training_description`."""
    model = Model(
        folder=folder,
        name=recipe.name,
        labels=tuple(recipe.labels),
        network=recipe.network,
        preparation=recipe.preparation,
        decision=replace(recipe.decision, none_label=recipe.none_label),
        training=training,
    )
    model.save_description()
    state = {name: value.contiguous().cpu() for name, value in network.state_dict().items()}
    # safetensors' save_file would make the file readable by its owner only, whatever the umask is.
    model.weights.write_bytes(save(state))
    try:
        convert(model)
    except ModelError as problem:  # a library is missing: a long training must not end without its weights
        log.warning("%s", problem)
    return load_model(model.folder)


def training_machine() -> str:
    """This machine and its GPU: if there is one, Lightning trains on it and the torch engine measures on it."""
    return describe_machine(detect_hardware().gpu)


def training_description(
    recipe: Recipe,
    store: Store,
    selected: Sequence[Selected],
    *,
    command: str,
    seconds: int,
    processes: int,
    start_from: Mapping[str, Any],
) -> dict[str, Any]:
    """The description of a training in model.json: command, duration, machine, and the data with their terms.

    start_from: see `live_stf.training.start.start_description`; empty if the weights were random at the start.
    """
    settings = recipe.training
    steps = len(training_windows(store, selected, recipe, 0)) // settings.batch
    return {
        "command": command,
        "seed": settings.seed,
        "epochs": settings.epochs,
        "windows": settings.epochs * steps * settings.batch,
        "seconds": seconds,
        "processes": processes,
        "precision": choose_precision(settings.precision),
        "machine": training_machine(),
        **({"start_from": dict(start_from)} if start_from else {}),
        **_split(recipe, selected),
    }


def _split(recipe: Recipe, selected: Sequence[Selected]) -> dict[str, Any]:
    """The clips that were trained on and held out, by source."""
    data: dict[str, dict[str, Any]] = {}
    for name, source in recipe.data.sources.items():
        of_source = [one for one in selected if one.source == name]
        held_out = sum(one.held_out for one in of_source)
        data[name] = {"terms": source.terms, "clips": len(of_source) - held_out, "held_out_clips": held_out}
        if recipe.data.protocol is None:
            data[name]["held_out_subjects"] = list(source.held_out)
            if source.held_out_every:
                data[name]["held_out_rule"] = f"every {source.held_out_every}th"
    if recipe.data.protocol is not None:
        return {"protocol": recipe.data.protocol, "data": data}
    return {"split": "by subject: the held-out subjects of each source were never trained on", "data": data}
