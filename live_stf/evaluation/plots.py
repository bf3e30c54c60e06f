"""Figures, drawn without a display, in colours that colour-blind people can distinguish.

Figures are matplotlib's own, made without its global state, so any number can be drawn in any thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

# Okabe and Ito, "Color universal design" (2008).
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#666666"
COLOURS = "viridis"  # sequential; even in lightness, so that it survives a grey print
DPI = 150


def save_figure(figure: Figure, file: Path) -> None:
    """Write a figure as PNG; missing folders are created."""
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=DPI, format="png")


def _figure(width: float, height: float) -> Figure:
    """An empty figure of this size in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def plot_confusion(confusion: np.ndarray, labels: Sequence[str], title: str) -> Figure:
    """The confusion matrix (classes, classes) of counts, rows true, columns predicted; colour is the share of a row."""
    classes = len(labels)
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    side = min(3.5 + 0.32 * classes, 24)
    figure = _figure(side + 1, side)
    axes = figure.subplots()
    picture = axes.imshow(shares, cmap=COLOURS, vmin=0, vmax=1)
    size = 8 if classes <= 60 else 3
    axes.set_xticks(range(classes), labels, rotation=90, fontsize=size)
    axes.set_yticks(range(classes), labels, fontsize=size)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.set_title(title, fontsize=10)
    if classes <= 40:
        for row, column in np.argwhere(confusion > 0):
            dark = shares[row, column] < 0.5
            axes.text(
                column,
                row,
                str(confusion[row, column]),
                ha="center",
                va="center",
                fontsize=7,
                color="white" if dark else "black",
            )
    figure.colorbar(picture, ax=axes, label="share of the true class", shrink=0.8)
    return figure


def plot_classes(
    labels: Sequence[str], first: Sequence[float], second: Sequence[float], names: tuple[str, str]
) -> Figure:
    """Accuracy (0..1) of every class for two models (the paper's Fig. 4), the largest gain of the first on top."""
    order = np.argsort(np.asarray(first) - np.asarray(second), kind="stable")
    figure = _figure(7.5, 1.4 + 0.24 * len(labels))
    axes = figure.subplots()
    rows = np.arange(len(labels))
    a, b = 100 * np.asarray(first)[order], 100 * np.asarray(second)[order]
    axes.hlines(rows, np.minimum(a, b), np.maximum(a, b), color=np.where(a >= b, BLUE, ORANGE), alpha=0.5, linewidth=3)
    axes.scatter(b, rows, s=42, marker="s", color="white", edgecolor=ORANGE, linewidth=1.6, zorder=3, label=names[1])
    axes.scatter(a, rows, s=36, marker="o", color=BLUE, zorder=4, label=names[0])
    axes.set_yticks(rows, [labels[number] for number in order])
    axes.set_ylim(-0.7, len(labels) - 0.3)
    axes.set_xlabel("correct windows, %")
    _plain(axes, "x")
    figure.legend(*_reversed_legend(axes), loc="outside upper center", ncols=2, frameon=False)
    return figure


def _reversed_legend(axes: Axes) -> tuple[list, list]:
    handles, names = axes.get_legend_handles_labels()
    return handles[::-1], names[::-1]


