"""The mapping between an image and a network's input."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_stf.pose.warp import GREY, Warp, crop, letterbox

sides = st.integers(16, 2000)
sizes = st.tuples(sides, sides)
places = st.floats(-500, 2500, allow_nan=False)


def to_input(warp: Warp, points: np.ndarray) -> np.ndarray:
    """Points (..., 2) of the image in coordinates of the input."""
    return points * warp.scale + np.asarray(warp.offset)


def corners(size: tuple[int, int]) -> np.ndarray:
    return np.array([(0.0, 0.0), size])


@given(sizes, sizes, places, places)
def test_points_of_the_input_map_back_to_the_image(image_size, size, x, y):
    for warp in (letterbox(image_size, size), crop(np.array([x, y, x + 50, y + 90]), size)):
        points = np.array([[x, y], [0.0, 0.0], image_size])
        np.testing.assert_allclose(warp.to_image(to_input(warp, points)), points, atol=1e-6)


@given(sizes, sizes)
def test_a_letterbox_holds_the_whole_image_as_large_as_possible(image_size, size):
    low, high = to_input(letterbox(image_size, size), corners(image_size))
    assert (low >= -0.51).all()
    assert (high <= np.add(size, 0.51)).all()
    assert np.isclose(high - low, size).any()
    # In the middle, rounded to whole pixels.
    np.testing.assert_allclose((low + high) / 2, np.array(size) / 2, atol=0.51)


@given(sizes, places, places, st.floats(1, 800), st.floats(1, 800))
def test_a_crop_holds_its_padded_box_widened_only_to_its_shape(size, left, top, width, height):
    warp = crop(np.array([left, top, left + width, top + height]), size)
    low, high = to_input(warp, np.array([(left, top), (left + width, top + height)]))
    np.testing.assert_allclose((low + high) / 2, np.array(size) / 2, atol=1e-6)
    share = (high - low) * 1.25 / np.array(size)
    assert share.max() == pytest.approx(1.0)


def blurred_dot(size: tuple[int, int], x: int, y: int) -> np.ndarray:
    image = np.zeros((size[1], size[0], 3), np.uint8)
    cv2.circle(image, (x, y), 20, (255, 255, 255), -1)
    return cv2.GaussianBlur(image, (0, 0), 4)  # sampling a sharp edge would shift the centre


@pytest.mark.parametrize(
    "warp",
    [
        letterbox((400, 300), (160, 160)),
        letterbox((400, 300), (640, 480)),
        crop(np.array([80, 60, 280, 260]), (96, 128)),
    ],
)
def test_points_map_to_their_places_in_the_cut(warp):
    image = blurred_dot((400, 300), 170, 140)
    cut = warp.cut(image).astype(float)[..., 0]
    assert cut.shape == warp.size[::-1]
    # The grey outside the image is not part of the dot.
    cut[cut <= GREY] = 0.0
    rows, columns = np.mgrid[: cut.shape[0], : cut.shape[1]] + 0.5
    centre = np.array([(columns * cut).sum(), (rows * cut).sum()]) / cut.sum()
    np.testing.assert_allclose(warp.to_image(centre), (170.5, 140.5), atol=0.1)


def test_a_letterbox_of_the_same_size_changes_nothing():
    image = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    np.testing.assert_array_equal(letterbox((64, 48), (64, 48)).cut(image), image)
    padded = letterbox((64, 48), (64, 64)).cut(image)
    np.testing.assert_array_equal(padded[8:56], image)
    assert (padded[:8] == GREY).all()
    assert (padded[56:] == GREY).all()


def test_outside_a_crop_is_black():
    cut = crop(np.array([-200, -200, -100, -100]), (32, 32)).cut(np.full((50, 50, 3), 200, np.uint8))
    assert not cut.any()
    assert Warp(1.0, (0.0, 0.0), (4, 4)).cut(np.full((2, 2, 3), 200, np.uint8)).sum() == 3 * 4 * 200
