"""Learning rates of a real optimizer, step by step."""

from __future__ import annotations

import pytest
import torch

from live_stf.errors import DataError
from live_stf.training.optimizer import build_optimizer, build_schedule
from live_stf.training.settings import OptimizerSettings


def rates(settings: OptimizerSettings, steps: int, epochs: int = 1) -> list[float]:
    """The learning rate of every step."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = build_optimizer([weight], settings)
    schedule = build_schedule(optimizer, settings, epochs, steps)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def test_the_papers_schedule_lowers_the_rate_at_its_milestones() -> None:
    settings = OptimizerSettings(
        optimizer="sgd", schedule="milestones", learning_rate=0.1, milestones=[30, 40], gamma=0.1
    )
    found = rates(settings, steps=65 * 4, epochs=65)
    for epoch in range(65):
        expected = 0.1 if epoch < 30 else 0.01 if epoch < 40 else 0.001
        assert found[4 * epoch : 4 * epoch + 4] == pytest.approx([expected] * 4), epoch


def test_one_cycle_rises_for_its_share_of_the_steps() -> None:
    found = rates(OptimizerSettings(schedule="one-cycle", learning_rate=0.5, warm_up=0.25), steps=100)
    assert max(found) == pytest.approx(0.5)
    assert found.index(max(found)) == 24


def test_sgd_has_the_papers_settings() -> None:
    settings = OptimizerSettings(optimizer="sgd", learning_rate=0.1, weight_decay=1e-4)
    (group,) = build_optimizer([torch.nn.Parameter(torch.zeros(1))], settings).param_groups
    assert (group["momentum"], group["nesterov"], group["weight_decay"]) == (0.9, True, 1e-4)


@pytest.mark.parametrize("wrong", [{"optimizer": "newton"}, {"schedule": "weekly"}])
def test_an_unknown_name_is_refused_with_the_known_ones(wrong: dict) -> None:
    with pytest.raises(DataError, match=r"(newton|weekly).*choose one of"):
        rates(OptimizerSettings(**wrong), steps=4)
