"""Smoothing is strong for still landmarks and weak for fast ones, and depends on the frames' times."""

from __future__ import annotations

import numpy as np
import pytest

from live_stf.pose.blazepose.smoothing import Smoother

SEEN = np.ones(1)


def smoothed(times, xs, side=100.0):
    smoother = Smoother()
    return [smoother(t, np.array([[x, 0.0]]), SEEN, side)[0][0, 0] for t, x in zip(times, xs, strict=True)]


def test_the_first_frame_is_not_smoothed():
    assert smoothed([3.0], [7.0]) == [7.0]


def test_the_second_frame_follows_the_published_formula():
    interval, step, side = 0.04, 5.0, 100.0
    turns = 2 * np.pi * 1.0 * interval
    speed = turns / (turns + 1) * step / side / interval
    turns = 2 * np.pi * (0.05 + 80 * speed) * interval
    assert smoothed([1.0, 1.0 + interval], [0.0, step], side)[1] == pytest.approx(step * turns / (turns + 1))


def test_jitter_is_removed_and_fast_motion_is_kept():
    times = np.arange(60) / 30
    still = smoothed(times, 0.05 * (-1.0) ** np.arange(60))
    assert np.std(still[10:]) < 0.2 * 0.05
    moving = smoothed(times, np.arange(60) * 20.0)
    assert abs(moving[-1] - 59 * 20) < 3


def test_smoothing_does_not_depend_on_the_size_of_the_image():
    times, xs = np.arange(20) / 30, np.sin(np.arange(20))
    np.testing.assert_allclose(smoothed(times, 2 * xs, side=200), 2 * np.array(smoothed(times, xs, side=100)))


def test_a_time_that_does_not_increase_restarts_the_filter():
    assert smoothed([1.0, 1.1, 1.1, 0.5], [0.0, 4.0, 8.0, 9.0])[2:] == [8.0, 9.0]


def test_visibility_follows_slowly():
    smoother, place = Smoother(), np.zeros((1, 2))
    smoother(0.0, place, np.array([1.0]), 100)
    assert smoother(0.1, place, np.array([0.0]), 100)[1] == pytest.approx(0.9)
