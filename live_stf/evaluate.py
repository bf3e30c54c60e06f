"""Measure a model on the held-out subjects of a recipe: `python -m live_stf.evaluate MODEL RECIPE [key=value ...]`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch.utils.data import DataLoader
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_confusion_matrix, multiclass_f1_score

from live_stf.data.benchmark import BenchmarkTest
from live_stf.data.samples import HeldOutWindows, held_out_windows
from live_stf.data.selection import open_store, select
from live_stf.engine import ENGINES, Engine, open_engine
from live_stf.errors import LiveStfError, ModelError
from live_stf.model import load_model
from live_stf.recipe import load_recipe


@dataclass(frozen=True)
class Report:
    """Accuracies on held-out windows, 0..1. per_source and per_class: name -> (windows, share that is right)."""

    windows: int
    top1: float
    top5: float
    macro_f1: float
    per_source: dict[str, tuple[int, float]]
    per_class: dict[str, tuple[int, float]]
    confusion: np.ndarray  # (classes, classes): rows true, columns said

    def as_dict(self) -> dict[str, Any]:
        def rounded(table: dict[str, tuple[int, float]]) -> dict[str, dict[str, float]]:
            return {name: {"windows": count, "top1": round(value, 4)} for name, (count, value) in table.items()}

        return {
            "windows": self.windows,
            "top1": round(self.top1, 4),
            "top5": round(self.top5, 4),
            "macro_f1": round(self.macro_f1, 4),
            "per_source": rounded(self.per_source),
            "per_class": rounded(self.per_class),
        }


def measure(engine: Engine, windows: HeldOutWindows | BenchmarkTest, batch: int = 16) -> Report:
    """Run an engine over the held-out windows."""
    labels = windows.recipe.labels
    logits, targets = [], []
    loader = DataLoader(windows, batch_size=batch)
    for x, target in track(loader, description="held-out windows", console=Console(stderr=True)):
        logits.append(engine.run(x.numpy())[0])
        targets.append(target)
    if not targets:
        raise ModelError("the recipe holds no clip out: nothing to measure on")
    scores, target = torch.from_numpy(np.concatenate(logits)), torch.cat(targets)
    right = (scores.argmax(dim=1) == target).numpy()
    sources = np.array(windows.sources)
    per_source = {
        str(name): (int((sources == name).sum()), float(right[sources == name].mean()))
        for name in dict.fromkeys(windows.sources)
    }
    of = target.numpy()
    per_class = {
        label: (int((of == number).sum()), float(right[of == number].mean()))
        for number, label in enumerate(labels)
        if (of == number).any()
    }
    classes = len(labels)
    return Report(
        windows=len(target),
        top1=float(right.mean()),
        top5=float(multiclass_accuracy(scores, target, classes, average="micro", top_k=min(5, classes))),
        macro_f1=float(multiclass_f1_score(scores, target, classes, average="macro")),
        per_source=per_source,
        per_class=per_class,
        confusion=multiclass_confusion_matrix(scores, target, classes).numpy(),
    )


def show(report: Report, labels: list[str], console: Console) -> None:
    """Print the report as tables."""
    console.print(
        f"{report.windows} held-out windows: top-1 {report.top1:.1%}, top-5 {report.top5:.1%}, "
        f"macro-F1 {report.macro_f1:.3f} (chance: {1 / len(labels):.1%})"
    )
    sources = Table("source", "windows", "top-1")
    for name, (count, value) in report.per_source.items():
        sources.add_row(name, str(count), f"{value:.1%}")
    classes = Table("class", "windows", "right", "most often taken for")
    for number, label in enumerate(labels):
        if label in report.per_class:
            count, value = report.per_class[label]
            row = report.confusion[number].copy()
            row[number] = 0
            wrong = f"{labels[row.argmax()]} ({row.max() / count:.0%})" if row.any() else ""
            classes.add_row(label, str(count), f"{value:.1%}", wrong)
    console.print(sources, classes)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m live_stf.evaluate", description=__doc__)
    parser.add_argument("model", help="name of a model in models/, or its folder")
    parser.add_argument("recipe", help="name of a recipe, or a YAML file")
    parser.add_argument("changes", nargs="*", metavar="key=value", help="changes to the recipe, e.g. data.root=DIR")
    parser.add_argument("--engine", default="auto", choices=["auto", *ENGINES])
    given = parser.parse_args(arguments)
    try:
        model, recipe = load_model(given.model), load_recipe(given.recipe, given.changes)
        if list(model.labels) != list(recipe.labels):
            raise ModelError(f"{model.name} and the recipe {recipe.name} do not have the same labels")
        store = open_store(recipe)
        windows = held_out_windows(store, select(store, recipe), recipe)
        show(measure(open_engine(model, given.engine), windows), list(model.labels), Console())
    except LiveStfError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
