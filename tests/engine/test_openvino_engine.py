"""Precisions of OpenVINO, and several people in one batch."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from live_stf.engine import open_engine
from live_stf.engine.openvino_engine import OpenVINOEngine, load_network
from live_stf.errors import ModelError
from live_stf.model import Model
from live_stf.runtime.openvino import bf16_available, openvino
from tests.engine.conftest import MCF_BLOCKS

TOLERANCE = 1e-4

needs_bf16 = pytest.mark.skipif(not bf16_available(), reason="this CPU has no instructions for bf16")


@needs_bf16
def test_bf16_weights_outlive_their_conversion(model: Model) -> None:
    converted = load_network(model, "bf16")
    gc.collect()
    _ = [np.full(size, np.nan, np.float32) for size in range(10, 100_000, 499)]  # overwrites freed memory
    compiled = openvino.Core().compile_model(converted, "CPU", {"INFERENCE_PRECISION_HINT": "bf16"})
    assert np.isfinite(compiled(np.ones((1, 3, 150, 18, 1), np.float32))[0]).all()


def test_an_unknown_precision_is_named(model: Model) -> None:
    with pytest.raises(ModelError, match=r"'fp8'.*fp32 or bf16"):
        OpenVINOEngine(model, "fp8")


@pytest.mark.parametrize("people", [1, 2, 3, 4, 8])
def test_each_person_of_a_batch_gets_their_own_scores(people: int, model: Model) -> None:
    engine = open_engine(model, "openvino")
    x = np.random.default_rng(0).standard_normal((people, 3, 150, 18, 1)).astype(np.float32)
    logits, attention = engine.run(x)
    assert (logits.shape, attention.shape) == ((people, 4), (people, 1, MCF_BLOCKS, 18, 24))
    for row in range(people):
        alone_logits, alone_attention = engine.run(x[row : row + 1])
        np.testing.assert_allclose(logits[row], alone_logits[0], atol=1e-5)
        np.testing.assert_allclose(attention[row], alone_attention[0], atol=1e-6)
    again, _ = engine.run(x)
    np.testing.assert_allclose(again, logits, atol=1e-6)


def test_the_baseline_agrees_with_torch(baseline_model: Model) -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 150, 18, 1)).astype(np.float32)
    logits, attention = OpenVINOEngine(baseline_model).run(x)
    expected, _ = open_engine(baseline_model, "torch").run(x)
    np.testing.assert_allclose(logits, expected, atol=TOLERANCE, rtol=0)
    assert attention.shape == (2, 1, 0, 18, 0)
