"""Optimizers and learning rate schedules by the names that recipes use."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LRScheduler, MultiStepLR, OneCycleLR

from live_stf.errors import DataError
from live_stf.training.settings import OptimizerSettings

OPTIMIZERS = ("adamw", "sgd")
SCHEDULES = ("one-cycle", "milestones")


def build_optimizer(parameters: Iterable[nn.Parameter], settings: OptimizerSettings) -> Optimizer:
    """The recipe's optimizer. Raises DataError if it is not known."""
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimizer == "adamw":
        return AdamW(parameters, rate, weight_decay=decay)
    if settings.optimizer == "sgd":
        return SGD(parameters, rate, settings.momentum, weight_decay=decay, nesterov=settings.nesterov)
    raise DataError(f"optimizer {settings.optimizer!r} is not known; choose one of {', '.join(OPTIMIZERS)}")


def build_schedule(optimizer: Optimizer, settings: OptimizerSettings, epochs: int, steps: int) -> LRScheduler:
    """The recipe's schedule, advanced after each of `steps` steps in `epochs` epochs.

    Raises DataError if it is not known.
    """
    if settings.schedule == "one-cycle":
        return OneCycleLR(optimizer, settings.learning_rate, total_steps=steps, pct_start=settings.warm_up)
    if settings.schedule == "milestones":
        milestones = [round(milestone * steps / epochs) for milestone in settings.milestones]
        return MultiStepLR(optimizer, milestones, settings.gamma)
    raise DataError(f"schedule {settings.schedule!r} is not known; choose one of {', '.join(SCHEDULES)}")
