"""Measure the time of compiled networks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

import numpy as np

RUNS = 50
TURNS = 5
WARM_UPS = 3  # calls at the start of every turn that are not counted


class Runnable(Protocol):
    """A network that can be timed: one batch in, its outputs back in the program's memory."""

    def run(self, x: np.ndarray) -> tuple[np.ndarray, ...]: ...


def median_times(networks: Sequence[Runnable], x: np.ndarray, runs: int = RUNS) -> list[float]:
    """Median milliseconds of one call of each network on the batch x.

    The networks take turns, so a machine that is slow for a while slows all of them.
    """
    times: list[list[float]] = [[] for _ in networks]
    turn = max(1, runs // TURNS)
    while any(len(taken) < runs for taken in times):
        for network, taken in zip(networks, times, strict=True):
            for _ in range(WARM_UPS):
                network.run(x)
            for _ in range(min(turn, runs - len(taken))):
                began = time.perf_counter()
                network.run(x)
                taken.append(time.perf_counter() - began)
    return [1000 * float(np.median(taken)) for taken in times]


def batch_of(x: np.ndarray, size: int) -> np.ndarray:
    """A batch of `size` samples: those of x, repeated as often as needed."""
    return np.ascontiguousarray(x[np.arange(size) % len(x)])


def latencies(network: Runnable, x: np.ndarray, sizes: Sequence[int], runs: int = RUNS) -> dict[int, float]:
    """Median milliseconds of one call by batch size."""
    return {size: median_times([network], batch_of(x, size), runs)[0] for size in sizes}
