"""Reading outputs with known numbers."""

from __future__ import annotations

import numpy as np
import pytest

from live_stf.pose.formats.detectors import DetsAndLabels, YoloBoxes, YoloBoxesEndToEnd
from live_stf.pose.formats.heat_maps import HeatMaps
from live_stf.pose.formats.one_stage import OneStage
from live_stf.pose.formats.output_form import distinct, from_middle
from live_stf.pose.formats.simcc import SimCC
from live_stf.pose.formats.yolo import Yolo, YoloEndToEnd

SIZE = (192, 256)


@pytest.mark.parametrize(
    ("form", "shapes", "joints"),
    [
        (Yolo(), [(1, 56, 8400)], 17),
        (Yolo(), [(1, 59, 2100)], 18),
        (Yolo(), [(1, 84, 8400)], None),
        (Yolo(), [(1, 300, 57)], None),
        (YoloEndToEnd(), [(1, 300, 57)], 17),
        (YoloEndToEnd(), [(1, -1, 60)], 18),
        (YoloEndToEnd(), [(1, 25200, 57)], None),  # YOLOv7-pose: other columns
        (OneStage(), [(1, -1, 5), (1, -1, 17, 3)], 17),
        (OneStage(), [(1, -1, 18, 3), (1, -1, 5)], 18),
        (OneStage(), [(1, -1, 5), (1, -1)], None),
        (SimCC(), [(1, 17, 384), (1, 17, 512)], 17),
        (SimCC(), [(1, 133, 384), (1, 133, 512)], 133),
        (SimCC(), [(1, 17, 512), (1, 17, 384)], None),  # y before x
        (SimCC(), [(1, 17, 384), (1, 18, 512)], None),
        (HeatMaps(), [(1, 17, 64, 48)], 17),
        (HeatMaps(), [(1, 17, 64)], None),
    ],
)
def test_forms_are_recognised_by_shapes(form, shapes, joints):
    assert form.joints(shapes, SIZE) == joints


@pytest.mark.parametrize(
    ("form", "shapes", "fits"),
    [
        (YoloBoxes(), [(1, 84, 8400)], True),
        (YoloBoxes(), [(1, 5, 8400)], True),
        (YoloBoxes(), [(1, 8400, 85)], False),
        (YoloBoxes(), [(1, 300, 6)], False),
        (YoloBoxesEndToEnd(), [(1, 300, 6)], True),
        (DetsAndLabels(), [(1, -1, 5), (1, -1)], True),
        (DetsAndLabels(), [(1, -1, 5), (1, -1, 17, 3)], False),
    ],
)
def test_detectors_are_recognised_by_shapes(form, shapes, fits):
    assert form.fits(shapes) == fits


def test_the_best_of_overlapping_boxes_stays():
    boxes = np.array([[0, 0, 10, 10], [100, 100, 120, 140], [0, 1, 10, 11], [0, 5, 10, 15]], float)
    scores = np.array([0.6, 0.5, 0.9, 0.2])
    assert distinct(boxes, scores, 0.1, 0.5).tolist() == [2, 1, 3]
    assert distinct(boxes, scores, 0.55, 0.9).tolist() == [2, 0]
    assert distinct(boxes, scores, 0.95, 0.5).tolist() == []


def test_boxes_by_middle_and_size_are_converted_to_corners():
    np.testing.assert_allclose(from_middle(np.array([[50.0, 40.0, 20.0, 10.0]])), [[40, 35, 60, 45]])


def bins(centre: float, count: int, top: float) -> np.ndarray:
    return top * np.exp(-((np.arange(count) - centre) ** 2) / 50)


def test_simcc_has_half_pixels_and_the_smaller_score():
    x = np.stack([bins(2 * 50.5, 384, 0.9), bins(0, 384, 0.4)])[None]
    y = np.stack([bins(2 * 200, 512, 0.7), bins(511, 512, 1.2)])[None]
    np.testing.assert_allclose(SimCC().read([x, y], SIZE), [[51, 200.5, 0.7], [0.5, 256, 0.4]], rtol=1e-6)


def test_heat_maps_are_refined_towards_the_higher_neighbour():
    maps = np.zeros((1, 2, 64, 48))
    maps[0, 0, 20, 10], maps[0, 0, 20, 11], maps[0, 0, 19, 10] = 0.8, 0.5, 0.4
    maps[0, 1, 0, 47], maps[0, 1, 1, 47] = 0.6, 0.3  # at the edge of the image
    read = HeatMaps().read([maps], SIZE)
    np.testing.assert_allclose(read[0], [4 * 10.25 + 0.5, 4 * 19.75 + 0.5, 0.8])
    np.testing.assert_allclose(read[1], [4 * 47 + 0.5, 0.5, 0.6])


def test_detectors_keep_only_people():
    rows = np.zeros((10, 4 + 3))
    rows[0] = 50, 50, 20, 20, 0.8, 0.1, 0.1
    rows[1] = 51, 50, 20, 20, 0.7, 0.1, 0.1  # the same person
    rows[2] = 90, 50, 20, 20, 0.6, 0.9, 0.1  # a bicycle
    found = YoloBoxes().read([rows.T[None]], 0.5)
    np.testing.assert_allclose(found.boxes, [[40, 40, 60, 60]])
    ends = np.array([[[1, 2, 3, 4, 0.9, 0], [5, 6, 7, 8, 0.9, 2], [9, 9, 12, 12, 0.1, 0]]], float)
    np.testing.assert_allclose(YoloBoxesEndToEnd().read([ends], 0.5).boxes, [[1, 2, 3, 4]])
    dets = np.array([[[1, 2, 3, 4, 0.9], [5, 6, 7, 8, 0.95]]], float)
    found = DetsAndLabels().read([dets, np.array([[0, 1]])], 0.5)
    np.testing.assert_allclose(found.boxes, [[1, 2, 3, 4]])
    np.testing.assert_allclose(found.scores, [0.9])


def test_end_to_end_rows_of_other_classes_are_dropped():
    rows = np.zeros((1, 3, 57))
    rows[0, :, 4], rows[0, :, 5] = (0.4, 0.8, 0.9), (0, 0, 1)
    rows[0, :, 6] = 1, 2, 3
    bodies = YoloEndToEnd().read([rows], 0.3)
    np.testing.assert_allclose(bodies.scores, [0.8, 0.4])
    np.testing.assert_allclose(bodies.keypoints[:, 0, 0], [2, 1])
