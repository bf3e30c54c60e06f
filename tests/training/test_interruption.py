"""Ctrl-C during a training."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import pytest
from torch import Tensor

from live_stf.cli import train
from live_stf.training.learner import Classification


def test_ctrl_c_keeps_the_last_epoch_and_says_how_to_go_on(recipe_file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "live_stf.train", str(recipe_file), f"output={tmp_path}", "training.epochs=1000"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    checkpoint = tmp_path / "checkpoints" / "last.ckpt"
    while running.poll() is None and not checkpoint.is_file():
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate()
    assert running.returncode == 130
    assert said.splitlines()[-1] == "stopped; the same command continues from the last checkpoint"
    assert "Traceback" not in said
    assert checkpoint.is_file()


class Finalized:
    """Presses Ctrl-C in its finalizer, where Python ignores a KeyboardInterrupt."""

    def __del__(self) -> None:
        handled = []
        before = signal.getsignal(signal.SIGINT)
        assert callable(before)

        def handle(number: int, frame: FrameType | None) -> None:
            handled.append(number)
            before(number, frame)

        signal.signal(signal.SIGINT, handle)
        os.kill(os.getpid(), signal.SIGINT)
        while not handled:  # the handler runs in here
            pass
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_is_heard_where_python_ignores_exceptions(
    recipe_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    steps: list[int] = []
    training_step = Classification.training_step

    def finalizing(learner: Classification, batch: tuple[Tensor, Tensor], number: int) -> Tensor:
        steps.append(number)
        if len(steps) == 3:
            Finalized()
        return training_step(learner, batch, number)

    monkeypatch.setattr(Classification, "training_step", finalizing)
    before = signal.getsignal(signal.SIGINT)
    assert train.main([str(recipe_file), f"output={tmp_path}"]) == 130
    assert len(steps) == 3
    assert signal.getsignal(signal.SIGINT) is before
    assert capsys.readouterr().err.splitlines()[-1] == "stopped; the same command continues from the last checkpoint"
