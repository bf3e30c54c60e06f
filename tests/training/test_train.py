"""Real trainings on a small data set, through the programs that a user calls."""

from __future__ import annotations

import dataclasses
import io
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from rich.console import Console
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.data import Dataset

from live_stf.cli import evaluate, train
from live_stf.data.store import Store
from live_stf.engine import open_engine
from live_stf.errors import DataError
from live_stf.model import load_model
from live_stf.training import loading
from live_stf.training.checkpoint import steps_learned
from live_stf.training.learner import Classification
from live_stf.training.precision import choose_precision
from live_stf.training.processes import Processes
from live_stf.training.progress import Checkpoint, Progress
from live_stf.training.recipe import Recipe, load_recipe
from live_stf.training.samples import training_windows
from live_stf.training.selection import Selected

EPOCHS = 5
LENGTH = f"training.epochs={EPOCHS}"


@pytest.fixture(scope="module")
def trained(recipe_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The output folder of a training from the command line, and what it printed."""
    output = tmp_path_factory.mktemp("trained") / "run"
    command = [sys.executable, "-m", "live_stf.train", str(recipe_file), f"output={output}", LENGTH]
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
    assert open_engine(model, "torch").run(np.zeros((1, *model.preparation.shape), np.float32))[0].shape == (1, 3)
    assert model.weights.stat().st_mode == (model.folder / "README.md").stat().st_mode  # whoever reads one, the other


def test_the_command_that_is_kept_can_be_given_to_a_shell(
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
    said = capsys.readouterr().out
    assert f"top-1 {model.measured['top1']:.1%}" in said
    assert f"macro-F1 {model.measured['macro_f1']:.3f}" in said


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
    assert f"| {measured['per_kind'][near.pop()]['top1']:.1%} |" in row
    capsys.readouterr()
    with pytest.raises(SystemExit):
        evaluate.main([str(folder), str(recipe_file), "--write", "--paper"])
    assert "--write is of one model" in capsys.readouterr().err
    dataclasses.replace(load_model(folder), training={}).save_description()
    assert evaluate.main([str(folder), str(recipe_file), "--engine", "torch", "--write"]) == 2
    assert "does not say what the model was trained on" in capsys.readouterr().err


def test_a_model_says_what_it_was_trained_on_before_it_is_measured(
    trained: tuple[Path, str], recipe_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = Path(shutil.copytree(trained[0], tmp_path / "output"))
    whole = load_model(output / "model").training
    shutil.rmtree(output / "model")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "measure", interrupted)
    assert train.main([str(recipe_file), f"output={output}", LENGTH]) == 130
    assert load_model(output / "model").training["data"] == whole["data"]


def test_a_training_that_was_killed_goes_on_to_the_same_weights(
    trained: tuple[Path, str], recipe_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    arguments = [str(recipe_file), f"output={tmp_path}", LENGTH]
    command = [sys.executable, "-m", "live_stf.train", *arguments]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    checkpoint = tmp_path / "checkpoints" / "last.ckpt"
    while running.poll() is None and not checkpoint.is_file():
        time.sleep(0.02)
    time.sleep(0.1)  # into the next epoch
    running.kill()
    assert running.wait() == -signal.SIGKILL
    done = torch.load(checkpoint, weights_only=True)["epoch"] + 1
    assert 1 <= done < EPOCHS
    assert train.main(arguments) == 0
    assert "continuing from" in capsys.readouterr().out
    models = [load_model(folder / "model") for folder in (trained[0], tmp_path)]
    uninterrupted, other = (load_file(model.weights) for model in models)
    for name in uninterrupted:
        torch.testing.assert_close(uninterrupted[name], other[name], rtol=0, atol=0)
    assert models[0].measured == models[1].measured


def _cut(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


def _overwritten(whole: bytes) -> bytes:
    """One byte of the weights is another; torch alone would not see it."""
    return whole[: len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 1]) + whole[len(whole) // 2 + 1 :]


class _Trap:
    """What runs code where it is unpickled without care."""

    def __reduce__(self) -> tuple:
        return print, ("trap",)


def _of_something_else(_: bytes) -> bytes:
    file = io.BytesIO()
    torch.save({"state_dict": {}, "epoch": _Trap()}, file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (_cut, "is cut off or overwritten"),
        (_overwritten, "is cut off or overwritten"),
        (lambda _: b"garbage" * 1000, "is cut off or overwritten"),
        (lambda _: b"", "is empty"),
        (_of_something_else, "is no checkpoint of a training"),
    ],
)
def test_without_a_whole_checkpoint_one_line_says_what_to_do(
    damage: Callable[[bytes], bytes],
    complaint: str,
    trained: tuple[Path, str],
    recipe_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    last = tmp_path / "checkpoints" / "last.ckpt"
    last.parent.mkdir()
    damaged = damage((trained[0] / "checkpoints" / "last.ckpt").read_bytes())
    last.write_bytes(damaged)
    assert train.main([str(recipe_file), f"output={tmp_path}", LENGTH]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"error: {last} {complaint}, and no other checkpoint beside it is whole: ")
    assert f"remove {last.parent} to start again" in said.err
    assert said.err.count("\n") == 1
    assert "trap" not in said.out.split()
    assert last.read_bytes() == damaged  # it is the user's to remove


def test_where_the_last_checkpoint_is_damaged_the_newest_whole_one_leads_to_the_same_weights(
    trained: tuple[Path, str],
    recipe_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    command = [str(recipe_file), f"output={tmp_path}", LENGTH]

    def interrupted(store: Store, selected: list[Selected], recipe: Recipe, epoch: int) -> Dataset:
        if epoch == 2:
            raise KeyboardInterrupt
        return training_windows(store, selected, recipe, epoch)

    with monkeypatch.context() as patched:
        patched.setattr(loading, "training_windows", interrupted)
        assert train.main(command) == 130
    last, other = sorted((tmp_path / "checkpoints").iterdir(), key=lambda path: path.name != "last.ckpt")
    last.write_bytes(_cut(last.read_bytes()))
    capsys.readouterr()
    assert train.main(command) == 0
    assert f"continuing from {other}: {last} is cut off or overwritten\n" in capsys.readouterr().out
    weights = [load_file(load_model(folder / "model").weights) for folder in (trained[0], tmp_path)]
    for name in weights[0]:
        torch.testing.assert_close(weights[0][name], weights[1][name], rtol=0, atol=0)
    # And the next time there is a whole last one again, in its own place.
    assert Progress(tmp_path).last() == Checkpoint(last)
    assert steps_learned(last) == steps_learned(trained[0] / "checkpoints" / "last.ckpt")


def test_of_other_checkpoints_the_one_that_learned_longest_is_taken(trained: tuple[Path, str], tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    assert progress.last() is None
    progress.checkpoints.mkdir()
    content = torch.load(trained[0] / "checkpoints" / "last.ckpt", weights_only=True)
    for name, steps in (("b", 16), ("c", 24), ("a", 8)):
        torch.save({**content, "global_step": steps}, progress.checkpoints / f"{name}.ckpt")
    (progress.checkpoints / "d.ckpt").write_bytes(b"garbage")
    last = progress.checkpoints / "last.ckpt"
    assert progress.last() == Checkpoint(progress.checkpoints / "c.ckpt", f"{last} is missing")
    shutil.copy(progress.checkpoints / "a.ckpt", last)
    assert progress.last() == Checkpoint(last)


def test_two_processes_learn_what_one_does(recipe_file: Path, tmp_path: Path) -> None:
    # In fp64, and by plain descent: AdamW would make a step of its whole learning rate out of a rounding error.
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


def test_curves_are_there_for_tensorboard_and_as_a_table(trained: tuple[Path, str]) -> None:
    output, _ = trained
    (table,) = output.glob("log/version_0/metrics.csv")
    head, *rows = table.read_text().splitlines()
    assert {"epoch", "loss", "train_top1", "top1", "macro_f1"} <= set(head.split(","))
    assert len(rows) >= EPOCHS
    reader = EventAccumulator(str(output / "tensorboard")).Reload()
    assert {"loss", "train_top1", "top1"} <= set(reader.Tags()["scalars"])
    assert len(reader.Scalars("loss")) == EPOCHS


def test_a_training_by_another_recipe_is_not_gone_on_with(trained: tuple[Path, str], recipe_file: Path) -> None:
    output = trained[0]
    Progress(output).begin(load_recipe(recipe_file, [LENGTH, "training.threads=2", "output=elsewhere"]))
    changed = load_recipe(recipe_file, [LENGTH, "training.learning_rate=1", "network.tdf=false"])
    with pytest.raises(DataError, match=r"network\.tdf, training\.learning_rate was different"):
        Progress(output).begin(changed)


def test_a_training_from_before_an_option_came_up_is_gone_on_with(
    trained: tuple[Path, str], recipe_file: Path, tmp_path: Path
) -> None:
    kept = OmegaConf.load(trained[0] / "recipe.yaml")
    del kept.training.label_smoothing, kept.augmentation
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").touch()
    OmegaConf.save(kept, tmp_path / "recipe.yaml")
    with pytest.raises(DataError, match=r"in which training\.label_smoothing was different"):
        Progress(tmp_path).begin(load_recipe(recipe_file, [LENGTH, "training.label_smoothing=0.3"]))
    Progress(tmp_path).begin(load_recipe(recipe_file, [LENGTH]))

    OmegaConf.save(OmegaConf.merge(kept, {"training": {"no_more": 1}}), tmp_path / "recipe.yaml")
    with pytest.raises(DataError, match=r"training\.no_more was different"):
        Progress(tmp_path).begin(load_recipe(recipe_file, [LENGTH]))


def test_a_batch_is_shared_out_evenly_or_refused() -> None:
    processes = Processes(count=4, local=2, rank=3)
    assert (processes.share(12), processes.machines, processes.first) == (3, 2, False)
    with pytest.raises(DataError, match=r"training\.batch is 6, which 4 processes cannot share evenly"):
        processes.share(6)


@pytest.mark.parametrize(("wanted", "complaint"), [("8-mixed", "one of auto, 32-true"), ("16-mixed", "needs a GPU")])
def test_a_precision_that_cannot_be_is_refused(wanted: str, complaint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DataError, match=complaint):
        choose_precision(wanted)


def test_the_precision_is_chosen_by_what_the_processor_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    flags = Path("/proc/cpuinfo").read_text().split() if Path("/proc/cpuinfo").is_file() else []
    expected = "bf16-mixed" if {"avx512_bf16", "amx_tile"} & set(flags) else "32-true"
    assert choose_precision("auto") == expected
    assert choose_precision("bf16-mixed") == "bf16-mixed"


def test_the_speed_of_both_networks_is_measured(recipe_file: Path, capsys: pytest.CaptureFixture) -> None:
    assert train.main([str(recipe_file), "--measure", "training.batch=2", "preparation.frames=8"]) == 0
    said = capsys.readouterr().out
    assert "training steps of 2 windows of 3 x 8 x 18 x 1, 32-true, 1 threads" in said
    assert "stf-net" in said
    assert "st-gcn" in said


def test_ctrl_c_keeps_the_last_epoch_and_says_how_to_go_on(recipe_file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "live_stf.train", str(recipe_file), f"output={tmp_path}", "training.epochs=1000"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    checkpoint = tmp_path / "checkpoints" / "last.ckpt"
    while running.poll() is None and not checkpoint.is_file():
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert said.splitlines()[-1] == "stopped; the same command continues from the last checkpoint"
    assert "Traceback" not in said
    assert checkpoint.is_file()


# A training in which Ctrl-C is pressed in the third step, in a finalizer.
INTERRUPTED_IN_A_FINALIZER = """
import os, signal, sys, time
from live_stf.cli import train
from live_stf.training.learner import Classification

class Finalized:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)  # the signal is handled in here

