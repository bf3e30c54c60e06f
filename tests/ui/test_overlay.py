from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt5.QtCore import QPointF, QRectF, QSizeF
from PyQt5.QtGui import QImage, QPainter

from live_stf.skeleton import OPENPOSE_18
from live_stf.types import Event, People, Person, State
from live_stf.ui import theme
from live_stf.ui.attention_colours import colours
from live_stf.ui.overlay import Style, annotate, paint, place_tag

SIZE = (640, 360)
BARE = Style(tags=False, legend=False)
SQUAT = {1: Event(1, 1.0, State.LABEL, "squat", 0.93)}


def blank(size=SIZE, value=90):
    return np.full((size[1], size[0], 3), value, np.uint8)


def middle(person, child, parent):
    """Pixel in the middle of a bone, as (row, column)."""
    ends = person.joints[[OPENPOSE_18.index(child), OPENPOSE_18.index(parent)], :2]
    column, row = ends.mean(axis=0).round().astype(int)
    return row, column


def rgb(pixel):
    return pixel[::-1].tolist()


@pytest.mark.parametrize("share", [0.05, 1 / 6, 0.3, 0.9])
def test_a_limb_has_the_colour_of_its_attention_and_the_others_theirs(standing, scores_of, share):
    person = standing()
    painted = annotate(blank(), People(1, SIZE, (person,)), {}, {1: scores_of("left arm", share)}, style=BARE)
    for part, bone in {"left arm": ("left_elbow", "left_shoulder"), "right leg": ("right_knee", "right_hip")}.items():
        expected = colours(np.float32(6 * (share if part == "left arm" else (1 - share) / 5)))
        assert np.abs(np.subtract(rgb(painted[middle(person, *bone)]), expected.astype(int))).max() <= 3


def test_without_attention_or_tint_all_limbs_are_alike(standing, scores_of):
    person, people = standing(), People(1, SIZE, (standing(),))
    arm, leg = middle(person, "left_elbow", "left_shoulder"), middle(person, "right_knee", "right_hip")
    for scores, style in (({}, BARE), ({1: scores_of("left arm", 0.9)}, Style(tint=False, tags=False, legend=False))):
        painted = annotate(blank(), people, {}, scores, style=style)
        assert rgb(painted[arm]) == rgb(painted[leg]) != [90, 90, 90]


def test_absent_joints_and_their_bones_draw_nothing(standing):
    person = standing()
    joints = person.joints.copy()
    gone = [OPENPOSE_18.index(joint) for joint in ("left_elbow", "left_wrist")]
    joints[gone] = 0
    painted = annotate(blank(), People(1, SIZE, (Person(joints, 1),)), {}, {}, style=BARE)
    assert rgb(painted[middle(person, "left_wrist", "left_elbow")]) == [90, 90, 90]
    assert rgb(painted[middle(person, "left_elbow", "left_shoulder")]) == [90, 90, 90]
    assert (painted[:40, :40] == 90).all(), "an absent joint lies at (0, 0) and must not be drawn there"
    assert rgb(painted[middle(person, "right_wrist", "right_elbow")]) != [90, 90, 90]


@pytest.mark.parametrize("persons", [(), (Person(np.zeros((18, 3), np.float32), 1),)], ids=["nobody", "no joints"])
def test_without_people_the_picture_stays_unchanged(persons, scores_of):
    assert (annotate(blank(), People(1, SIZE, persons), SQUAT, {}) == blank()).all()
    assert (annotate(blank(), None, {}, {}) == blank()).all()


@pytest.mark.parametrize("size", [(641, 361), (359, 203), (64, 48)])
def test_any_picture_size_and_memory_layout(standing, scores_of, size):
    wide = np.random.default_rng(0).integers(0, 255, (size[1], size[0] + 5, 3), np.uint8)
    image = wide[:, 5:]
    before = wide.copy()
    person = standing(size[0] / 2, size[1] / 4, 0.8 * size[1])
    painted = annotate(image, People(1, size, (person,)), SQUAT, {1: scores_of()})
    assert painted.shape == image.shape
    assert painted.dtype == np.uint8
    assert (wide == before).all(), "the picture that was given is not painted on"
    assert (painted != image).any()
    # Far from the person nothing changes: rows are where they were.
    assert (painted[-1, :8] == image[-1, :8]).all()


def test_painting_follows_the_place_of_the_picture(standing):
    person = standing()
    people = People(1, SIZE, (person,))
    canvas = QImage(1400, 800, QImage.Format_RGB32)
    canvas.fill(0)
    painter = QPainter(canvas)
    paint(painter, QRectF(100, 50, 1280, 720), people, {}, {}, style=BARE)
    painter.end()
    row, column = middle(person, "left_knee", "left_hip")
    assert canvas.pixelColor(100 + 2 * column, 50 + 2 * row).red() > 180
    assert canvas.pixelColor(column, row).red() == 0


