"""Northwestern-UCLA's coordinates against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_stf.errors import ModelError
from live_stf.preparation import STREAMS, Preparation, as_stream
from live_stf.preparation.nw_ucla_units import in_nw_ucla_units, stretched
from live_stf.skeleton import KINECT_20

V = len(KINECT_20)
SPINE = KINECT_20.index("spine")


def motion(seed: int, frames: int, bodies: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (M, T, V, 3) in metres and scores (M, T, V); every tenth joint is absent."""
    rng = np.random.default_rng(seed)
    scores = (rng.random((bodies, frames, V)) > 0.1).astype(np.float32)
    return rng.normal(size=(*scores.shape, 3)).astype(np.float32) * scores[..., None], scores


@given(seed=st.integers(0, 10_000), length=st.integers(1, 12), frames=st.integers(2, 15))
def test_stretching_equals_plain_loops_over_frames_and_joints(seed: int, length: int, frames: int) -> None:
    coordinates, scores = motion(seed, length)
    found, present = stretched(coordinates, scores, frames)
    for frame in range(frames):
        at = frame * (length - 1) / (frames - 1)
        below, above = int(np.floor(at)), int(np.ceil(at))
        for joint in range(V):
            if scores[0, below, joint] == 0 or scores[0, above, joint] == 0:
                assert present[0, frame, joint] == 0
                assert (found[0, frame, joint] == 0).all()
                continue
            first, second = coordinates[0, below, joint], coordinates[0, above, joint]
            np.testing.assert_allclose(found[0, frame, joint], first + (at - below) * (second - first), atol=1e-5)
            assert present[0, frame, joint] == 1


def test_a_clip_as_long_as_the_window_is_only_centred_on_its_first_spine() -> None:
    coordinates, scores = motion(0, 9)
    scores[0, :2, SPINE], coordinates[0, :2, SPINE] = 0, 0  # seen from the third frame on
    placed = in_nw_ucla_units(coordinates, scores, KINECT_20, 9, bodies=1)
    assert placed.dtype == np.float32
    expected = (coordinates - coordinates[0, 2, SPINE]) * (scores > 0)[..., None]
    np.testing.assert_allclose(placed, expected, atol=1e-6)


def test_a_clip_without_a_spine_is_not_centred_and_missing_bodies_are_zero() -> None:
    coordinates, scores = motion(1, 5)
    scores[..., SPINE], coordinates[..., SPINE, :] = 0, 0
    placed = in_nw_ucla_units(coordinates, scores, KINECT_20, 5, bodies=2)
    np.testing.assert_allclose(placed[:1], coordinates, atol=1e-6)
    assert (placed[1] == 0).all()


@pytest.mark.parametrize("stream", STREAMS)
def test_streams_are_computed_from_the_augmented_joints(stream: str) -> None:
    preparation = Preparation(skeleton="kinect20", coordinates="nw-ucla", frames=16, stream=stream)
    coordinates, scores = motion(3, 30)
    placed = in_nw_ucla_units(coordinates, scores, KINECT_20, 16, bodies=1)
    x = preparation.prepare(coordinates, scores, augment=lambda joints: 2 * joints)
    expected = as_stream(2 * placed[0].transpose(2, 0, 1), stream, KINECT_20, scored=False)
    np.testing.assert_allclose(x[..., 0], expected, atol=1e-6)


def test_a_window_is_made_of_any_number_of_frames() -> None:
    preparation = Preparation(skeleton="kinect20", coordinates="nw-ucla", frames=16)
    for length in (1, 2, 16, 201):
        x = preparation.prepare(*motion(2, length))
        assert x.shape == preparation.shape == (3, 16, V, 1)
        assert np.isfinite(x).all()
    with pytest.raises(ModelError, match="kinect20"):
        Preparation(coordinates="nw-ucla")
