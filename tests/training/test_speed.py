"""The speed of a training is measured beside ST-GCN."""

from __future__ import annotations

from pathlib import Path

import pytest

from live_stf.cli import train


def test_the_speed_of_both_networks_is_measured(recipe_file: Path, capsys: pytest.CaptureFixture) -> None:
    assert train.main([str(recipe_file), "--measure", "training.batch=2", "preparation.frames=8"]) == 0
    printed = capsys.readouterr().out
    assert "training steps of 2 windows of 3 x 8 x 18 x 1, 32-true, 1 threads" in printed
    assert "stf-net" in printed
    assert "st-gcn" in printed
