"""What every engine does."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Engine(Protocol):
    """A network ready to run.

    name: what it runs on, for people ("OpenVINO CPU fp32").
    run: input (N, C, T, V, M) float32 -> logits (N, classes) and attention (N, M, L, V, U), both float32. L MCF blocks,
    U the parts of all grains, grain after grain.
    """

    name: str

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]: ...
