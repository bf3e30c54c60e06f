"""Weights of streams."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from live_stf.errors import DataError, ModelError
from live_stf.evaluation.fusion import (
    check_alike,
    fit_weights,
    fuse,
    fuse_as_usual,
    fusion_name,
    fusions,
    training_weights,
)
from live_stf.evaluation.scores import ModelScores
from live_stf.preparation import STREAMS

SEEDS = st.integers(0, 2**32 - 1)


def made(seed: int, streams: int, windows: int = 60, classes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Logits (S, n, classes) that know something of the classes, each stream as much as it does, and the classes."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(classes, size=windows)
    known = rng.uniform(0, 4, (streams, 1, 1)) * np.eye(classes)[targets]
    return rng.normal(0, 1, (streams, windows, classes)) + known, targets


def model_scores(seed: int, stream: str, targets: np.ndarray, classes: int = 5) -> ModelScores:
    rng = np.random.default_rng(seed)
    knowledge = rng.uniform(0.5, 3) * np.eye(classes, dtype=np.float32)

    def logits() -> np.ndarray:
        return (knowledge[targets] + rng.normal(0, 1, (len(targets), classes))).astype(np.float32)

    return ModelScores(
        model="made",
        stream=stream,
        model_hash=f"{seed:064x}",
        windows_hash="0",
        engine="made",
        labels=tuple("abcde"),
        logits=logits(),
        targets=targets,
        sources=("made",) * len(targets),
        copied=np.zeros(len(targets), bool),
        training_logits=logits(),
        training_targets=targets,
    )


@given(seed=SEEDS, streams=st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_weights_are_not_negative_and_sum_to_one(seed: int, streams: int) -> None:
    logits, targets = made(seed, streams)
    weights = fit_weights(softmax(logits, axis=-1), targets)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)


@given(seed=SEEDS, order=st.permutations(range(4)))
@settings(max_examples=30, deadline=None)
def test_weights_follow_their_streams_in_any_order(seed: int, order: list[int]) -> None:
    logits, targets = made(seed, 4)
    probabilities = softmax(logits, axis=-1)
    weights = fit_weights(probabilities, targets)
    np.testing.assert_allclose(fit_weights(probabilities[order], targets), weights[order], atol=1e-4)


@given(seed=SEEDS, streams=st.integers(2, 4))
@settings(max_examples=30, deadline=None)
def test_no_other_weights_cost_less(seed: int, streams: int) -> None:
    logits, targets = made(seed, streams)
    probabilities = softmax(logits, axis=-1)

    def cost(weights: np.ndarray) -> float:
        mixed = np.einsum("s,snc->nc", weights, probabilities)[np.arange(len(targets)), targets]
        return -np.log(mixed).mean() + 0.1 * ((weights - 1 / streams) ** 2).sum()

    found = cost(fit_weights(probabilities, targets, shrinkage=0.1))
    for other in np.random.default_rng(seed).dirichlet(np.full(streams, 0.5), size=20):
        assert found <= cost(other) + 1e-7


@pytest.mark.parametrize("streams", [2, 4])
def test_equal_streams_weigh_the_same(streams: int) -> None:
    logits, targets = made(3, 1)
    probabilities = softmax(np.repeat(logits, streams, axis=0), axis=-1)
    np.testing.assert_allclose(fit_weights(probabilities, targets), 1 / streams, atol=1e-6)


def test_streams_that_are_always_correct_weigh_the_same() -> None:
    targets = np.arange(5).repeat(10)
    sure = np.stack([softmax(scale * np.eye(5)[targets], axis=1) for scale in (20, 40)])
    np.testing.assert_allclose(fit_weights(sure, targets), 0.5, atol=1e-3)


def test_a_more_accurate_stream_weighs_more() -> None:
    rng = np.random.default_rng(0)
    targets = rng.integers(5, size=200)
    noise = rng.normal(0, 1, (2, 200, 5))
    knowing, guessing = noise[0] + 4 * np.eye(5)[targets], noise[1]
    weights = fit_weights(softmax(np.stack([guessing, knowing]), axis=-1), targets)
    assert weights[1] > 0.8


def test_the_test_side_does_not_change_the_weights() -> None:
    targets = np.arange(5).repeat(12)
    scores = [model_scores(seed, stream, targets) for seed, stream in enumerate(STREAMS)]
    weights = training_weights(scores)
    assert weights.max() - weights.min() > 0.01  # they say something
    other = [replace(one, targets=np.roll(targets, 7), logits=-one.logits) for one in scores]
    np.testing.assert_array_equal(training_weights(other), weights)


def test_fused_scores_are_weighted_sums_of_probabilities_or_logits() -> None:
    targets = np.arange(5)
    scores = [model_scores(seed, stream, targets) for seed, stream in enumerate(("joint", "bone-motion"))]
    fused = fuse(scores, np.array([0.25, 0.75]))
    for window in range(5):
        a, b = (np.exp(one.logits[window]) / np.exp(one.logits[window]).sum() for one in scores)
        np.testing.assert_allclose(fused[window], 0.25 * a + 0.75 * b, rtol=1e-5)
    np.testing.assert_allclose(fuse_as_usual(scores), 0.6 * scores[0].logits + 0.4 * scores[1].logits, rtol=1e-5)


def test_the_reported_fusions_depend_on_the_given_streams() -> None:
    assert fusions(["bone"]) == [("bone",)]
    assert fusions(["bone", "joint"]) == [("joint",), ("bone",), ("joint", "bone")]
    assert fusions(STREAMS[::-1]) == [*((stream,) for stream in STREAMS), ("joint", "bone"), STREAMS]
    names = [fusion_name(streams) for streams in fusions(STREAMS)]
    assert names == ["Js", "Bs", "joint-motion", "bone-motion", "2s", "4s"]


@pytest.mark.parametrize(
    ("streams", "message"),
    [(["joint", "bone", "joint"], "two models are of the stream joint"), (STREAMS[:3], "1, 2 or 4 streams")],
)
def test_streams_that_cannot_be_fused_are_refused(streams: list[str], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        fusions(streams)


def test_scores_of_other_windows_are_refused() -> None:
    targets = np.arange(5)
    joint, bone = model_scores(0, "joint", targets), model_scores(1, "bone", targets)
    check_alike([joint, bone])
    for other in (
        replace(bone, targets=targets[::-1]),
        replace(bone, sources=("other",) * 5),
        replace(bone, training_targets=targets[::-1]),
    ):
        with pytest.raises(DataError, match="scored on other windows"):
            check_alike([joint, other])
    with pytest.raises(DataError, match="same labels"):
        check_alike([joint, replace(bone, labels=tuple("edcba"))])
