"""Measure when a model's label can be trusted: `python calibration/thresholds.py MODEL RECIPE --output FILE.json`.

It uses the recipe's held-out subjects: one half (the first, third, ... of every source) is for choosing, the other for
reporting:

- temperature: the divisor of the logits that makes probabilities match accuracies (least cross entropy; Guo, Pleiss,
  Sun, Weinberger, "On Calibration of Modern Neural Networks", ICML 2017), with the expected calibration error before
  and after;
- enter: the threshold of the state machine, by simulated live streams (live_stf.evaluation.simulated_streams): the
  largest threshold that keeps the share KEPT of the actions found without one, with at most FALSE_PER_MINUTE false
  labels per minute while people only stand; else the smallest with so few false labels; else the one with the fewest.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from torchmetrics.functional.classification import multiclass_calibration_error

from live_stf.cli.program import run_command
from live_stf.decision import DecisionSettings
from live_stf.engine import ENGINES, open_engine
from live_stf.engine.fingerprint import model_hash
from live_stf.errors import DataError
from live_stf.evaluation.scores import check_labels, held_out_side, run_windows
from live_stf.evaluation.simulated_streams import Answers, Live, judge, simulate, subject_groups
from live_stf.model import Model, load_model
from live_stf.runtime.machine import describe_machine
from live_stf.training.model_card import write_model_card
from live_stf.training.percentage import percent
from live_stf.training.recipe import Recipe, load_recipe
from live_stf.training.samples import HeldOutWindows
from live_stf.training.selection import prepare_missing_store

FORMAT = 1
FALSE_PER_MINUTE = 1.0
KEPT = 0.95
THRESHOLDS = tuple(round(0.3 + 0.05 * step, 2) for step in range(14))  # 0.3 to 0.95
NO_THRESHOLD = 0.01
BINS = 15
CHOOSING, REPORTING = 0, 1


def fit_temperature(logits: np.ndarray, targets: np.ndarray) -> float:
    """The temperature of least cross entropy for logits (n, classes) of the classes targets (n,)."""

    def cost(log_temperature: float) -> float:
        logged = log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-logged[np.arange(len(targets)), targets].mean())

    return float(np.exp(minimize_scalar(cost, bounds=(np.log(0.05), np.log(20.0)), method="bounded").x))


def calibration_error(logits: np.ndarray, targets: np.ndarray, temperature: float) -> float:
    """Expected calibration error, 0..1, over BINS bins."""
    probabilities = torch.from_numpy(logits / temperature).softmax(dim=1)
    classes = logits.shape[1]
    return float(multiclass_calibration_error(probabilities, torch.from_numpy(targets), classes, n_bins=BINS))


def choose(curve: dict[float, Live], without: float) -> float:
    """Choose a threshold from `curve` (threshold -> its results on the streams).

    without: share of the actions that are found without a threshold.
    """
    quiet = [enter for enter, live in curve.items() if live.false_per_minute <= FALSE_PER_MINUTE]
    keeping = [enter for enter in quiet if curve[enter].found >= KEPT * without]
    if keeping:
        return max(keeping)
    return min(quiet) if quiet else min(curve, key=lambda enter: (curve[enter].false_per_minute, enter))


def _curve(answers: Sequence[Answers], model: Model, temperature: float) -> dict[float, Live]:
    return {
        enter: judge(answers, model.labels, model.decision.at(enter), temperature)
        for enter in (NO_THRESHOLD, *THRESHOLDS)
    }


def measure(model: Model, windows: HeldOutWindows, engine_name: str, streams: int, rate: float) -> dict:
    """Measure temperature, thresholds and their effects; returns the content of the file.

    streams: number of simulated streams. rate: classifications per second in them. Raises DataError if a half is empty.
    """
    engine = open_engine(model, engine_name)
    logits, targets = run_windows(engine, windows, 16)
    groups = subject_groups(windows)
    group = np.array([groups[one.index] for one in windows.clips for _ in range(windows.views)])
    choosing, reporting = group == CHOOSING, group == REPORTING
    if not choosing.any() or not reporting.any():
        raise DataError("the recipe holds out too few subjects: each half needs at least one, so a source needs two")
    temperature = fit_temperature(logits[choosing], targets[choosing])

    answers = simulate(windows, engine, streams, rate)
    halves = [[one for one in answers if one.group == which] for which in (CHOOSING, REPORTING)]
    if not all(halves):
        raise DataError(f"{streams} streams are too few for both halves of the subjects; raise --streams")
    chosen_on, reported = (_curve(half, model, temperature) for half in halves)
    enter = choose({at: live for at, live in chosen_on.items() if at in THRESHOLDS}, chosen_on[NO_THRESHOLD].found)
    without = reported[NO_THRESHOLD].found
    return {
        "temperature": round(temperature, 4),
        "windows": {"choosing": int(choosing.sum()), "reporting": int(reporting.sum())},
        "calibration_error": {
            "before": round(calibration_error(logits[reporting], targets[reporting], 1.0), 4),
            "after": round(calibration_error(logits[reporting], targets[reporting], temperature), 4),
        },
        "decision": _rounded(model.decision.at(enter)).as_dict(),
        "recall_kept": round(reported[enter].found / without, 4) if without else None,
        "live": _row(reported[enter]),
        "curve": {f"{at:g}": _row(live) for at, live in reported.items()},
        "engine": engine.name,
    }


def _rounded(settings: DecisionSettings) -> DecisionSettings:
    return dataclasses.replace(settings, enter=round(settings.enter, 3), leave=round(settings.leave, 3))


def _row(live: Live) -> dict:
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in vars(live).items()}


def show(result: dict, console: Console) -> None:
    """Print the result as a table."""
    error = result["calibration_error"]
    console.print(
        f"temperature {result['temperature']:.3f}: expected calibration error {error['before']:.3f} before, "
        f"{error['after']:.3f} after ({result['windows']['reporting']} windows of the reporting half)"
    )
    table = Table("enter", title="simulated streams of the reporting half", title_justify="left")
    headings = {
        "found": "found", "onset": "s to label", "onset_90": "90 %", "false_per_minute": "false a minute, idle",
        "false_of_others": "label for others", "changes_per_minute": "changes a minute",
    }  # fmt: skip
    for heading in headings.values():
        table.add_column(heading, justify="right")
    chosen = f"{result['decision']['enter']:g}"
    for at, row in result["curve"].items():
        cells = ("-" if row[key] is None else f"{row[key]:.2f}" for key in headings)
        table.add_row(f"{at} *" if at == chosen else at, *cells)
    console.print(table)
    kept = "-" if result["recall_kept"] is None else percent(result["recall_kept"])
    console.print(f"* chosen; it keeps {kept} of the actions that are found without a threshold")


def write_into(model: Model, result: dict) -> None:
    """Write temperature and thresholds into the model's model.json, and update its README."""
    calibrated = dataclasses.replace(
        model,
        temperature=result["temperature"],
        decision=DecisionSettings.of(result["decision"], model.none_label),
        measured={**model.measured, "live": {**result["live"], "recall_kept": result["recall_kept"]},
                  "calibration_error": result["calibration_error"]},
    )  # fmt: skip
    calibrated.save_description()
    if (
        calibrated.training and "top1" in calibrated.measured
    ):  # otherwise the README is written when the model is measured
        write_model_card(calibrated)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python calibration/thresholds.py", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("model", help="name in models/, or a model's folder")
    parser.add_argument("recipe", help="name of a recipe, or a YAML file")
    parser.add_argument("changes", nargs="*", metavar="key=value", help="changes to the recipe, e.g. data.store=DIR")
    parser.add_argument(
        "--engine", default="auto", choices=["auto", *ENGINES], help="engine that runs the network (default: auto)"
    )
    parser.add_argument("--streams", type=int, default=270, help="simulated live streams (default: 270)")
    parser.add_argument("--rate", type=float, default=5.0, help="classifications per second in them (default: 5)")
    parser.add_argument("--output", type=Path, metavar="FILE.json", help="write the figures to this file")
    parser.add_argument("--write", action="store_true", help="write temperature and thresholds into the model")
    given = parser.parse_intermixed_args(arguments)
    if given.streams < 1 or not 0 < given.rate <= 100:
        parser.error("--streams must be 1 or more, and --rate above 0 and at most 100")
    return run_command(run, given)


def _held_out(model: Model, recipe: Recipe) -> HeldOutWindows:
    if recipe.data.protocol is None:
        check_labels(model, recipe)
        prepare_missing_store(recipe)
        windows = held_out_side(model, recipe)
        if isinstance(windows, HeldOutWindows):
            return windows
    raise DataError(f"{recipe.name} is a benchmark of whole clips: streams are simulated for live recipes only")


def run(given: argparse.Namespace) -> None:
    """Measure the model, and print and write the result."""
    model, recipe = load_model(given.model), load_recipe(given.recipe, given.changes)
    result = measure(model, _held_out(model, recipe), given.engine, given.streams, given.rate)
    show(result, Console())
    if given.output is not None:
        command = f"python calibration/thresholds.py {model.name} {recipe.name} --streams {given.streams}"
        head = {"format": FORMAT, "model_hash": model_hash(model), "command": command, "machine": describe_machine()}
        given.output.write_text(json.dumps({**head, **result}, indent=2) + "\n", encoding="utf-8")
    if given.write:
        write_into(model, result)


if __name__ == "__main__":
    sys.exit(main())