steps, step = [], Classification.training_step

def finalizing(learner, batch, number):
    steps.append(number)
    if len(steps) == 3:
        Finalized()
    return step(learner, batch, number)

Classification.training_step = finalizing
before = signal.getsignal(signal.SIGINT)
status = train.main(sys.argv[1:])
print(f"\\n{len(steps)} {signal.getsignal(signal.SIGINT) is before}")
sys.exit(status)
"""


def test_ctrl_c_is_heard_where_python_ignores_exceptions(recipe_file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", INTERRUPTED_IN_A_FINALIZER, str(recipe_file), f"output={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 130, done.stderr
    assert "3 True" in done.stdout.splitlines()
    assert done.stderr.splitlines()[-1] == "stopped; the same command continues from the last checkpoint"


@pytest.mark.parametrize("program", [train, evaluate])
def test_a_wrong_recipe_is_one_line_and_exit_2(program: ModuleType, capfd: pytest.CaptureFixture) -> None:
    before = ["nothing"] if program is evaluate else []
    assert program.main([*before, "dinner"]) == 2
    error = capfd.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1


def test_data_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    changes = [f"data.root={tmp_path}", f"data.store={tmp_path / 'store'}"]
    assert train.main(["everyday", *changes]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert str(tmp_path) in error
    assert load_recipe("everyday", changes).data.root == str(tmp_path)
