"""Cutting a rotated square out of an image, and the way back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_stf.pose.blazepose.region import MARGIN, Region

PLACE = st.floats(-500, 2000)


@given(PLACE, PLACE, PLACE, PLACE)
def test_the_rim_lies_straight_above_the_middle_within_the_margin(x, y, rim_x, rim_y):
    centre, rim = np.array([x, y]), np.array([rim_x, rim_y])
    if np.hypot(*(rim - centre)) < 1e-2:
        return
    region = Region.around(centre, rim)
    assert -np.pi <= region.angle <= np.pi
    np.testing.assert_allclose(region.to_image(np.array([0.5, 0.5])), centre, atol=1e-6)
    np.testing.assert_allclose(region.to_image(np.array([0.5, 0.5 - 0.5 / MARGIN])), rim, atol=1e-6)


def test_the_angle_is_0_for_upright_and_a_quarter_turn_for_lying_to_the_right():
    assert Region.around(np.array([100, 200]), np.array([100, 120])) == Region(100, 200, 200, 0)
    assert Region.around(np.array([100, 200]), np.array([180, 200])).angle == pytest.approx(np.pi / 2)


def test_the_whole_image_is_in_the_middle_of_its_square():
    whole = Region.whole((640, 360))
    corners = whole.to_image(np.array([[0, 0.5 - 360 / 640 / 2], [1, 0.5 + 360 / 640 / 2]]))
    np.testing.assert_allclose(corners, [[0, 0], [640, 360]], atol=1e-9)


@pytest.mark.parametrize("angle", [0.0, 0.4, np.pi / 2, -2.0])
def test_points_of_the_image_are_at_their_places_in_the_cut(angle):
    picture = np.zeros((300, 400, 3), np.uint8)
    region = Region(210, 160, 180, angle)
    seen = np.array([0.25, 0.7])
    cv2.circle(picture, tuple(round(v) for v in region.to_image(seen)), 4, (255, 255, 255), -1)
    cut = np.empty((256, 256, 3), np.uint8)
    region.cut(picture, cut, cv2.BORDER_CONSTANT)
    rows, columns = np.nonzero(cut[..., 0] > 100)
    np.testing.assert_allclose([columns.mean() / 256, rows.mean() / 256], seen, atol=0.005)


def test_outside_the_image_is_black_or_its_edge():
    picture = np.full((100, 100, 3), 200, np.uint8)
    black, edge = np.empty((2, 64, 64, 3), np.uint8)
    Region(0, 50, 100).cut(picture, black, cv2.BORDER_CONSTANT)
    Region(0, 50, 100).cut(picture, edge, cv2.BORDER_REPLICATE)
    assert (black[:, :30] == 0).all()
    assert (edge == 200).all()


def test_overlap_ignores_the_angle():
    assert Region(0, 0, 10).overlap(Region(0, 0, 10, 1.0)) == 1
    assert Region(0, 0, 10).overlap(Region(5, 0, 10)) == pytest.approx(1 / 3)
    assert Region(0, 0, 10).overlap(Region(10, 0, 10)) == 0
    assert Region(0, 0, 10).overlap(Region(0, 0, 5)) == pytest.approx(0.25)
