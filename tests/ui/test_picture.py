from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt5.QtCore import QRectF, QSize

from live_stf.skeleton import OPENPOSE_18
from live_stf.types import Frame, People, Snapshot
from live_stf.ui.overlay import Style
from live_stf.ui.picture import PictureView, fit, to_image

sides = st.integers(16, 4000)


@given(sides, sides, sides, sides)
def test_the_picture_keeps_its_aspect_and_fills_one_side(width, height, wide, high):
    place = QRectF(0, 0, wide, high)
    area = fit(QSize(width, height), place)
    assert area.width() / area.height() == pytest.approx(width / height, rel=1e-6)
    assert area.width() == pytest.approx(wide) or area.height() == pytest.approx(high)
    assert area.width() <= wide * (1 + 1e-9)
    assert area.height() <= high * (1 + 1e-9)
    assert area.center().x() == pytest.approx(place.center().x())


def test_an_image_owns_its_pixels_in_the_right_colours():
    pixels = np.zeros((5, 7, 3), np.uint8)
    pixels[2, 3] = (10, 20, 200)
    image = to_image(Frame(pixels, 0, 0))
    pixels[:] = 77
    assert image.pixelColor(3, 2).getRgb()[:3] == (200, 20, 10)
    assert image.pixelColor(0, 0).getRgb()[:3] == (0, 0, 0)


def view(snapshot, width=800, height=450):
    picture = PictureView(OPENPOSE_18, Style())
    picture.resize(width, height)
    picture.show_snapshot(snapshot)
    return picture.grab().toImage()


def test_the_picture_is_seen_with_the_people_on_it(snapshot):
    seen = view(snapshot)
    knee = 1.25 * snapshot.people.persons[0].joints[OPENPOSE_18.index("left_knee"), :2]
    assert seen.pixelColor(20, 300).getRgb()[:3] == (90, 90, 90)
    assert seen.pixelColor(*knee.round().astype(int).tolist()).getRgb()[:3] != (90, 90, 90)


def different(one, other):
    return one != other


def test_a_large_picture_is_averaged_on_a_small_screen():
    stripes = np.zeros((1440, 2560, 3), np.uint8)
    stripes[:, ::2] = 200
    seen = view(Snapshot(frame=Frame(stripes, 0, 0)), 320, 180)
    reds = [seen.pixelColor(x, 90).red() for x in range(20, 300)]
    assert max(reds) - min(reds) < 20
    assert np.mean(reds) == pytest.approx(100, abs=8)


def test_nobody_a_message_and_freezing_are_told(snapshot):
    empty = Snapshot(frame=snapshot.frame, people=People(1.0, snapshot.people.size))
    plain = Snapshot(frame=snapshot.frame)
    ended = Snapshot(frame=snapshot.frame, message="clip.mp4 has ended", finished=True)
    seen = [view(one) for one in (plain, empty, ended, Snapshot(), Snapshot(message="no picture"))]
    assert all(different(one, other) for i, one in enumerate(seen) for other in seen[:i])
    picture = PictureView(OPENPOSE_18, Style())
    picture.resize(800, 450)
    picture.show_snapshot(plain)
    picture.set_frozen(True)
    assert different(picture.grab().toImage(), seen[0])
