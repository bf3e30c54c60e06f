"""Learning rates as a real optimizer has them, step by step."""

from __future__ import annotations

import pytest
import torch

from live_stf.errors import DataError
from live_stf.training.optimizer import build_optimizer, build_schedule
from live_stf.training.recipe import TrainingRecipe


def rates(settings: TrainingRecipe, steps: int) -> list[float]:
    """The learning rate of every step."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = build_optimizer([weight], settings)
    schedule = build_schedule(optimizer, settings, steps)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def test_the_papers_schedule_falls_at_its_milestones() -> None:
    settings = TrainingRecipe(
        optimizer="sgd", schedule="milestones", learning_rate=0.1, epochs=65, milestones=[30, 40], gamma=0.1
    )
    found = rates(settings, steps=65 * 4)
    # The first step of an epoch is after the end of the one before.
    by_epoch = [found[4 * epoch : 4 * epoch + 3] for epoch in range(65)]
    for epoch, values in enumerate(by_epoch):
        expected = 0.1 if epoch < 30 else 0.01 if epoch < 40 else 0.001
        assert values == pytest.approx([expected] * 3), epoch


def test_a_warm_up_rises_evenly_and_a_cosine_ends_at_zero() -> None:
    settings = TrainingRecipe(schedule="cosine", learning_rate=0.8, epochs=10, warm_up_epochs=2)
    found = rates(settings, steps=40)
    assert found[:8] == pytest.approx([0.1 * step for step in range(1, 9)])
    assert found[8:] == sorted(found[8:], reverse=True)
    assert found[23] == pytest.approx(0.4)
    assert found[-1] == pytest.approx(0, abs=1e-9)


def test_one_cycle_rises_for_its_share_of_the_steps() -> None:
    found = rates(TrainingRecipe(schedule="one-cycle", learning_rate=0.5, warm_up=0.25), steps=100)
    assert max(found) == pytest.approx(0.5)
    assert found.index(max(found)) == 24


def test_sgd_is_the_papers() -> None:
    settings = TrainingRecipe(optimizer="sgd", learning_rate=0.1, weight_decay=1e-4)
    (group,) = build_optimizer([torch.nn.Parameter(torch.zeros(1))], settings).param_groups
    assert (group["momentum"], group["nesterov"], group["weight_decay"]) == (0.9, True, 1e-4)


@pytest.mark.parametrize("wrong", [{"optimizer": "newton"}, {"schedule": "weekly"}])
def test_what_is_not_known_is_refused_with_what_is(wrong: dict) -> None:
    with pytest.raises(DataError, match=r"(newton|weekly).*can be one of"):
        rates(TrainingRecipe(**wrong), steps=4)
