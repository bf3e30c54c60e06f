"""The pre-normalisation of NTU RGB+D against plain loops over bodies, frames and joints, and its properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_stf.preparation.ntu_units import fill_null_frames, in_ntu_units, rotation_between
from live_stf.skeleton import NTU_25

BASE, SPINE, LEFT, RIGHT = (
    NTU_25.index(name) for name in ("spine_base", "spine_mid", "left_shoulder", "right_shoulder")
)
V = len(NTU_25)


def clip(seed: int, bodies: int = 2, frames: int = 6, null: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (M, T, 25, 3) in metres and scores (M, T, 25): some frames of a body are null, some joints absent."""
    rng = np.random.default_rng(seed)
    scores = np.repeat(rng.random((bodies, frames, 1)) >= null, V, axis=2).astype(np.float32)
    scores *= rng.random(scores.shape) > 0.02
    coordinates = rng.normal([0.3, 0.1, 3.0], 0.5, (bodies, frames, V, 3)).astype(np.float32)
    return coordinates * scores[..., None], scores


def filled_by_loops(coordinates: np.ndarray, scores: np.ndarray, frames: int) -> tuple[np.ndarray, np.ndarray]:
    bodies, given_frames = scores.shape[:2]
    out, out_scores = np.zeros((bodies, frames, V, 3)), np.zeros((bodies, frames, V))
    for body in range(bodies):
        null = [not any(scores[body, frame, joint] > 0 for joint in range(V)) for frame in range(given_frames)]
        if all(null):
            continue
        motion = [frame for frame in range(given_frames) if not (null[0] and null[frame])]
        while null[motion[-1]]:
            motion.pop()
        for frame in range(frames):
            out[body, frame] = coordinates[body, motion[frame % len(motion)]]
            out_scores[body, frame] = scores[body, motion[frame % len(motion)]]
    return out, out_scores


def rotated(point: np.ndarray, axis: np.ndarray, angle: float) -> np.ndarray:
    """Rodrigues' formula for one point."""
    length = math.sqrt(sum(value * value for value in axis))
    if length == 0:
        return point
    k = axis / length
    return point * math.cos(angle) + np.cross(k, point) * math.sin(angle) + k * (k @ point) * (1 - math.cos(angle))


def normalised_by_loops(coordinates: np.ndarray, scores: np.ndarray, frames: int) -> np.ndarray:
    out, present = filled_by_loops(coordinates, scores, frames)
    main, there = out[0, 0].copy(), present[0, 0] > 0
    origin = main[SPINE].copy() if there[SPINE] else np.zeros(3)

    def every_joint(change) -> None:
        for body in range(out.shape[0]):
            for frame in range(frames):
                for joint in range(V):
                    if present[body, frame, joint] > 0:
                        out[body, frame, joint] = change(out[body, frame, joint])

    every_joint(lambda point: point - origin)
    for start, end, axis in ((BASE, SPINE, np.array([0.0, 0, 1])), (LEFT, RIGHT, np.array([1.0, 0, 0]))):
        if not (there[start] and there[end]):
            continue
        bone = out[0, 0, end] - out[0, 0, start]
        if not bone.any():
            continue
        angle = math.acos(np.clip(bone @ axis / np.linalg.norm(bone), -1, 1))
        around = np.cross(bone, axis)
        every_joint(lambda point, around=around, angle=angle: rotated(point, around, angle))
    return out


@given(
    seed=st.integers(0, 10_000), bodies=st.integers(1, 3), frames=st.integers(1, 8), more=st.integers(0, 12),
    null=st.sampled_from([0.0, 0.3, 0.7]),
)  # fmt: skip
def test_null_frames_are_filled_as_by_plain_loops(seed: int, bodies: int, frames: int, more: int, null: float) -> None:
    coordinates, scores = clip(seed, bodies, frames, null)
    found = fill_null_frames(coordinates, scores, frames + more)
    for one, other in zip(found, filled_by_loops(coordinates, scores, frames + more), strict=True):
        np.testing.assert_allclose(one, other)


@given(seed=st.integers(0, 10_000), frames=st.integers(1, 5), more=st.integers(0, 5), null=st.sampled_from([0.0, 0.4]))
def test_coordinates_equal_those_of_plain_loops(seed: int, frames: int, more: int, null: float) -> None:
    coordinates, scores = clip(seed, 2, frames, null)
    found = in_ntu_units(coordinates, scores, NTU_25, frames + more, 2)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, normalised_by_loops(coordinates, scores, frames + more), atol=1e-4)


@given(seed=st.integers(0, 10_000))
def test_the_first_body_stands_at_the_origin_with_its_shoulders_along_x(seed: int) -> None:
    coordinates, _ = clip(seed, null=0)
    found = in_ntu_units(coordinates, np.ones(coordinates.shape[:3], np.float32), NTU_25, 6, 2).astype(np.float64)
    np.testing.assert_allclose(found[0, 0, SPINE], 0, atol=1e-6)
    shoulders = found[0, 0, RIGHT] - found[0, 0, LEFT]
    np.testing.assert_allclose(shoulders / np.linalg.norm(shoulders), [1, 0, 0], atol=1e-5)
    # One rotation and one origin for all: distances within and between bodies and frames stay.
    flat, before = found.reshape(-1, 3), coordinates.reshape(-1, 3)
    np.testing.assert_allclose(
        np.linalg.norm(flat[1:] - flat[:-1], axis=1), np.linalg.norm(before[1:] - before[:-1], axis=1), atol=1e-4
    )


def test_a_spine_perpendicular_to_the_shoulders_is_rotated_to_z() -> None:
    coordinates = np.zeros((1, 1, V, 3), dtype=np.float32)
    coordinates[0, 0, BASE], coordinates[0, 0, SPINE] = [1, 0.8, 3], [1, 1.1, 3]
    coordinates[0, 0, LEFT], coordinates[0, 0, RIGHT] = [0.8, 1.4, 3.1], [1.2, 1.4, 2.9]
    found = in_ntu_units(coordinates, np.ones((1, 1, V), np.float32), NTU_25, 1, 2)
    np.testing.assert_allclose(found[0, 0, SPINE] - found[0, 0, BASE], [0, 0, 0.3], atol=1e-6)
    assert (found[1] == 0).all()


@given(
    start=st.tuples(*[st.floats(-5, 5)] * 3).filter(lambda v: np.linalg.norm(v) > 1e-3),
    end=st.sampled_from([(0.0, 0.0, 1.0), (1.0, 0.0, 0.0)]),
)
def test_a_rotation_takes_one_direction_to_the_other(start: tuple, end: tuple) -> None:
    start, end = np.array(start), np.array(end)
    rotation = rotation_between(start, end)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-6)  # nearly opposite ones lose digits
    if np.linalg.norm(np.cross(start, end)) > 0:
        np.testing.assert_allclose(rotation @ start / np.linalg.norm(start), end, atol=1e-6)


@pytest.mark.parametrize("start", [[0, 0, 0], [0, 0, -1], [0, 0, 2]])
def test_without_a_smallest_rotation_the_matrix_is_the_identity(start: list[float]) -> None:
    np.testing.assert_array_equal(rotation_between(np.array(start, float), np.array([0, 0, 1.0])), np.eye(3))
