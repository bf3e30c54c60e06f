"""Ctrl-C during a training."""

from __future__ import annotations

import signal
from types import FrameType

import lightning


class Interruption(lightning.Callback):
    """A context in which Ctrl-C ends the training, in all processes, at the end of a batch.

    A KeyboardInterrupt at any other point would not be safe: it can leave a half-written file, and Python ignores it
    in a finalizer. A second Ctrl-C raises it at once.
    """

    def __init__(self) -> None:
        self._asked = False

    def __enter__(self) -> Interruption:
        self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: object) -> None:
        self._end(trainer)

    def on_validation_batch_end(self, trainer: lightning.Trainer, *_: object) -> None:
        self._end(trainer)

    def _end(self, trainer: lightning.Trainer) -> None:
        if trainer.strategy.reduce_boolean_decision(self._asked, all=False):
            raise KeyboardInterrupt
