"""Several processes learn together."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file

from live_stf.cli import train
from live_stf.errors import DataError
from live_stf.model import load_model
from live_stf.training.learner import Classification
from live_stf.training.processes import Processes
from live_stf.training.recipe import load_recipe


def test_two_processes_learn_the_same_weights_as_one(recipe_file: Path, tmp_path: Path) -> None:
    # In fp64 and with SGD: AdamW would turn a rounding error into a step of the full learning rate.
    changes = [
        "training.epochs=2", "training.samples=32", "training.validate_every=2", "training.optimizer=sgd",
        "training.learning_rate=0.01", "training.schedule=milestones", "training.precision=64-true",
    ]  # fmt: skip
    alone = train.train(load_recipe(recipe_file, [*changes, f"output={tmp_path / 'one'}"]), Console(quiet=True))
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "live_stf.train",
        str(recipe_file), *changes, f"output={tmp_path / 'two'}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("model: ") == 1
    together = load_model(tmp_path / "two" / "model")
    assert together.training["processes"] == 2
    a, b = load_file(alone.weights), load_file(together.weights)
    torch.manual_seed(load_recipe(recipe_file).training.seed)
    start = Classification(load_recipe(recipe_file)).network.state_dict()
    for name in a:
        torch.testing.assert_close(a[name], b[name], rtol=1e-6, atol=1e-8)
    assert max(float((a[name] - start[name]).abs().max()) for name in a if name.endswith("weight")) > 0.01


def test_a_batch_that_processes_cannot_share_evenly_is_refused() -> None:
    processes = Processes(count=4, local=2, rank=3)
    assert (processes.share(12), processes.machines, processes.first) == (3, 2, False)
    with pytest.raises(DataError, match=r"training\.batch is 6, which 4 processes cannot share evenly"):
        processes.share(6)
