"""Body units and whole preparations, against plain loops and in their properties."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_stf.errors import ModelError
from live_stf.preparation import (
    STREAMS,
    Preparation,
    as_stream,
    body_size,
    in_body_units,
)
from live_stf.preparation.body_units import _HEAD_LENGTHS, _LENGTHS
from live_stf.preparation.picture_units import in_picture_units
from live_stf.skeleton import NTU_25, OPENPOSE_18, SKELETONS, Skeleton

V = len(OPENPOSE_18)
HIDDEN_UP_CLOSE = ("elbow", "wrist", "hip", "knee", "ankle")


def person(seed: int = 0, frames: int = 60) -> np.ndarray:
    """(T, V, 3) of a standing, swaying figure in pixels."""
    rng = np.random.default_rng(seed)
    figure = np.array(
        [[0, -30], [0, 0], [-35, 0], [-45, 60], [-50, 110], [35, 0], [45, 60], [50, 110], [-20, 100], [-20, 185],
         [-20, 270], [20, 100], [20, 185], [20, 270], [-6, -38], [6, -38], [-14, -34], [14, -34]], dtype=np.float32
    )  # fmt: skip
    sway = rng.normal(size=(frames, 1, 2)).cumsum(axis=0)
    return np.dstack([figure + sway + np.array([320, 100]), np.ones((frames, V, 1))]).astype(np.float32)


@given(
    seed=st.integers(0, 1000),
    scale=st.floats(0.05, 20),
    x=st.floats(-2000, 2000),
    y=st.floats(-2000, 2000),
)
def test_body_units_do_not_depend_on_place_and_size(seed: int, scale: float, x: float, y: float) -> None:
    joints = person(seed)
    moved = joints.copy()
    moved[..., :2] = moved[..., :2] * scale + [x, y]
    np.testing.assert_allclose(
        in_body_units(moved, OPENPOSE_18), in_body_units(joints, OPENPOSE_18), atol=2e-3 + 5e-7 * abs(x + y) / scale
    )


def test_body_units_distinguish_walking_from_walking_on_the_spot() -> None:
    joints = person()
    walking = joints.copy()
    walking[..., 0] += np.linspace(0, 300, len(joints))[:, None]
    neck = OPENPOSE_18.index("neck")
    assert np.ptp(in_body_units(walking, OPENPOSE_18)[:, neck, 0]) > 2
    assert np.ptp(in_body_units(joints, OPENPOSE_18)[:, neck, 0]) < 0.5


def test_an_upper_body_has_nearly_the_size_of_the_whole_body() -> None:
    joints = person()
    upper = joints.copy()
    upper[:, 8:14] = 0
    assert body_size(upper, OPENPOSE_18) == pytest.approx(body_size(joints, OPENPOSE_18), rel=0.25)


@pytest.mark.parametrize("width", [1.0, 0.5, 0.05])
def test_head_and_shoulders_have_nearly_the_size_of_the_whole_body_from_any_side(width: float) -> None:
    joints = person()
    head = joints.copy()
    below = [OPENPOSE_18.index(f"{side}_{joint}") for side in ("left", "right") for joint in HIDDEN_UP_CLOSE]
    head[:, below] = 0
    head[..., 0] *= width
    assert body_size(head, OPENPOSE_18) == pytest.approx(body_size(joints, OPENPOSE_18), rel=0.25)


@given(seed=st.integers(0, 1000), lost=st.floats(0, 0.95))
def test_body_size_is_the_80th_percentile_of_the_limbs_medians(seed: int, lost: float) -> None:
    rng = np.random.default_rng(seed)
    joints = person(seed, frames=int(rng.integers(1, 9)))
    joints *= rng.random(joints.shape[:2])[..., None] >= lost

    def medians(limbs: tuple[tuple[str, str, float], ...]) -> list[float]:
        out = []
        for first, second, proportion in limbs:
            lengths = [
                np.linalg.norm(frame[a, :2] - frame[b, :2]) / proportion
                for frame in joints
                for a, b in [(OPENPOSE_18.index(first), OPENPOSE_18.index(second))]
                if frame[a, 2] > 0 and frame[b, 2] > 0
            ]
            if lengths:
                out.append(np.median(lengths))
        return out

    estimates = medians(_LENGTHS)
    if not medians(_LENGTHS[1:]):
        estimates += medians(_HEAD_LENGTHS)
    expected = np.percentile(estimates, 80) if estimates else 0.0
    assert body_size(joints, OPENPOSE_18) == pytest.approx(expected, rel=1e-5)


def test_a_window_without_joints_is_all_zero_and_finite() -> None:
    out = Preparation()(np.zeros((150, V, 3), dtype=np.float32), (640, 480))
    assert out.shape == (3, 150, V, 1)
    assert (out == 0).all()


def test_picture_units_are_kinetics_coordinates() -> None:
    joints = person()
    joints[3, 4] = 0
    out = in_picture_units(joints, (640, 480))
    np.testing.assert_allclose(out[0, 2, :2], joints[0, 2, :2] / [640, 480] - 0.5, atol=1e-6)
    assert (out[3, 4] == 0).all()


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("coordinates", ["body", "picture"])
@pytest.mark.parametrize("scores", ["presence", "score"])
def test_one_person_in_a_picture_is_prepared_step_by_step(coordinates: str, scores: str, stream: str) -> None:
    joints = person(frames=150)
    joints[..., 2] = np.random.default_rng(0).random(joints.shape[:2]) + 0.1
    joints[40:60, 7] = 0
    placed = in_body_units(joints, OPENPOSE_18) if coordinates == "body" else in_picture_units(joints, (640, 480))
    if scores == "presence":
        placed[..., 2] = placed[..., 2] > 0
    expected = as_stream(placed.transpose(2, 0, 1).astype(np.float32), stream, OPENPOSE_18, scored=True)
    preparation = Preparation(coordinates=coordinates, scores=scores, stream=stream)
    found = preparation(joints, (640, 480))
    assert found.shape == preparation.shape
    np.testing.assert_array_equal(found[..., 0], expected)


def crowd(seed: int, bodies: int, frames: int, skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (M, T, V, 3) in 0..1 and scores (M, T, V); every fifth joint is absent."""
    rng = np.random.default_rng(seed)
    scores = rng.random((bodies, frames, len(skeleton))).astype(np.float32)
    scores *= rng.random(scores.shape) > 0.2
    return rng.random((*scores.shape, 3)).astype(np.float32) * (scores > 0)[..., None], scores


