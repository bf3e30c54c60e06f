"""Times are medians in milliseconds, and networks take turns. The clock is fake."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from live_stf.runtime import timing
from live_stf.runtime.timing import batch_of, latencies, median_times


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.called: list[str] = []

    def perf_counter(self) -> float:
        return self.now

    def network(self, name: str, seconds: float) -> SimpleNamespace:
        """A network that takes `seconds` for each sample of a batch."""

        def run(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            self.called.append(name)
            self.now += seconds * len(x)
            return x, x

        return SimpleNamespace(run=run)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timing, "time", clock)
    return clock


def test_times_are_in_milliseconds_and_networks_take_turns(clock: Clock) -> None:
    slow, quick = median_times([clock.network("slow", 0.02), clock.network("quick", 0.001)], np.zeros(1), runs=6)
    assert (slow, quick) == (pytest.approx(20), pytest.approx(1))
    last_slow = len(clock.called) - 1 - clock.called[::-1].index("slow")
    assert clock.called.index("quick") < last_slow
    assert median_times([], np.zeros(1)) == []


def test_latencies_are_measured_per_batch_size(clock: Clock) -> None:
    found = latencies(clock.network("some", 0.002), np.zeros(3), (1, 4), runs=2)
    assert found == {1: pytest.approx(2), 4: pytest.approx(8)}


def test_a_batch_repeats_the_samples() -> None:
    assert batch_of(np.arange(3), 7).tolist() == [0, 1, 2, 0, 1, 2, 0]
