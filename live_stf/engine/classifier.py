"""From windows to scores with a chosen engine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np

from live_stf.engine.choice import open_engine
from live_stf.engine.protocol import Engine
from live_stf.errors import ModelError
from live_stf.model import Model
from live_stf.skeleton import OPENPOSE_18
from live_stf.types import Scores, Window

log = logging.getLogger(__name__)


class Classifier:
    """Prepares windows as the model asks, runs them as one batch and reads the result."""

    def __init__(self, model: Model, engine: Engine) -> None:
        self.model = model
        self.engine = engine
        self.labels = model.labels
        self._grain_ends = np.cumsum([len(grain.parts) for grain in model.grains])[:-1]

    @property
    def engine_name(self) -> str:
        """What runs the network now; it changes when a better engine takes over."""
        return self.engine.name

    def prepare(self, windows: Sequence[Window]) -> np.ndarray:
        """(N, C, T, V, M) float32; of a scene its surest bodies, places that are left are zero."""
        return np.stack([self.model.preparation(window.joints, window.size) for window in windows])

    def classify(self, windows: Sequence[Window]) -> list[Scores]:
        """Scores of every window, in order.

        The attention is that of the last MCF block, which is nearest to the answer: the mean over bodies, split by
        grain.
        """
        if not windows:
            return []
        x = self.prepare(windows)
        logits, attention = self.engine.run(x)
        there = x.any(axis=(1, 2, 3))  # (N, M)
        there[:, 0] |= ~there.any(axis=1)
        probabilities = _softmax(logits / self.model.temperature)
        return [
            Scores(
                window.identity,
                window.time,
                probabilities[row],
                tuple(np.split(attention[row, there[row], -1].mean(axis=0), self._grain_ends, axis=-1))
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

    ModelError where the model takes joints that no camera gives: of another skeleton, or measured in space.
    """
    if model.skeleton is not OPENPOSE_18 or not model.preparation.takes_pictures:
        raise ModelError(
            f"{model.name} takes {model.skeleton.name} joints in {model.preparation.coordinates!r} coordinates, which "
            f"are not found in a camera's pictures: choose a model of {OPENPOSE_18.name} joints"
        )
    return Classifier(model, open_engine(model, engine, notify))
