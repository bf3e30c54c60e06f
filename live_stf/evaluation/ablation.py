"""Compares trained models by the switches of their networks, with each other and with the paper's ablations."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from live_stf.errors import ModelError
from live_stf.evaluation.paper import ABLATIONS, FULL, Ablation
from live_stf.model import Model
from live_stf.network import NETWORKS
from live_stf.preparation import STREAMS
from live_stf.training.percentage import percentage

PAPER = "ntu60-xsub"  # the benchmark on which the paper has all its ablations
# Switches that have no effect if their module is left out.
_SWITCHES_OF_MODULE = {"mcf": ("grains", "attention_scale"), "tdf": ("tdf_kernel", "tdf_motion")}
_WITH_SCALE = " with attention_scale="


@dataclass(frozen=True)
class Row:
    """The runs of one network, stream and training.

    top1, top5: accuracy of every run, 0..1. paper: top-1 of the joint stream on NTU60 X-Sub, in percent, or None.
    """

    name: str
    stream: str
    training: str
    seeds: tuple[str, ...]
    top1: tuple[float, ...]
    top5: tuple[float, ...]
    paper: float | None


def switches(model: Model) -> dict[str, Any]:
    """The switches in which the model's network differs from the full one of its architecture."""
    network = dict(model.network)
    kind = NETWORKS[network.pop("architecture")]
    network.pop("skeleton")
    defaults = {name: one.default for name, one in inspect.signature(kind).parameters.items()}
    changed = {name: value for name, value in network.items() if value != defaults[name]}
    if changed.get("grains") == len(model.skeleton.grains) + 1:
        del changed["grains"]
    for module, names in _SWITCHES_OF_MODULE.items():
        if changed.get(module) is False:
            changed = {name: value for name, value in changed.items() if name not in names}
    return changed


def _ablation(model: Model) -> Ablation | None:
    """The row of the paper's Table IV with the model's network; None if there is none.

    attention_scale is ignored, because the paper does not vary it.
    """
    network = {"architecture": model.network["architecture"], **switches(model)}
    network.pop("attention_scale", None)
    return next((one for one in ABLATIONS if dict(one.network) == network), None)


def run_name(model: Model) -> str:
    """The paper's name of the model's network or, if it has none, the changes in it."""
    ablation = _ablation(model)
    if ablation is not None:
        scale = switches(model).get("attention_scale")
        return ablation.name if scale is None else f"{ablation.name}{_WITH_SCALE}{scale}"
    changes = ", ".join(f"{name}={value}" for name, value in switches(model).items())
    base = FULL if model.network["architecture"] == "stf-net" else model.network["architecture"]
    return f"{base} with {changes}"


# Changes to a recipe that identify the run and not its training; the number of epochs is listed separately.
_NOT_TRAINING = ("network.", "preparation.stream=", "training.seed=", "training.validate_every=", "training.epochs=")


def _training(model: Model) -> str:
    """The epochs and the changes to the recipe's training, to distinguish runs of one recipe."""
    command = str(model.training.get("command", ""))
    try:
        words = shlex.split(command)
    except ValueError:  # an unclosed quote
        words = command.split()
    changes = [one for one in words if "=" in one]
    listed = [one for one in changes if not one.startswith(_NOT_TRAINING)]
    return ", ".join([f"{model.training.get('epochs', '?')} epochs", *listed])


def compare_runs(models: Sequence[Model]) -> list[Row]:
    """A row for every network, stream and training, the paper's first and in its order.

    Raises ModelError if the models cannot be compared, see `require_comparable`.
    """
    require_comparable(models)
    groups: dict[tuple[str, str, str], list[Model]] = {}
    for model in models:
        groups.setdefault((_training(model), model.preparation.stream, run_name(model)), []).append(model)
    rows = []
    for (training, stream, name), runs in groups.items():
        ablation = _ablation(runs[0])
        paper = ablation.measured.get(PAPER) if ablation is not None and stream == "joint" else None
        rows.append(
            Row(
                name,
                stream,
                training,
                tuple(str(run.training.get("seed", "?")) for run in runs),
                tuple(float(run.measured["top1"]) for run in runs),
                tuple(float(run.measured["top5"]) for run in runs),
                paper[0] if paper else None,
            )
        )
    order = [one.name for one in ABLATIONS]

    def place(row: Row) -> tuple:
        name = row.name.partition(_WITH_SCALE)[0]
        at = order.index(name) if name in order else len(order)
        return row.training, STREAMS.index(row.stream), at, row.name

    return sorted(rows, key=place)


