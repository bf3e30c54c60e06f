from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt5.QtCore import QRectF, QSize
from PyQt5.QtGui import QColor, QImage
from PyQt5.QtWidgets import QWidget

from live_stf.skeleton import OPENPOSE_18
from live_stf.types import Frame, People, Snapshot
from live_stf.ui.composer import Canvas, Job
from live_stf.ui.overlay import Style
from live_stf.ui.picture import PictureView, fit

sides = st.integers(16, 4000)


@given(sides, sides, sides, sides)
def test_the_picture_keeps_its_aspect_and_fills_one_side(width, height, wide, high):
    place = QRectF(0, 0, wide, high)
    area = fit(QSize(width, height), place)
    scale = min(wide / width, high / height)
    assert area.width() == pytest.approx(max(width * scale, 1), abs=0.51)
    assert area.height() == pytest.approx(max(height * scale, 1), abs=0.51)
    assert area.width() <= wide
    assert area.height() <= high
    assert area.center().x() == pytest.approx(place.center().x(), abs=0.51)
    assert area == QRectF(area.toRect())


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("size", [(7, 5), (70, 50), (14, 10)])
def test_a_picture_is_scaled_in_the_right_colours_and_its_own_pixels_are_left_alone(size, mirrored):
    pixels = np.zeros((50, 70, 3), np.uint8)
    pixels[20:40, 30:60] = (10, 20, 200)
    before = pixels.copy()
    canvas, style = Canvas(), Style(mirrored=mirrored)
    for _ in range(2):  # the second time into the same memory
        image = canvas.compose(Job(pixels, Snapshot(frame=Frame(pixels, 0, 0)), OPENPOSE_18, style, size, 1.0))
    assert (image.width(), image.height()) == size
    x = size[0] - 1 - 45 * size[0] // 70 if mirrored else 45 * size[0] // 70
    assert image.pixelColor(x, 30 * size[1] // 50).getRgb()[:3] == (200, 20, 10)
    assert image.pixelColor(size[0] - 1 if not mirrored else 0, 0).getRgb()[:3] == (0, 0, 0)
    assert (pixels == before).all()


def view(snapshot, width=800, height=450):
    picture = PictureView(Style())
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


@pytest.mark.parametrize("ratio", [1.0, 1.04, 1.25, 1.5, 1.75])
@pytest.mark.parametrize("size", [(400, 301), (401, 221), (333, 260)])
def test_the_whole_widget_is_painted_at_every_scale_of_the_desktop(snapshot, ratio, size):
    view = PictureView(Style())
    view.resize(*size)
    view.show_snapshot(snapshot)
    seen = []
    for colour in ("#ff00ff", "#00ff00"):
        ground = QImage(round(size[0] * ratio), round(size[1] * ratio), QImage.Format_RGB32)
        ground.setDevicePixelRatio(ratio)
        ground.fill(QColor(colour))
        view.render(ground, flags=QWidget.RenderFlags())
        seen.append(ground)
    assert not different(*seen)


def test_messages_pauses_and_missing_people_are_shown(snapshot):
    empty = Snapshot(frame=snapshot.frame, people=People(1.0, snapshot.people.size))
    plain = Snapshot(frame=snapshot.frame)
    ended = Snapshot(frame=snapshot.frame, message="clip.mp4 has ended", finished=True)
    seen = [view(one) for one in (plain, empty, ended, Snapshot(), Snapshot(message="no picture"))]
    assert all(different(one, other) for i, one in enumerate(seen) for other in seen[:i])
    picture = PictureView(Style())
    picture.resize(800, 450)
    picture.show_snapshot(plain)
    picture.set_paused(True)
    assert different(picture.grab().toImage(), seen[0])
