"""Anchors, boxes, and one box per person."""

from __future__ import annotations

import numpy as np
import pytest

from live_stf.pose.blazepose import detection


def row(x: float, y: float, size: float = 0.2, mark: float = 0.0) -> list[float]:
    return [x, y, size, size, *([mark] * 8)]


def test_there_is_one_anchor_per_box():
    places = detection.anchors()
    assert places.shape == (2254, 2)
    assert (places > 0).all()
    assert (places < 1).all()


def test_anchors_go_row_by_row_and_layers_of_one_stride_share_a_place():
    places = detection.anchors()
    np.testing.assert_allclose(places[[0, 1, 2]], [[1 / 56, 1 / 56], [1 / 56, 1 / 56], [3 / 56, 1 / 56]], rtol=1e-6)
    np.testing.assert_allclose(places[28 * 2], [1 / 56, 3 / 56], rtol=1e-6)
    coarse = places[28 * 28 * 2 + 14 * 14 * 2 :]
    assert len(coarse) == 7 * 7 * 6
    np.testing.assert_allclose(coarse[:6], np.full((6, 2), 1 / 14), rtol=1e-6)


def test_boxes_and_points_are_measured_from_their_anchor():
    boxes, scores = np.zeros((2254, 12), np.float32), np.full(2254, -5, np.float32)
    boxes[100] = [22.4, -22.4, 112, 56, 11.2, 0, 0, -44.8, 0, 0, 0, 0]
    scores[100] = 2.0
    places = detection.anchors()
    rows, probabilities = detection.decode(boxes, scores, places)
    x, y = places[100]
    np.testing.assert_allclose(rows, [[x + 0.1, y - 0.1, 0.5, 0.25, x + 0.05, y, x, y - 0.2, x, y, x, y]], rtol=1e-5)
    assert probabilities == pytest.approx(1 / (1 + np.exp(-2)))


def test_boxes_are_sorted_by_probability_and_negative_sizes_dropped():
    boxes, scores = np.ones((2254, 12), np.float32), np.full(2254, -5, np.float32)
    scores[[7, 70, 700]] = 0.5, 3.0, 1.0
    boxes[700, 2] = -4
    rows, probabilities = detection.decode(boxes, scores, detection.anchors())
    assert len(rows) == 2
    assert probabilities[0] > probabilities[1] > 0.5
    np.testing.assert_allclose(rows[0, :2], detection.anchors()[70] + 1 / 224, rtol=1e-5)


def test_boxes_of_one_person_are_averaged_by_probability():
    rows = np.array([row(0.3, 0.3, mark=1.0), row(0.8, 0.8, mark=5.0), row(0.31, 0.3, mark=4.0)])
    merged = detection.merge(rows, np.array([0.9, 0.8, 0.6]))
    assert len(merged) == 2
    assert merged[0, 0] == pytest.approx((0.9 * 0.3 + 0.6 * 0.31) / 1.5)
    assert merged[0, 4] == pytest.approx((0.9 * 1 + 0.6 * 4) / 1.5)
    np.testing.assert_allclose(merged[1], rows[1], rtol=1e-6)


def test_no_boxes_and_boxes_without_area_are_accepted():
    assert detection.merge(np.zeros((0, 12)), np.zeros(0)).shape == (0, 12)
    assert detection.merge(np.array([row(0.5, 0.5, size=0.0)] * 2), np.array([0.9, 0.8])).shape == (2, 12)


def test_overlap_is_intersection_over_union():
    box = np.array([0.5, 0.5, 0.2, 0.2])
    others = np.array([[0.5, 0.5, 0.2, 0.2], [0.6, 0.5, 0.2, 0.2], [0.9, 0.5, 0.2, 0.2]])
    np.testing.assert_allclose(detection.overlaps(others, box), [1, 1 / 3, 0], rtol=1e-6)
