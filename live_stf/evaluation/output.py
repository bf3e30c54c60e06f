"""The files of an evaluation: JSON, CSV and PNG."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from live_stf.errors import DataError
from live_stf.evaluation.plots import plot_confusion, save_figure
from live_stf.evaluation.results import Result
from live_stf.evaluation.scores import ModelScores
from live_stf.runtime.machine import describe_machine
from live_stf.training.percentage import percent
from live_stf.training.recipe import Recipe


def write_results(folder: Path, results: Sequence[Result], scores: Sequence[ModelScores], recipe: Recipe) -> None:
    """Write results.json, classes.csv, and the confusion matrix of every result as CSV and PNG.

    Raises DataError if the folder cannot be written to.
    """
    labels = scores[0].labels
    try:
        folder.mkdir(parents=True, exist_ok=True)
        content = {
            "recipe": recipe.name,
            "protocol": recipe.data.protocol,
            "machine": describe_machine(),
            "models": [
                {"name": one.model, "stream": one.stream, "hash": one.model_hash, "engine": one.engine}
                for one in scores
            ],
            "training_windows": len(scores[0].training_targets),
            "results": {result.name: result.as_dict() for result in results},
        }
        text = json.dumps(content, indent=2, ensure_ascii=False)
        (folder / "results.json").write_text(text + "\n", encoding="utf-8")
        _write_classes(folder / "classes.csv", results)
        for result in results:
            _write_rows(
                folder / f"confusion-{result.name}.csv",
                ["done \\ said", *labels],
                ([label, *map(int, row)] for label, row in zip(labels, result.report.confusion, strict=True)),
            )
            title = f"{recipe.name}, {result.name}: {percent(result.report.top1)} of {result.report.windows} windows"
            save_figure(plot_confusion(result.report.confusion, labels, title), folder / f"confusion-{result.name}.png")
    except OSError as problem:
        raise DataError(f"{folder} cannot be written to: {problem}") from problem


def _write_classes(file: Path, results: Sequence[Result]) -> None:
    """One row for each class: the number of its windows, and the share that each result classifies correctly."""
    per_class = [result.report.per_class for result in results]
    _write_rows(
        file,
        ["class", "windows", *(result.name for result in results)],
        (
            [label, windows, *(f"{one[label][1]:.4f}" for one in per_class)]
            for label, (windows, _) in per_class[0].items()
        ),
    )


def _write_rows(file: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(head)
        writer.writerows(rows)
