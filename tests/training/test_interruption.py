"""Ctrl-C during a training."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path


def test_ctrl_c_keeps_the_last_epoch_and_says_how_to_continue(recipe_file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "live_stf.train", str(recipe_file), f"output={tmp_path}", "training.epochs=1000"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    checkpoint = tmp_path / "checkpoints" / "last.ckpt"
    while running.poll() is None and not checkpoint.is_file():
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    _, printed = running.communicate()
    assert running.returncode == 130
    assert printed.splitlines()[-1] == "stopped; the same command continues from the last checkpoint"
    assert "Traceback" not in printed
    assert checkpoint.is_file()


# In a process of its own: a signal in the process of the tests would reach whatever else runs there.
INTERRUPTED_IN_A_FINALIZER = """
import os, signal, sys
from live_stf.cli import train
from live_stf.training.learner import Classification

class Finalized:
    # Presses Ctrl-C in its finalizer, where Python ignores a KeyboardInterrupt.
    def __del__(self):
        handled = []
        before = signal.getsignal(signal.SIGINT)

        def handle(number, frame):
            handled.append(number)
            before(number, frame)

        signal.signal(signal.SIGINT, handle)
        os.kill(os.getpid(), signal.SIGINT)
        while not handled:  # the handler runs in here
            pass
        signal.signal(signal.SIGINT, before)

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


def test_ctrl_c_works_even_in_a_finalizer_where_python_ignores_exceptions(recipe_file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", INTERRUPTED_IN_A_FINALIZER, str(recipe_file), f"output={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 130, done.stderr
    assert "3 True" in done.stdout.splitlines()
    assert done.stderr.splitlines()[-1] == "stopped; the same command continues from the last checkpoint"
