"""Fusion of streams: one network each, their scores summed with weights (section III-E of the paper).

The weights are fitted on the training side. The networks were trained on its clips, so their scores are better there
than on new clips, most of all for the stream that overfits most. Two things limit this effect: the windows are cuts and
rotations of the clips that no training has drawn, and the weights are regularised towards equal ones. If all streams
classify everything correctly, the weights are equal.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import LinearConstraint, minimize
from scipy.special import softmax

from live_stf.errors import DataError, ModelError
from live_stf.evaluation.scores import ModelScores
from live_stf.preparation import STREAMS

SHRINKAGE = 0.1  # nats; all the weight on one of two streams costs half of it, on one of four three quarters
# Of joint, bone and their motions in CTR-GCN's published program (Chen et al., ICCV 2021), on logits; widely copied.
USUAL_WEIGHTS = {"joint": 0.6, "bone": 0.6, "joint-motion": 0.4, "bone-motion": 0.4}
# The paper's names.
NAMES = {
    frozenset({"joint"}): "Js",
    frozenset({"bone"}): "Bs",
    frozenset({"joint", "bone"}): "2s",
    frozenset(STREAMS): "4s",
}


def fusion_name(streams: Sequence[str]) -> str:
    """ "Js", "Bs", "2s" or "4s" if the paper has a name for these streams, else their own names."""
    return NAMES.get(frozenset(streams), " + ".join(streams))


def fusions(streams: Sequence[str]) -> list[tuple[str, ...]]:
    """The combinations of 1, 2 or 4 streams that are reported: each alone, joint and bone together, and all.

    Raises ModelError if a stream is given twice, or if there are 3 streams.
    """
    twice = sorted({stream for stream in streams if list(streams).count(stream) > 1})
    if twice:
        raise ModelError(f"two models are of the stream {', '.join(twice)}: a fusion takes one model a stream")
    if len(streams) not in (1, 2, 4):
        raise ModelError(f"1, 2 or 4 streams can be fused, not {len(streams)} ({', '.join(streams)})")
    ordered = sorted(streams, key=STREAMS.index)
    combinations: list[tuple[str, ...]] = [(stream,) for stream in ordered]
    if len(streams) == 4:
        combinations.append(("joint", "bone"))
    return [*combinations, tuple(ordered)] if len(streams) > 1 else combinations


def fit_weights(probabilities: np.ndarray, targets: np.ndarray, shrinkage: float = SHRINKAGE) -> np.ndarray:
    """Weights (S,) of S streams, not negative, with sum 1.

    probabilities: (S, n, classes) of n windows. targets: (n,) class numbers. The weights minimise the mean cross
    entropy of the weighted sum plus `shrinkage` times the squared distance to equal weights. This is strictly convex,
    so there is one minimum.
    """
    streams = len(probabilities)
    equal = np.full(streams, 1 / streams)
    if streams == 1:
        return equal
    true = probabilities[:, np.arange(len(targets)), targets].astype(np.float64).T  # (n, S)

    def cost(weights: np.ndarray) -> tuple[float, np.ndarray]:
        mixed = np.maximum(true @ weights, 1e-12)
        away = weights - equal
        value = -np.log(mixed).mean() + shrinkage * away @ away
        return value, -(true / mixed[:, None]).mean(axis=0) + 2 * shrinkage * away

    found = minimize(
        cost,
        equal,
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * streams,
        constraints=LinearConstraint(np.ones((1, streams)), 1, 1),
        options={"ftol": 1e-12, "maxiter": 500},
    )
    weights = np.clip(found.x, 0, None)
    return weights / weights.sum()


def check_alike(scores: Sequence[ModelScores]) -> None:
    """Raises DataError unless the models' scores are of the same windows in the same order."""
    first = scores[0]
    for other in scores[1:]:
        if other.labels != first.labels:
            raise DataError(f"the models of {first.stream} and {other.stream} do not have the same labels")
        if not (
            np.array_equal(other.targets, first.targets)
            and other.sources == first.sources
            and np.array_equal(other.training_targets, first.training_targets)
        ):
            raise DataError(f"{first.stream} and {other.stream} were scored on other windows: use one recipe for both")


def training_weights(scores: Sequence[ModelScores]) -> np.ndarray:
    """The weights (S,) of these streams, fitted on the training side alone."""
    if len(scores) == 1:
        return np.ones(1)
    probabilities = np.stack([softmax(one.training_logits, axis=1) for one in scores])
    return fit_weights(probabilities, scores[0].training_targets)


def fuse(scores: Sequence[ModelScores], weights: np.ndarray) -> np.ndarray:
    """Weighted sum (n, classes) of the streams' probabilities on the test side."""
    return np.einsum("s,snc->nc", weights, np.stack([softmax(one.logits, axis=1) for one in scores]))


def fuse_as_usual(scores: Sequence[ModelScores]) -> np.ndarray:
    """Sum (n, classes) of the streams' logits with USUAL_WEIGHTS."""
    weights = np.array([USUAL_WEIGHTS[one.stream] for one in scores], np.float32)
    return np.einsum("s,snc->nc", weights, np.stack([one.logits for one in scores]))
