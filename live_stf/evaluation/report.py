"""Accuracies of scores on windows of known classes, and tables of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch.utils.data import Subset
from torchmetrics.functional.classification import (
    multiclass_accuracy,
    multiclass_confusion_matrix,
    multiclass_f1_score,
    multiclass_recall,
)

from live_stf.engine import Engine
from live_stf.evaluation.scores import run_windows
from live_stf.model import Model
from live_stf.training.model_card import write_model_card
from live_stf.training.percentage import DIGITS, percent
from live_stf.training.recipe import Recipe
from live_stf.training.samples import HeldOut, HeldOutWindows

FILMED, VIRTUAL, DESK = "filmed people", "virtual cameras", "virtual cameras, upper body only"


@dataclass(frozen=True)
class Report:
    """Accuracies on held-out windows, 0..1. per_source and per_class: name -> (windows, share that is correct).

    per_kind: FILMED or VIRTUAL -> (windows, share that is correct, macro-F1 over the classes that occur); neither if
    all windows are of one kind. DESK: the windows of VIRTUAL, by cameras that are too near to see legs; see `measure`.
    """

    windows: int
    top1: float
    top5: float
    macro_f1: float
    per_source: dict[str, tuple[int, float]]
    per_class: dict[str, tuple[int, float]]
    per_kind: dict[str, tuple[int, float, float]]
    confusion: np.ndarray  # (classes, classes): rows true, columns predicted

    def as_dict(self) -> dict[str, Any]:
        """The accuracies as model.json and results.json have them."""

        def rounded(table: dict[str, tuple[int, float]]) -> dict[str, dict[str, float]]:
            return {name: {"windows": count, "top1": round(value, DIGITS)} for name, (count, value) in table.items()}

        return {
            "windows": self.windows,
            "top1": round(self.top1, DIGITS),
            "top5": round(self.top5, DIGITS),
            "macro_f1": round(self.macro_f1, DIGITS),
            "per_source": rounded(self.per_source),
            "per_class": rounded(self.per_class),
            "per_kind": {
                kind: {"windows": count, "top1": round(top1, DIGITS), "macro_f1": round(f1, DIGITS)}
                for kind, (count, top1, f1) in self.per_kind.items()
            },
        }


def filmed_sources(recipe: Recipe) -> list[str]:
    """Names of the recipe's sources whose joints were found in images."""
    return [name for name, source in recipe.data.sources.items() if source.filmed]


def report_of(
    scores: np.ndarray,
    targets: np.ndarray,
    sources: Sequence[str],
    labels: Sequence[str],
    filmed: Collection[str] = (),
) -> Report:
    """Accuracies of scores (n, classes) of any scale for the classes targets (n,); n is at least 1.

    filmed: names of the sources whose joints were found in images.
    """
    output, target, classes = torch.from_numpy(scores), torch.from_numpy(targets), len(labels)
    recall = multiclass_recall(output, target, classes, average="none").numpy()
    counts = np.bincount(targets, minlength=classes)
    named = np.array(sources)

    def top(k: int, of: np.ndarray | slice = slice(None)) -> float:
        return float(multiclass_accuracy(output[of], target[of], classes, average="micro", top_k=min(k, classes)))

    return Report(
        windows=len(targets),
        top1=top(1),
        top5=top(5),
        macro_f1=float(multiclass_f1_score(output, target, classes, average="macro")),
        per_source={
            str(name): (int((named == name).sum()), top(1, np.flatnonzero(named == name)))
            for name in dict.fromkeys(sources)
        },
        per_class={
            label: (int(counts[number]), float(recall[number])) for number, label in enumerate(labels) if counts[number]
        },
        per_kind=_per_kind(output, target, classes, np.isin(named, list(filmed))),
        confusion=multiclass_confusion_matrix(output, target, classes).numpy(),
    )


def _per_kind(
    output: torch.Tensor, target: torch.Tensor, classes: int, filmed: np.ndarray
) -> dict[str, tuple[int, float, float]]:
    if filmed.all() or not filmed.any():
        return {}
    found = {}
    for kind, which in ((FILMED, filmed), (VIRTUAL, ~filmed)):
        of = np.flatnonzero(which)
        right = float((output[of].argmax(dim=1) == target[of]).float().mean())
        found[kind] = len(of), right, _macro_f1_of_present(output[of], target[of], classes)
    return found


