"""Accuracies of models alone and fused, compared with each other and with the paper's."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from live_stf.evaluation.fusion import check_alike, fuse, fuse_as_usual, fusion_name, fusions, training_weights
from live_stf.evaluation.paper import BENCHMARKS, benchmark_of
from live_stf.evaluation.report import Report, report_of
from live_stf.evaluation.scores import ModelScores
from live_stf.training.percentage import DIGITS, percent, percentage


@dataclass(frozen=True)
class Result:
    """One row of an evaluation. weights: stream -> weight. others: other ways to weight the same streams -> top-1.

    copied: number of windows of clips that are on the training side as well. new_top1: top-1 of the other windows; None
    if all are copies.
    """

    name: str
    weights: dict[str, float]
    report: Report
    others: dict[str, float]
    copied: int
    new_top1: float | None

    def as_dict(self) -> dict[str, Any]:
        """The result as results.json has it."""
        rounded = {stream: round(weight, 4) for stream, weight in self.weights.items()}
        others = {f"top1, {how}": round(value, DIGITS) for how, value in self.others.items()}
        new = {"copied_windows": self.copied, "top1, without copies": self.new_top1 and round(self.new_top1, DIGITS)}
        return {"weights": rounded, **others, **(new if self.copied else {}), **self.report.as_dict()}


def evaluate_streams(scores: Sequence[ModelScores], filmed: Collection[str] = ()) -> list[Result]:
    """The results of every model alone, and of the combinations that the paper fuses. filmed: as in `report_of`.

    Raises DataError if the models were not scored on the same windows.
    """
    check_alike(scores)
    by_stream = {one.stream: one for one in scores}
    return [
        _result([by_stream[stream] for stream in streams], filmed)
        for streams in fusions([one.stream for one in scores])
    ]


def _result(scores: Sequence[ModelScores], filmed: Collection[str]) -> Result:
    first, weights = scores[0], training_weights(scores)

    def report(fused: np.ndarray) -> Report:
        return report_of(fused, first.targets, first.sources, first.labels, filmed)

    others = {}
    if len(scores) > 1:
        equal = fuse(scores, np.full(len(scores), 1 / len(scores)))
        others = {"equal weights": report(equal).top1, "usual weights on logits": report(fuse_as_usual(scores)).top1}
    streams = [one.stream for one in scores]
    by_stream = dict(zip(streams, map(float, weights), strict=True))
    fused, new = fuse(scores, weights), ~first.copied
    new_top1 = float((fused.argmax(axis=1) == first.targets)[new].mean()) if new.any() else None
    copied = len(new) - int(new.sum())
    return Result(fusion_name(streams), by_stream, report(fused), others, copied, new_top1)


def show_results(results: Sequence[Result], console: Console) -> None:
    """Print one row for each model and fusion, then the weights of each fusion and the results of other weights."""
    table = Table("streams", "windows", "top-1", "top-5", "macro-F1")
    for result in results:
        report = result.report
        table.add_row(
            result.name,
            str(report.windows),
            percent(report.top1),
            percent(report.top5),
            f"{report.macro_f1:.3f}",
        )
    console.print(table)
    for result in results:
        if result.others:
            weights = ", ".join(f"{stream} {weight:.2f}" for stream, weight in result.weights.items())
            others = "; ".join(f"{how} {percent(value)}" for how, value in result.others.items())
            console.print(f"{result.name}: weights from the training side: {weights}. Top-1 with others: {others}")
    _show_copies(results, console)


def _show_copies(results: Sequence[Result], console: Console) -> None:
    first = results[0]
    if not first.copied:
        return
    warning = f"{first.copied} of the {first.report.windows} held-out windows are of clips that are trained on as well"
    without = ", ".join(f"{one.name} {percent(one.new_top1)}" for one in results if one.new_top1 is not None)
    console.print(f"{warning}, with identical joints. Top-1 without them: {without or 'nothing is left to measure on'}")


def show_paper(results: Sequence[Result], protocol: str | None, coordinates: str, console: Console) -> None:
    """Print the paper's accuracies beside ours, in percent, with the difference if both are of the same data set.

    protocol: the recipe's data.protocol; coordinates: of the models' preparation.
    """
    same = benchmark_of(protocol, coordinates)
    beside = same or BENCHMARKS["ntu60-xsub"]
    if same is None:
        console.print(
            f"The paper has no figures for this data set. Its figures for {beside.name} are shown beside ours, but the "
            "two cannot be compared."
        )
    table = Table("streams", "ours, top-1", "paper, top-1", "difference", "ours, top-5", "paper, top-5")
    for result in results:
        report = result.report
        paper = beside.rows.get(result.name, (np.nan, np.nan))
        difference = f"{100 * report.top1 - paper[0]:+.1f}" if same and not np.isnan(paper[0]) else "-"
        table.add_row(
            result.name,
            percentage(report.top1),
            _number(paper[0]),
            difference,
            percentage(report.top5),
            _number(paper[1]),
        )
    console.print(table)
    console.print(f"paper: {beside.name}, {beside.table}; - if there is nothing to compare")


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.1f}"
