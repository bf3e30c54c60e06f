"""Resampling: its properties, and the observations that it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live_stf.preparation import resample
from live_stf.skeleton import OPENPOSE_18

V = len(OPENPOSE_18)


def test_resampling_a_steady_motion_gives_the_motion() -> None:
    times = np.array([0.0, 0.1, 0.35, 0.36, 0.8, 1.0])
    joints = np.zeros((6, 2, 3), dtype=np.float32)
    joints[:, 0, 0], joints[:, 1, 1], joints[..., 2] = 10 * times, 5 - times, 1
    out = resample(times, joints, 0.0, 1.0, 20)
    grid = np.arange(1, 21) / 20
    np.testing.assert_allclose(out[:, 0, 0], 10 * grid, atol=1e-5)
    np.testing.assert_allclose(out[:, 1, 1], 5 - grid, atol=1e-5)


@given(
    seed=st.integers(0, 10_000),
    rate=st.floats(5, 60),
    drops=st.floats(0, 0.5),
    offset=st.floats(-1e4, 1e4),
)
@settings(deadline=None)
def test_rate_drops_and_clock_do_not_change_an_even_motion(seed: int, rate: float, drops: float, offset: float) -> None:
    """A motion that is linear in time is the same window whatever camera saw it."""
    rng = np.random.default_rng(seed)
    times = np.arange(0, 6, 1 / rate) + rng.uniform(0, 0.2 / rate)
    keep = rng.random(len(times)) > drops
    keep[[0, -1]] = True
    times = times[keep]
    if np.diff(times).max() > 0.5:
        return
    velocity = rng.normal(size=(V, 2))
    joints = np.dstack([velocity * times[:, None, None], np.ones((len(times), V, 1))])
    out = resample(times + offset, joints, times[-1] - 5 + offset, times[-1] + offset, 150)
    grid = times[-1] - 5 / 150 * np.arange(149, -1, -1)
    np.testing.assert_allclose(out[..., :2], velocity * grid[:, None, None], atol=2e-4)


def test_a_short_gap_of_a_joint_is_interpolated_and_a_long_one_is_not() -> None:
    times = np.arange(0, 5.001, 0.1)
    joints = np.dstack([np.tile(times[:, None], (1, 2)), np.zeros((51, 2)), np.ones((51, 2))]).astype(np.float32)
    joints[10:13, 0] = 0  # 0.4 s between its neighbours
    joints[10:30, 1] = 0
    out = resample(times, joints, 0, 5, 50)
    np.testing.assert_allclose(out[:, 0, 0], np.arange(1, 51) / 10, atol=1e-5)
    assert (out[10:28, 1] == 0).all()
    assert (out[31:, 1, 2] == 1).all()


def test_a_short_history_is_repeated_with_its_newest_frame_last() -> None:
    times = np.array([4.0, 4.1, 4.2])
    joints = np.ones((3, 1, 3), dtype=np.float32) * np.array([1, 2, 3], dtype=np.float32)[:, None, None]
    out = resample(times, joints, 4.2 - 5, 4.2, 50)[:, 0, 0]
    np.testing.assert_allclose(out[-6:], [1, 2, 3, 1, 2, 3], atol=1e-5)
    assert (out > 0).all()
    assert (resample(times[:1], joints[:1], 0, 4.0, 50)[:, 0, 0] == 1).all()


def test_resample_refuses_empty_observations_and_empty_windows() -> None:
    with pytest.raises(ValueError, match="no observations"):
        resample(np.array([]), np.zeros((0, V, 3)), 0, 1, 10)
    with pytest.raises(ValueError, match="end > start"):
        resample(np.array([0.0]), np.zeros((1, V, 3)), 1, 1, 10)