def require_comparable(models: Sequence[Model]) -> None:
    """Raises ModelError if a model is given twice, has no measurement, or was measured on other windows."""
    folders = [model.folder.resolve() for model in models]
    twice = next((folder for folder in folders if folders.count(folder) > 1), None)
    if twice is not None:
        raise ModelError(f"{twice} is given twice: name every model once")
    for model in models:
        if not {"top1", "top5", "windows", "per_class"} <= set(model.measured):
            raise ModelError(
                f"{model.folder} has no measured accuracy: `live-stf evaluate MODEL RECIPE --write` measures it"
            )
    first = models[0]
    for model in models[1:]:
        if model.labels != first.labels or _test_side(model) != _test_side(first):
            raise ModelError(
                f"{model.folder} was not measured on the same windows as {first.folder}: use one recipe for both"
            )


def _test_side(model: Model) -> tuple:
    """The number of windows that the model was measured on, in total and of every class."""
    return model.measured["windows"], {name: row["windows"] for name, row in model.measured["per_class"].items()}


HEAD = ("network", "stream", "training", "seeds", "top-1", "change", "top-5", "paper", "change")


def table(rows: Sequence[Row]) -> list[list[str]]:
    """Cells under HEAD, in percent.

    They have means with sample standard deviations, and the changes against the full network of the same stream and
    training, ours and the paper's.
    """
    full: dict[tuple[str, str, str], float] = {}  # stream, training, scale
    for row in rows:
        name, _, scale = row.name.partition(_WITH_SCALE)
        if name == FULL:
            mean = float(np.mean(row.top1))
            full[row.stream, row.training, scale] = mean
            full.setdefault((row.stream, row.training, ""), mean)  # for networks that have no scale
    paper_full = next(one for one in ABLATIONS if one.name == FULL).measured[PAPER][0]
    cells = []
    for row in rows:
        name, _, scale = row.name.partition(_WITH_SCALE)
        reference = full.get((row.stream, row.training, scale), full.get((row.stream, row.training, "")))
        change, paper, paper_change = "-", "-", "-"
        if reference is not None and (name != FULL or reference != float(np.mean(row.top1))):
            change = f"{100 * (float(np.mean(row.top1)) - reference):+.1f}"
        if row.paper is not None:
            paper = f"{row.paper:.1f}"
            paper_change = "-" if name == FULL else f"{row.paper - paper_full:+.1f}"
        top = _spread(row.top1), change, _spread(row.top5)
        cells.append([row.name, row.stream, row.training, ", ".join(row.seeds), *top, paper, paper_change])
    return cells


def _spread(values: Sequence[float]) -> str:
    spread = f" ± {100 * np.std(values, ddof=1):.1f}" if len(values) > 1 else ""
    return percentage(float(np.mean(values))) + spread


def by_kernel(models: Sequence[Model]) -> tuple[Mapping[int, list[float]], Mapping[int, list[float]]]:
    """Top-1 (0..1) of every run by the kernel of its TDF, without and with ME.

    Raises ModelError if the models differ in more than that, have no TDF, or cannot be compared.
    """
    require_comparable(models)
    plain: dict[int, list[float]] = {}
    motion: dict[int, list[float]] = {}
    others = []
    for model in models:
        changed = switches(model)
        if model.network["architecture"] != "stf-net" or changed.get("tdf") is False:
            raise ModelError(f"{model.folder} has no TDF, so it has no kernel")
        runs = motion if changed.pop("tdf_motion", False) else plain
        runs.setdefault(int(changed.pop("tdf_kernel", 5)), []).append(float(model.measured["top1"]))
        others.append((changed, model.preparation, _training(model)))
        if others[-1] != others[0]:
            raise ModelError(f"{model.folder} and {models[0].folder} differ in more than TDF's kernel and the seed")
    return plain, motion
