"""From windows to scores with a chosen engine."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Sequence

import numpy as np

from live_stf.engine.base import Engine
from live_stf.errors import ModelError
from live_stf.model import Model
from live_stf.types import Scores, Window

log = logging.getLogger(__name__)

# In the order of preference of "auto".
ENGINES = {"openvino": ("openvino_engine", "OpenVINOEngine"), "torch": ("torch_engine", "TorchEngine")}


def open_engine(model: Model, engine: str = "auto", notify: Callable[[str], None] = log.info) -> Engine:
    """The engine by name, or with "auto" the first whose library is installed. ModelError when there is none.

    notify: called with one line for people when something takes long, and why an engine was left out.
    """
    if engine != "auto" and engine not in ENGINES:
        raise ModelError(f"engine {engine!r} is not known, it can be auto or one of {', '.join(ENGINES)}")
    missing = None
    for name in ENGINES if engine == "auto" else (engine,):
        module, kind = ENGINES[name]
        try:
            return getattr(importlib.import_module(f"live_stf.engine.{module}"), kind)(model, notify=notify)
        except ImportError as problem:
            if engine == "auto":
                notify(f"engine {name} is left out: {problem}")
            missing = problem
    raise ModelError(f"engine {engine}: {missing}; install it, or choose another with --engine") from missing


class Classifier:
    """Prepares windows as the model asks, runs them as one batch and reads the result."""

    def __init__(self, model: Model, engine: Engine) -> None:
        self.model = model
        self.engine = engine
        self.labels = model.labels
        self.engine_name = engine.name
        self._grain_ends = np.cumsum([len(grain.parts) for grain in model.grains])[:-1]

    def prepare(self, windows: Sequence[Window]) -> np.ndarray:
        """(N, C, T, V, 1) float32."""
        return np.stack([self.model.preparation(window.joints, window.size) for window in windows])[..., None]

    def classify(self, windows: Sequence[Window]) -> list[Scores]:
        """Scores of every window, in order. The attention is the mean over the MCF blocks, split by grain."""
        if not windows:
            return []
        logits, attention = self.engine.run(self.prepare(windows))
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = shifted / shifted.sum(axis=1, keepdims=True)
        return [
            Scores(
                window.identity,
                window.time,
                probabilities[row],
                tuple(np.split(attention[row, 0].mean(axis=0), self._grain_ends, axis=-1)) if attention.size else (),
            )
            for row, window in enumerate(windows)
        ]


def open_classifier(model: Model, engine: str = "auto", notify: Callable[[str], None] = log.info) -> Classifier:
    """Classifier of a model with an engine chosen by name; see `open_engine`."""
    return Classifier(model, open_engine(model, engine, notify))
