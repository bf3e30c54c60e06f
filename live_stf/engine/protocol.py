"""The interface of an engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Engine(Protocol):
    """A network that is ready to run."""

    @property
    def name(self) -> str:
        """Library, device and precision, e.g. "OpenVINO CPU fp32"."""
        ...

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Logits (N, classes) and attention (N, M, L, V, U), both float32, of windows x (N, C, T, V, M) float32.

        L is the number of MCF blocks. U counts the parts of all grains, one grain after the other.
        """
        ...


@dataclass(frozen=True)
class EngineStatus:
    """The engine that is running, and the reason for it. reason: empty if the user chose the engine by name."""

    name: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.reason})" if self.reason else self.name