def plot_similarity(
    actions: Mapping[str, Sequence[np.ndarray]],
    joints: Sequence[str],
    grains: Sequence[tuple[str, Sequence[str]]],
) -> Figure:
    """The similarity matrices of the MCF (the paper's Fig. 5): one row for each action, one column for each grain.

    actions: action -> per grain (V, U_i), rows sum to one. joints: V names. grains: (name, U_i names of parts).
    Every panel has its own scale from 0, because rows over few parts have larger values than rows over many.
    """
    widths = [max(len(parts), 5) for _, parts in grains]
    cell = 0.17
    figure = _figure(1.9 + cell * sum(widths) + 0.9 * len(grains), 1.9 + (cell * len(joints) + 0.35) * len(actions))
    panels = figure.subplots(len(actions), len(grains), squeeze=False, width_ratios=widths)
    for row, (action, matrices) in enumerate(actions.items()):
        for column, (matrix, (grain, parts)) in enumerate(zip(matrices, grains, strict=True)):
            axes = panels[row, column]
            picture = axes.imshow(matrix, cmap=COLOURS, aspect="auto", vmin=0, interpolation="nearest")
            last = row == len(actions) - 1
            axes.set_xticks(range(len(parts)), parts if last else [], rotation=90, fontsize=7)
            axes.set_yticks(range(len(joints)), joints if column == 0 else [], fontsize=7)
            axes.tick_params(length=0)
            if row == 0:
                axes.set_title(grain, fontsize=10)
            if column == 0:
                axes.set_ylabel(action, fontsize=10, fontweight="bold")
            beside = axes.inset_axes((1 + 0.06 / (cell * widths[column]), 0, 0.1 / (cell * widths[column]), 1))
            figure.colorbar(picture, cax=beside, ticks=MaxNLocator(4)).ax.tick_params(labelsize=6)
    figure.supxlabel("attended to: weight of the joint or part", fontsize=9)
    return figure


def plot_features(actions: Mapping[str, np.ndarray], joints: Sequence[str], span: float | None) -> Figure:
    """Output features (T', V) over time and joints (the paper's Fig. 6), one panel for each action.

    span: seconds of the window; None if clips are stretched to it. All panels have one scale.
    """
    smallest = min(float(features.min()) for features in actions.values())
    largest = max(float(features.max()) for features in actions.values())
    figure = _figure(7.5, 0.9 + (0.155 * len(joints) + 0.35) * len(actions))
    panels = figure.subplots(len(actions), 1, squeeze=False, sharex=True)[:, 0]
    for axes, (action, features) in zip(panels, actions.items(), strict=True):
        picture = axes.imshow(
            features.T,
            cmap=COLOURS,
            aspect="auto",
            vmin=smallest,
            vmax=largest,
            extent=(0, 100 if span is None else span, len(joints) - 0.5, -0.5),
            interpolation="nearest",
        )
        axes.set_yticks(range(len(joints)), joints, fontsize=7)
        axes.tick_params(axis="y", length=0)
        axes.set_title(action, fontsize=10, loc="left")
    panels[-1].set_xlabel("part of the clip, %" if span is None else "time in the window, s")
    figure.colorbar(picture, ax=list(panels), label="mean of the output channels", shrink=0.6)
    return figure


def plot_kernels(plain: Mapping[int, Sequence[float]], motion: Mapping[int, Sequence[float]], title: str) -> Figure:
    """Accuracy against the kernel of TDF without and with ME (the paper's Fig. 7).

    plain, motion: kernel -> accuracies (0..1) of its runs. The line goes through their means; each run is a small mark.
    """
    figure = _figure(5.5, 4)
    axes = figure.subplots()
    for runs, name, colour, marker in (
        (plain, "TDF", BLUE, "o"),
        (motion, "TDF with motion (ME)", ORANGE, "s"),
    ):
        kernels = sorted(runs)
        if not kernels:
            continue
        means = [100 * float(np.mean(runs[kernel])) for kernel in kernels]
        axes.plot(kernels, means, color=colour, marker=marker, markersize=8, label=name)
        if any(len(values) > 1 for values in runs.values()):
            at = [kernel for kernel in kernels for _ in runs[kernel]]
            values = [100 * value for kernel in kernels for value in runs[kernel]]
            axes.scatter(at, values, s=14, color=colour, marker=marker, alpha=0.5)
    axes.set_xticks(sorted({*plain, *motion}))
    axes.set_xlabel("kernel of the convolutions in TDF, frames")
    axes.set_ylabel("top-1, %")
    axes.set_title(title, fontsize=10)
    axes.legend(frameon=False)
    _plain(axes, "y")
    return figure


def _plain(axes: Axes, grid: Literal["x", "y"]) -> None:
    axes.grid(axis=grid, color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(colors=GREY, labelcolor="black")