def _macro_f1_of_present(output: torch.Tensor, target: torch.Tensor, classes: int) -> float:
    """Macro-F1 over the classes that occur in `target`."""
    each = multiclass_f1_score(output, target, classes, average="none").numpy()
    return float(each[np.unique(target)].mean())


def measure(engine: Engine, windows: HeldOut, batch: int = 16) -> Report:
    """Run an engine on the held-out windows, and on those of virtual cameras a second time from near.

    Raises DataError if nothing is held out.
    """
    filmed = filmed_sources(windows.recipe)
    labels = windows.recipe.labels
    logits, targets = run_windows(engine, windows, batch)
    report = report_of(logits, targets, windows.sources, labels, filmed)
    virtual = ~np.isin(windows.sources, filmed)
    if not isinstance(windows, HeldOutWindows) or not virtual.any():
        return report
    near = windows.from_near()
    logits, target = run_windows(
        engine, Subset(near, np.flatnonzero(virtual).tolist()), batch, "virtual cameras from near"
    )
    found = torch.from_numpy(logits), torch.from_numpy(target)
    right = float((logits.argmax(axis=1) == target).mean())
    counted = len(target), right, _macro_f1_of_present(*found, len(labels))
    return replace(report, per_kind={**report.per_kind, DESK: counted})


def write_measurement(model: Model, report: Report, where: str) -> Model:
    """Write the report into the model's model.json and README. where: the machine. Returns the model with it."""
    measured = replace(model, measured={**model.measured, "machine": where, **report.as_dict()})
    measured.save_description()
    write_model_card(measured)
    return measured


def show(report: Report, labels: Sequence[str], console: Console) -> None:
    """Print the report as tables, with the confusion matrix if it fits the console's width."""
    console.print(
        f"{report.windows} held-out windows: top-1 {percent(report.top1)}, top-5 {percent(report.top5)}, "
        f"macro-F1 {report.macro_f1:.3f} (chance: {percent(1 / len(labels))})"
    )
    sources = Table("source", "windows", "top-1")
    for name, (count, value) in report.per_source.items():
        sources.add_row(name, str(count), percent(value))
    classes = Table("class", "windows", "correct", "most often confused with")
    for number, label in enumerate(labels):
        if label in report.per_class:
            count, value = report.per_class[label]
            row = report.confusion[number].copy()
            row[number] = 0
            wrong = f"{labels[row.argmax()]} ({percent(row.max() / count, 0)})" if row.any() else ""
            classes.add_row(label, str(count), percent(value), wrong)
    console.print(sources)
    for kind, (count, top1, f1) in report.per_kind.items():
        console.print(f"{kind}: {count} windows, top-1 {percent(top1)}, macro-F1 {f1:.3f} over the classes that occur")
    console.print(classes)
    _show_confusion(report.confusion, labels, console)


def _show_confusion(confusion: np.ndarray, labels: Sequence[str], console: Console) -> None:
    """Print the confusion matrix; its columns are numbered as its rows."""
    cell = max(len(str(confusion.max())), len(str(len(labels))))
    table = Table(
        title="confusion: true class (rows), predicted class (columns)",
        box=None,
        padding=(0, 1, 0, 0),
        title_justify="left",
    )
    table.add_column("", justify="right")
    table.add_column("")
    for number in range(len(labels)):
        table.add_column(str(number + 1), justify="right", min_width=cell)
    for number, label in enumerate(labels):
        cells = (
            f"[bold]{count}[/]" if at == number and count else str(count) if count else "·"
            for at, count in enumerate(confusion[number])
        )
        table.add_row(str(number + 1), label, *cells)
    width = cell + 1 + max(map(len, labels)) + 1 + len(labels) * (cell + 1)
    if width <= console.width:
        console.print(table)
    else:
        console.print(f"The confusion matrix of {len(labels)} classes needs {width} columns: --output DIR writes it.")
