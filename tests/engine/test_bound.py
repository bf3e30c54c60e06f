"""The lower bound of a network's time on a device."""

from __future__ import annotations

import numpy as np
import pytest

from live_stf.engine import bound
from live_stf.engine.bound import Bound, bounds
from live_stf.model import Model, load_model
from live_stf.runtime.openvino import bf16_available


def test_the_bound_is_the_slower_of_operations_and_bytes() -> None:
    assert Bound("CPU", "fp32", operations=2e9, bytes=1e6, flops=1e12, bandwidth=1e10).ms == pytest.approx(2)
    assert Bound("CPU", "fp32", operations=2e9, bytes=1e8, flops=1e12, bandwidth=1e10).ms == pytest.approx(10)


@pytest.fixture(scope="module")
def everyday() -> Model:
    return load_model("everyday")


def test_multiplications_by_padding_zeros_do_not_count(
    everyday: Model, inputs: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The grouped convolution is computed in wider groups, but its operations are counted for groups of four."""
    widened = bounds(everyday, inputs, "CPU")
    monkeypatch.setattr(bound, "_cpu_flops", lambda precision: 1.0)
    monkeypatch.setattr(bound, "_bandwidth", lambda device: 1.0)
    monkeypatch.setattr("live_stf.network.tdf.WIDE", 4)
    narrow = bounds(everyday, inputs, "CPU")
    assert [found.precision for found in widened] == ["fp32", *(["bf16"] if bf16_available() else [])]
    assert widened[0].operations == narrow[0].operations > 1e9
    assert widened[0].bytes == narrow[0].bytes > 4 * 1.6e6
    assert all(found.flops > 1e9 and found.bandwidth > 1e8 for found in widened)


def test_in_bf16_weights_have_half_the_bytes(
    everyday: Model, inputs: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bound, "bf16_available", lambda: True)
    monkeypatch.setattr(bound, "_cpu_flops", lambda precision: 1.0)
    monkeypatch.setattr(bound, "_bandwidth", lambda device: 1.0)
    fp32, bf16 = bounds(everyday, inputs, "CPU")
    weights = 2 * (fp32.bytes - bf16.bytes)
    assert 4 * 1.6e6 < weights < 4 * 1.8e6
