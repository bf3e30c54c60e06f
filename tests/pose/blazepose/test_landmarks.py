"""The landmark network's output, and the heat maps' correction of it."""

from __future__ import annotations

import numpy as np
import pytest

from live_stf.pose.blazepose import landmarks


def cold(size: int = 64, channels: int = 39) -> np.ndarray:
    return np.full((size, size, channels), -10.0, np.float32)


def test_places_are_relative_to_the_region_and_visibility_is_a_probability():
    values = np.zeros((39, 5), np.float32)
    values[0] = [64, 192, 5, 2.0, 9.0]
    places, visibility = landmarks.decode(values.ravel(), cold())
    assert places.shape == (35, 2)
    assert visibility.shape == (33,)
    np.testing.assert_allclose(places[0], [0.25, 0.75])
    assert visibility[0] == pytest.approx(1 / (1 + np.exp(-2)))


def test_a_likely_cell_attracts_a_landmark_but_not_from_too_far():
    heatmap = cold(channels=2)
    heatmap[23, 22, 0] = 8.0  # three rows and two columns away
    heatmap[24, 20, 1] = 8.0  # four rows
    moved = landmarks.refine(np.array([[20.5, 20.5], [20.5, 20.5]]) / 64, heatmap)
    np.testing.assert_allclose(moved[0], np.array([22, 23]) / 64, atol=1e-3)
    np.testing.assert_allclose(moved[1], np.array([20.5, 20.5]) / 64)


def test_a_landmark_moves_to_the_mean_of_likely_cells():
    heatmap = cold(channels=1)
    heatmap[30, 30:32, 0] = 8.0
    np.testing.assert_allclose(landmarks.refine(np.array([[30.5, 30.5]]) / 64, heatmap)[0] * 64, [30.5, 30], atol=0.02)


def test_an_unlikely_heat_map_moves_nothing():
    heatmap = cold(channels=1)
    heatmap[30, 32, 0] = -0.1
    np.testing.assert_allclose(landmarks.refine(np.array([[30.5, 30.5]]) / 64, heatmap)[0] * 64, [30.5, 30.5])


@pytest.mark.parametrize("place", [(-1.5, 5), (64, 5), (5, 64.2), (5, -1.01)])
def test_a_landmark_outside_the_region_stays(place):
    hot = np.full((64, 64, 1), 8.0, np.float32)
    np.testing.assert_allclose(landmarks.refine(np.array([place]) / 64, hot)[0] * 64, place)


def test_at_the_edge_only_existing_cells_count():
    hot = np.full((64, 64, 1), 8.0, np.float32)
    np.testing.assert_allclose(landmarks.refine(np.array([[0.5, 63.5]]) / 64, hot)[0] * 64, [1.5, 61.5], atol=1e-4)


def test_both_code_paths_compute_the_same():
    """One landmark at the edge switches all of them to the slower path, which must not change the others."""
    heatmap = np.random.default_rng(0).normal(size=(64, 64, 3)).astype(np.float32)
    inside = np.array([[20.3, 30.7], [41.2, 9.9]]) / 64
    both = np.concatenate([inside, [[1.0, 63.0]] / np.float64(64)])
    np.testing.assert_allclose(landmarks.refine(both, heatmap)[:2], landmarks.refine(inside, heatmap), atol=1e-6)
