"""Real windows and torch's outputs for them, with which every engine is compared."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from live_stf.model import Model


class References:
    """Real windows of a model and torch's outputs for them, computed when they are first needed."""

    def __init__(self, model: Model, windows: Callable[[Model], np.ndarray] | None = None) -> None:
        self.model = model
        self._windows = prepared_windows if windows is None else windows
        self._x: np.ndarray | None = None
        self._answer: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def x(self) -> np.ndarray:
        """The windows (N, C, T, V, M) float32."""
        if self._x is None:
            self._x = self._windows(self.model)
        return self._x

    @property
    def answer(self) -> tuple[np.ndarray, np.ndarray]:
        """Logits (N, classes) and attention (N, M, L, V, U) of torch in fp32."""
        if self._answer is None:
            from live_stf.engine.torch_engine import TorchEngine

            self._answer = TorchEngine(self.model, device="cpu").run(self.x)
        return self._answer


def prepared_windows(model: Model) -> np.ndarray:
    """The windows of the sample clip, prepared for the model: (N, C, T, V, M) float32."""
    from live_stf.engine.real_windows import sample_windows

    windows = sample_windows(model)
    return np.stack([model.preparation(window.joints, window.size) for window in windows])
