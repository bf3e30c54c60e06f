"""Optimizers and learning rate schedules by the names that recipes use."""

from __future__ import annotations

import math
from collections.abc import Iterable

from torch import nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

from live_stf.errors import DataError
from live_stf.training.recipe import TrainingRecipe

OPTIMIZERS = ("adamw", "sgd")
SCHEDULES = ("one-cycle", "cosine", "milestones")


def build_optimizer(parameters: Iterable[nn.Parameter], settings: TrainingRecipe) -> Optimizer:
    """The recipe's optimizer. DataError when it is not known."""
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimizer == "adamw":
        return AdamW(parameters, rate, weight_decay=decay)
    if settings.optimizer == "sgd":
        return SGD(parameters, rate, settings.momentum, weight_decay=decay, nesterov=settings.nesterov)
    raise DataError(f"optimizer {settings.optimizer!r} is not known, it can be one of {', '.join(OPTIMIZERS)}")


def rate_factor(settings: TrainingRecipe, epoch: float) -> float:
    """Share of the highest learning rate at `epoch` (whole epochs and the part of one that is done).

    It rises evenly over warm_up_epochs. "cosine" then falls to zero at the last epoch as half a cosine; "milestones" is
    multiplied by gamma at every milestone.
    """
    risen = settings.warm_up_epochs
    if epoch < risen:
        return epoch / risen
    if settings.schedule == "milestones":
        return settings.gamma ** sum(epoch >= milestone for milestone in settings.milestones)
    return (1 + math.cos(math.pi * (epoch - risen) / max(settings.epochs - risen, 1))) / 2


def build_schedule(optimizer: Optimizer, settings: TrainingRecipe, steps: int) -> LRScheduler:
    """The recipe's schedule, advanced after each of `steps` steps. DataError when it is not known."""
    if settings.schedule not in SCHEDULES:
        raise DataError(f"schedule {settings.schedule!r} is not known, it can be one of {', '.join(SCHEDULES)}")
    if settings.schedule == "one-cycle":
        return OneCycleLR(optimizer, settings.learning_rate, total_steps=steps, pct_start=settings.warm_up)
    # A first step at rate zero would learn nothing: step n has the rate of its end.
    return LambdaLR(optimizer, lambda step: rate_factor(settings, (step + 1) * settings.epochs / steps))
