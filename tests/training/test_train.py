"""Real trainings on a small data set, through the commands that a user calls."""

from __future__ import annotations

import dataclasses
import shlex
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from live_stf.cli import evaluate, train
from live_stf.engine import open_engine
from live_stf.engine.conversion import stale
from live_stf.model import load_model
from live_stf.training.percentage import percent
from live_stf.training.recipe import load_recipe


def test_a_training_writes_a_model_that_has_learned_and_its_measurements(trained: tuple[Path, str]) -> None:
    output, printed = trained
    model = load_model(output / "model")
    assert model.measured["windows"] == 24
    assert model.measured["top1"] > 0.6  # chance is 0.33
    assert percent(model.measured["top1"]) in printed
    assert model.training["data"]["made"] == {
        "terms": "made by a test", "clips": 24, "held_out_clips": 12, "held_out_subjects": ["p3"]
    }  # fmt: skip
    assert "made by a test" in (model.folder / "README.md").read_text()
    assert open_engine(model, "torch").run(np.zeros((1, *model.preparation.shape), np.float32))[0].shape == (1, 3)
    assert stale(model) == ""  # the network is converted, so the model runs without torch
    assert model.weights.stat().st_mode == (model.folder / "README.md").stat().st_mode  # readable by the same users


def test_the_recorded_command_can_be_run_in_a_shell(
    recipe_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = []
    monkeypatch.setattr(train, "train", lambda recipe, console, command: kept.append((recipe.name, command)))
    changes = ["augmentation=[random turn,random mirror]", "training.seed=3"]
    assert train.main([str(recipe_file), f"output={tmp_path}", *changes]) == 0
    ((name, command),) = kept
    assert shlex.split(command) == ["python", "-m", "live_stf.train", name, *changes]


def test_the_evaluation_program_prints_the_same_figures(
    trained: tuple[Path, str], recipe_file: Path, capsys: pytest.CaptureFixture
) -> None:
    model = load_model(trained[0] / "model")
    assert evaluate.main([str(model.folder), str(recipe_file), "--engine", "torch"]) == 0
    printed = capsys.readouterr().out
    assert f"top-1 {percent(model.measured['top1'])}" in printed
    assert f"macro-F1 {model.measured['macro_f1']:.3f}" in printed


def test_the_evaluation_program_writes_the_figures_into_the_model(
    trained: tuple[Path, str], recipe_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = Path(shutil.copytree(trained[0] / "model", tmp_path / "model"))
    measured = load_model(folder).measured
    near = {"virtual cameras, upper body only"}  # all of the recipe's windows are of one kind
    assert set(measured["per_kind"]) == near
    stripped = dataclasses.replace(load_model(folder), measured={"live": "kept"})
    stripped.save_description()
    assert evaluate.main([str(folder), str(recipe_file), "--engine", "torch", "--write"]) == 0
    assert load_model(folder).measured == {**measured, "live": "kept"}
    (row,) = [line for line in (folder / "README.md").read_text().splitlines() if "upper body only" in line]
    assert f"| {percent(measured['per_kind'][near.pop()]['top1'])} |" in row
    capsys.readouterr()
    with pytest.raises(SystemExit):
        evaluate.main([str(folder), str(recipe_file), "--write", "--paper"])
    assert "--write takes one model" in capsys.readouterr().err
    dataclasses.replace(load_model(folder), training={}).save_description()
    assert evaluate.main([str(folder), str(recipe_file), "--engine", "torch", "--write"]) == 2
    assert "does not say what the model was trained on" in capsys.readouterr().err


def test_a_model_describes_its_training_before_it_is_measured(
    trained: tuple[Path, str], recipe_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = Path(shutil.copytree(trained[0], tmp_path / "output"))
    whole = load_model(output / "model").training
    shutil.rmtree(output / "model")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "measure", interrupted)
    assert train.main([str(recipe_file), f"output={output}"]) == 130
    assert load_model(output / "model").training["data"] == whole["data"]


def test_learning_curves_are_written_for_tensorboard_and_as_a_table(
    trained: tuple[Path, str], recipe_file: Path
) -> None:
    output, _ = trained
    epochs = load_recipe(recipe_file).training.epochs
    (table,) = output.glob("log/version_0/metrics.csv")
    head, *rows = table.read_text().splitlines()
    assert {"epoch", "loss", "train_top1", "top1", "macro_f1"} <= set(head.split(","))
    assert len(rows) >= epochs
    reader = EventAccumulator(str(output / "tensorboard")).Reload()
    assert {"loss", "train_top1", "top1"} <= set(reader.Tags()["scalars"])
    assert len(reader.Scalars("loss")) == epochs


@pytest.mark.parametrize("program", [train, evaluate])
def test_an_unknown_recipe_is_reported_in_one_line_with_exit_status_2(
    program: ModuleType, capfd: pytest.CaptureFixture
) -> None:
    before = ["nothing"] if program is evaluate else []
    assert program.main([*before, "dinner"]) == 2
    error = capfd.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1


def test_missing_data_is_reported_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    changes = [f"data.root={tmp_path}", f"data.store={tmp_path / 'store'}"]
    assert train.main(["everyday", *changes]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert str(tmp_path) in error
    assert load_recipe("everyday", changes).data.root == str(tmp_path)
