"""Compute the scores of windows with a chosen engine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np

from live_stf.engine.choice import open_engine
from live_stf.engine.protocol import Engine, EngineStatus
from live_stf.engine.switching import SwitchingEngine
from live_stf.errors import ModelError
from live_stf.model import Model
from live_stf.runtime.forking import check_process
from live_stf.skeleton import OPENPOSE_18
from live_stf.types import Scores, Window

log = logging.getLogger(__name__)


class Classifier:
    """Scores windows: prepares them for the model, runs them as one batch, and reads logits and attention."""

    def __init__(self, model: Model, engine: Engine) -> None:
        self.model = model
        self.engine = engine
        self.labels = model.labels
        self._grain_ends = np.cumsum([len(grain.parts) for grain in model.grains])[:-1]

    @property
    def engine_name(self) -> str:
        """The name of the engine that runs now; it changes when a better engine takes over."""
        return self.engine.name

    @property
    def engine_status(self) -> EngineStatus:
        """The engine that runs now, and the reason for it."""
        return self.engine.status if isinstance(self.engine, SwitchingEngine) else EngineStatus(self.engine.name)

    def prepare(self, windows: Sequence[Window]) -> np.ndarray:
        """The model's input (N, C, T, V, M) float32 for the windows; zero where a window has fewer than M bodies."""
        return np.stack([self.model.preparation(window.joints, window.size) for window in windows])

    def classify(self, windows: Sequence[Window]) -> list[Scores]:
        """Scores of the windows, in order.

        Their attention is that of the last MCF block, which is nearest to the output: the mean over bodies, split by
        grain.
        """
        if not windows:
            return []
        check_process()
        x = self.prepare(windows)
        logits, attention = self.engine.run(x)
        present = np.asarray(x.any(axis=(1, 2, 3)))  # (N, M)
        present[:, 0] |= ~np.asarray(present.any(axis=1))
        probabilities = _softmax(logits / self.model.temperature)
        return [
            Scores(
                window.identity,
                window.time,
                probabilities[row],
                tuple(np.split(attention[row, present[row], -1].mean(axis=0), self._grain_ends, axis=-1))
                if attention.size
                else (),
            )
            for row, window in enumerate(windows)
        ]


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities (N, classes) of logits (N, classes)."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def open_classifier(model: Model, engine: str = "auto", notify: Callable[[str], None] = log.info) -> Classifier:
    """Classifier of a model with an engine chosen by name; see `open_engine`.

    Raises ModelError if a camera cannot provide the model's joints, because they are 3D or of another skeleton.
    """
    check_process()
    if model.skeleton is not OPENPOSE_18 or not model.preparation.takes_pictures:
        raise ModelError(
            f"{model.name} takes {model.skeleton.name} joints in {model.preparation.coordinates!r} coordinates, which "
            f"a camera cannot provide: choose a model that takes {OPENPOSE_18.name} joints"
        )
    return Classifier(model, open_engine(model, engine, notify))