def test_persons_keep_their_own_colours(standing):
    people = People(1, SIZE, (standing(200), standing(450, identity=2)))
    painted = annotate(blank(), people, {}, {}, style=BARE)
    for person in people.persons:
        x, y = person.joints[OPENPOSE_18.index("left_knee"), :2].round().astype(int)
        assert rgb(painted[y, x]) == list(theme.person_colour(person.identity).getRgb()[:3])


def badge_pixels(painted, identity):
    colour = np.array(theme.person_colour(identity).getRgb()[:3])
    return int((painted[..., ::-1] == colour).all(axis=-1).sum())


@pytest.mark.parametrize("place", [(20, 10), (620, 10), (320, 11), (8, 200), (632, 200), (320, 355)])
def test_a_tag_stays_whole_at_every_edge(standing, place):
    def tag_of(x, y):
        joints = standing(x, y, 60).joints.copy()
        hidden = ~np.isin(np.arange(18), OPENPOSE_18.grains[0].parts[0].joints)
        outside = (joints[:, :2] < 0).any(axis=1) | (joints[:, :2] >= SIZE).any(axis=1)
        joints[hidden | outside] = 0
        people = People(1, SIZE, (Person(joints, 1),))
        bare = annotate(blank(), people, SQUAT, {}, style=BARE)
        return badge_pixels(annotate(blank(), people, SQUAT, {}), 1) - badge_pixels(bare, 1)

    whole = tag_of(320, 180)
    assert whole > 50
    assert tag_of(*place) >= 0.9 * whole


area = QRectF(10, 20, 640, 360)
heads = st.builds(
    lambda x, y, side: QRectF(x, y, side, side), st.floats(-50, 700), st.floats(-50, 420), st.floats(0, 150)
)
sizes = st.builds(QSizeF, st.floats(20, 640), st.floats(10, 40))
tags = st.lists(
    st.builds(lambda x, y: QRectF(QPointF(x, y), QSizeF(90, 20)), st.floats(10, 550), st.floats(20, 350)), max_size=4
)


@given(heads, sizes, tags)
def test_a_tag_is_inside_of_the_picture(head, size, taken):
    tag = place_tag(head, size, area, taken)
    assert tag.size() == size
    assert tag.left() >= area.left() - 1e-6
    assert tag.right() <= area.right() + 1e-6
    assert tag.top() >= area.top() - 1e-6
    assert tag.bottom() <= area.bottom() + 1e-6


def test_a_tag_stands_above_the_head_without_overlapping_another():
    head, size = QRectF(300, 200, 40, 40), QSizeF(120, 24)
    first = place_tag(head, size, area, [])
    assert first.bottom() < head.top()
    assert first.center().x() == pytest.approx(head.center().x())
    second = place_tag(head, size, area, [first])
    assert not second.intersects(first)
    assert not second.intersects(head)


def test_tags_show_the_state_of_a_person(standing):
    people = People(1, SIZE, (standing(),))
    events = [
        Event(1, 1.0, State.LABEL, "squat", 0.93),
        Event(1, 1.0, State.LABEL, "walk", 0.93),
        Event(1, 1.0, State.UNSURE, None, 0.4),
        Event(1, 1.0, State.FILLING, filled=0.2),
        Event(1, 1.0, State.FILLING, filled=0.6),
    ]
    painted = [annotate(blank(), people, {1: event}, {}) for event in events]
    assert all((one != other).any() for i, one in enumerate(painted) for other in painted[:i])


def test_the_legend_is_there_with_attention_only(standing, scores_of):
    people = People(1, SIZE, (standing(),))
    corner = np.s_[-40:, -240:]
    assert (annotate(blank(), people, {}, {})[corner] == 90).all()
    painted = annotate(blank(), people, {}, {1: scores_of()})[corner]
    assert (painted != 90).mean() > 0.3


def test_annotating_needs_no_display_and_no_application():
    program = (
        "import cv2, numpy as np; from live_stf.ui.overlay import annotate; from live_stf.types import *;"
        "joints = np.random.default_rng(0).uniform(20, 200, (18, 3)).astype('f4');"
        "image = np.zeros((240, 320, 3), 'u1');"
        "people = People(0, (320, 240), (Person(joints, 1),));"
        "assert annotate(image, people, {1: Event(1, 0, State.UNSURE)}, {}).any()"
    )
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("QT_", "DISPLAY", "WAYLAND"))}
    ended = subprocess.run([sys.executable, "-c", program], env=bare, capture_output=True, text=True, timeout=170)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