BENCHMARKS = [
    Preparation(coordinates="kinetics", scores="score", frames=20, bodies=2),
    Preparation(coordinates="ntu", skeleton="ntu25", frames=20, bodies=2),
]


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda preparation: preparation.coordinates)
def test_every_body_gets_its_stream(benchmark: Preparation, stream: str) -> None:
    skeleton = SKELETONS[benchmark.skeleton]
    coordinates, scores = crowd(0, 3, 20, skeleton)
    joint_stream = benchmark.prepare(coordinates, scores)
    found = replace(benchmark, stream=stream).prepare(coordinates, scores)
    assert found.shape == joint_stream.shape == benchmark.shape
    for body in range(2):
        expected = as_stream(joint_stream[..., body], stream, skeleton, scored=benchmark.takes_pictures)
        np.testing.assert_array_equal(found[..., body], expected)


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda preparation: preparation.coordinates)
@pytest.mark.parametrize("length", [1, 7, 20])
def test_a_short_clip_is_repeated_and_missing_bodies_are_zero(benchmark: Preparation, length: int) -> None:
    coordinates, scores = crowd(1, 1, length, SKELETONS[benchmark.skeleton])
    x = benchmark.prepare(coordinates, scores)
    assert (x[..., 1] == 0).all()
    assert x[..., 0].any(axis=(0, 2)).all()
    np.testing.assert_array_equal(x[:, length:], x[:, :-length])


def test_a_short_clip_ends_with_its_newest_frame_in_a_picture_and_begins_with_its_first_in_space() -> None:
    pictures, space = BENCHMARKS
    coordinates, scores = crowd(2, 1, 7, OPENPOSE_18)
    x = pictures.prepare(coordinates, scores)
    np.testing.assert_array_equal(x[2, -7:, :, 0], scores[0])
    coordinates, scores = crowd(2, 1, 7, NTU_25)
    assert (space.prepare(coordinates, scores)[:, :7, :, 0].any(axis=0) == (scores[0] > 0)).mean() > 0.99


def test_a_clip_that_is_longer_than_the_window_is_refused() -> None:
    for benchmark in BENCHMARKS:
        for length in (0, 21):
            with pytest.raises(ValueError, match="window of 20 frames"):
                benchmark.prepare(*crowd(0, 1, length, SKELETONS[benchmark.skeleton]))


@pytest.mark.parametrize("stream", ["joint", "bone"])
@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda preparation: preparation.coordinates)
def test_placed_joints_are_augmented_before_they_become_a_stream(benchmark: Preparation, stream: str) -> None:
    coordinates, scores = crowd(3, 2, 20, SKELETONS[benchmark.skeleton])
    seen = []

    def augment(placed: np.ndarray) -> np.ndarray:
        seen.append(placed.shape)
        return placed * 2

    prepared = replace(benchmark, stream=stream)
    plain, augmented = (prepared.prepare(coordinates, scores, augment=change) for change in (None, augment))
    np.testing.assert_allclose(augmented, 2 * plain, rtol=1e-5, atol=1e-6)
    assert seen == [(2, 20, len(SKELETONS[benchmark.skeleton]), 3)]


def test_joints_of_a_picture_are_refused_for_coordinates_in_space() -> None:
    with pytest.raises(ModelError, match="measured in space"):
        BENCHMARKS[1](np.zeros((20, 25, 3), dtype=np.float32), (640, 480))


@pytest.mark.parametrize(
    "wrong",
    [
        {"stream": "velocity"},
        {"skeleton": "snake"},
        {"span": 0.0},
        {"coordinates": "polar"},
        {"bodies": 0},
        {"bodies": 2, "coordinates": "body"},
        {"coordinates": "ntu"},
    ],
)
def test_an_invalid_preparation_is_refused(wrong: dict) -> None:
    with pytest.raises(ModelError, match="preparation"):
        Preparation(**wrong)
