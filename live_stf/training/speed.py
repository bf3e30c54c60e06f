"""Training speed in windows a second, measured in the training loop itself."""

from __future__ import annotations

import dataclasses
import time
from statistics import median

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from rich.console import Console
from rich.table import Table
from torch.utils.data import DataLoader, TensorDataset

from live_stf.runtime.machine import describe_machine
from live_stf.training.learner import Classification
from live_stf.training.precision import choose_precision
from live_stf.training.recipe import Recipe

BASELINE = "st-gcn"
_WARM_UP, _STEPS, _ROUNDS = 2, 6, 3
_CLASSES = 60  # for recipes that take their labels from the data


class _StepTimes(Callback):
    """Seconds of every step, from the batch in memory to the changed weights."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_train_batch_start(self, *_: object) -> None:
        self._begin = time.perf_counter()

    def on_train_batch_end(self, *_: object) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.seconds.append(time.perf_counter() - self._begin)


def _step_seconds(recipe: Recipe) -> list[float]:
    """Seconds of a few training steps on random windows of the recipe's shape, after a warm-up."""
    batch, steps = recipe.training.batch, _WARM_UP + _STEPS
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(batch, *recipe.preparation.shape, generator=generator)
    target = torch.randint(len(recipe.labels), (batch,), generator=generator)
    times = _StepTimes()
    trainer = lightning.Trainer(
        max_steps=steps,
        accelerator="auto",
        devices=1,
        precision=choose_precision(recipe.training.precision),
        callbacks=[times],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=0,
        gradient_clip_val=recipe.training.gradient_clip,
    )
    windows = TensorDataset(x.repeat(steps, 1, 1, 1, 1), target.repeat(steps))
    trainer.fit(Classification(recipe), DataLoader(windows, batch))
    return times.seconds[_WARM_UP:]


def measure_speed(recipe: Recipe, console: Console) -> dict[str, float]:
    """Measure and print windows a second of the recipe's network and ST-GCN, in turns so that load affects both."""
    torch.set_num_threads(recipe.training.threads)
    baseline = {"architecture": BASELINE, "skeleton": recipe.network["skeleton"]}
    networks = {BASELINE: baseline, str(recipe.network["architecture"]): recipe.network}
    labels = recipe.labels or [str(number) for number in range(_CLASSES)]
    seconds: dict[str, list[float]] = {name: [] for name in networks}
    for _ in range(_ROUNDS):
        for name, network in networks.items():
            seconds[name] += _step_seconds(dataclasses.replace(recipe, network=dict(network), labels=labels))
    speed = {name: recipe.training.batch / median(values) for name, values in seconds.items()}
    channels, frames, joints, bodies = recipe.preparation.shape
    console.print(
        f"training steps of {recipe.training.batch} windows of {channels} x {frames} x {joints} x {bodies}, "
        f"{choose_precision(recipe.training.precision)}, {recipe.training.threads} threads, {describe_machine()}"
    )
    table = Table("network", "windows/s", "median of steps", f"times {BASELINE}")
    for name, value in speed.items():
        table.add_row(name, f"{value:.1f}", str(len(seconds[name])), f"{value / speed[BASELINE]:.2f}")
    console.print(table)
    return speed
