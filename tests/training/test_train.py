"""Real trainings on a small data set, through the programs that a user calls."""

from __future__ import annotations

import copy
import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file

from live_stf import evaluate, train
from live_stf.engine import open_engine
from live_stf.model import load_model
from live_stf.recipe import Recipe, load_recipe


@pytest.fixture(scope="module")
def trained(recipe_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The output folder of a training from the command line, and what it printed."""
    output = tmp_path_factory.mktemp("trained") / "run"
    command = [sys.executable, "-m", "live_stf.train", str(recipe_file), f"output={output}", "training.epochs=6"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return output, done.stdout


def test_a_training_writes_a_model_that_learned_and_says_what_was_measured(trained: tuple[Path, str]) -> None:
    output, said = trained
    model = load_model(output / "model")
    assert model.measured["windows"] == 24
    assert model.measured["top1"] > 0.6  # chance is 0.33
    assert f"{model.measured['top1']:.1%}" in said
    assert model.training["data"]["made"] == {
        "terms": "made by a test", "clips": 24, "held_out_clips": 12, "held_out_subjects": ["p3"]
    }  # fmt: skip
    assert "made by a test" in (model.folder / "README.md").read_text()
    assert open_engine(model, "torch").run(np.zeros((1, 3, 24, 18, 1), np.float32))[0].shape == (1, 3)


def test_the_evaluation_program_prints_the_same_figures(
    trained: tuple[Path, str], recipe_file: Path, capsys: pytest.CaptureFixture
) -> None:
    model = load_model(trained[0] / "model")
    assert evaluate.main([str(model.folder), str(recipe_file), "--engine", "torch"]) == 0
    said = capsys.readouterr().out
    assert f"top-1 {model.measured['top1']:.1%}" in said
    assert f"macro-F1 {model.measured['macro_f1']:.3f}" in said


def test_an_interrupted_training_goes_on_to_the_same_weights(recipe: Recipe, tmp_path: Path) -> None:
    quiet = Console(quiet=True)
    recipe.training.threads = 1
    whole = train.train(recipe, quiet)

    class Stop(Exception):
        pass

    interrupted = copy.deepcopy(recipe)
    interrupted.output = str(tmp_path / "interrupted")
    original = train.Classification.training_step

    def step(self: train.Classification, batch: tuple, number: int) -> torch.Tensor:
        if self.current_epoch == 2 and number == 3:
            raise Stop
        return original(self, batch, number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train.Classification, "training_step", step)
        with pytest.raises(Stop):
            train.train(interrupted, quiet)
    said = io.StringIO()
    resumed = train.train(interrupted, Console(file=said, width=1000))
    assert "going on from" in said.getvalue()
    a, b = load_file(whole.weights), load_file(resumed.weights)
    for name in a:
        torch.testing.assert_close(a[name], b[name], rtol=0, atol=0)
    assert json.dumps(whole.measured) == json.dumps(resumed.measured)


def test_ctrl_c_keeps_the_last_epoch_and_says_how_to_go_on(recipe_file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "live_stf.train", str(recipe_file), f"output={tmp_path}", "training.epochs=1000"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    checkpoint = tmp_path / "checkpoints" / "last.ckpt"
    while running.poll() is None and not checkpoint.is_file():
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert said.splitlines()[-1] == "stopped; the same command goes on from the last checkpoint"
    assert "Traceback" not in said
    assert checkpoint.is_file()


@pytest.mark.parametrize("program", ["live_stf.train", "live_stf.evaluate"])
def test_a_wrong_recipe_is_one_line_and_exit_2(program: str) -> None:
    before = ["nothing"] if program.endswith("evaluate") else []
    done = subprocess.run(
        [sys.executable, "-m", program, *before, "dinner"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_data_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    changes = [f"data.root={tmp_path}", f"data.store={tmp_path / 'store'}"]
    assert train.main(["everyday", *changes]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert str(tmp_path) in error
    assert load_recipe("everyday", changes).data.root == str(tmp_path)
