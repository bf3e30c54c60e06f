"""A training that was interrupted continues from its newest whole checkpoint."""

from __future__ import annotations

import io
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf
from safetensors.torch import load_file
from torch.utils.data import Dataset

from live_stf.cli import train
from live_stf.data.store import Store
from live_stf.errors import DataError
from live_stf.model import load_model
from live_stf.training import loading
from live_stf.training.checkpoint import steps_learned
from live_stf.training.progress import Checkpoint, Progress
from live_stf.training.recipe import Recipe, load_recipe
from live_stf.training.samples import training_windows
from live_stf.training.selection import Selected

# A training that is killed in the second step of its second epoch.
KILLED = """
import os, signal, sys
from live_stf.cli import train
from live_stf.training.learner import Classification

step = Classification.training_step

def killing(learner, batch, number):
    if (learner.current_epoch, number) == (1, 1):
        os.kill(os.getpid(), signal.SIGKILL)
    return step(learner, batch, number)

Classification.training_step = killing
train.main(sys.argv[1:])
"""


def test_a_training_that_was_killed_continues_to_the_same_weights(
    trained: tuple[Path, str], recipe_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    arguments = [str(recipe_file), f"output={tmp_path}"]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)["epoch"] == 0
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
    """Change one byte of the weights; torch alone would not notice it."""
    return whole[: len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 1]) + whole[len(whole) // 2 + 1 :]


class _Trap:
    """Runs code if it is unpickled without care."""

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
        (_of_something_else, "is not a checkpoint of a training"),
    ],
)
def test_if_no_checkpoint_is_whole_one_line_says_what_to_do(
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
    assert train.main([str(recipe_file), f"output={tmp_path}"]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(f"error: {last} {complaint}, and no other checkpoint beside it is whole: ")
    assert f"remove {last.parent} to start again" in printed.err
    assert printed.err.count("\n") == 1
    assert "trap" not in printed.out.split()
    assert last.read_bytes() == damaged  # only the user may remove it


def test_if_the_last_checkpoint_is_damaged_the_newest_whole_one_leads_to_the_same_weights(
    trained: tuple[Path, str],
    recipe_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    command = [str(recipe_file), f"output={tmp_path}"]

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
    # Afterwards last.ckpt is whole again.
    assert Progress(tmp_path).last() == Checkpoint(last)
    assert steps_learned(last) == steps_learned(trained[0] / "checkpoints" / "last.ckpt")


def test_without_a_last_checkpoint_the_one_with_the_most_steps_is_used(
    trained: tuple[Path, str], tmp_path: Path
) -> None:
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


def test_a_training_by_another_recipe_is_not_continued(trained: tuple[Path, str], recipe_file: Path) -> None:
    output = trained[0]
    Progress(output).begin(load_recipe(recipe_file, ["training.threads=2", "output=elsewhere"]))
    changed = load_recipe(recipe_file, ["training.learning_rate=1", "network.tdf=false"])
    with pytest.raises(DataError, match=r"network\.tdf, training\.learning_rate was different"):
        Progress(output).begin(changed)


def test_a_training_from_before_an_option_existed_is_continued(
    trained: tuple[Path, str], recipe_file: Path, tmp_path: Path
) -> None:
    kept = OmegaConf.load(trained[0] / "recipe.yaml")
    del kept.training.label_smoothing, kept.augmentation
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").touch()
    OmegaConf.save(kept, tmp_path / "recipe.yaml")
    with pytest.raises(DataError, match=r"in which training\.label_smoothing was different"):
        Progress(tmp_path).begin(load_recipe(recipe_file, ["training.label_smoothing=0.3"]))
    Progress(tmp_path).begin(load_recipe(recipe_file))

    OmegaConf.save(OmegaConf.merge(kept, {"training": {"no_more": 1}}), tmp_path / "recipe.yaml")
    with pytest.raises(DataError, match=r"training\.no_more was different"):
        Progress(tmp_path).begin(load_recipe(recipe_file))
