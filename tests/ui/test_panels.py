from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PyQt5.QtCore import QPointF, Qt
from PyQt5.QtTest import QTest

from live_stf.skeleton import OPENPOSE_18
from live_stf.types import SCENE, Event, Rates, State
from live_stf.ui import attention_colours
from live_stf.ui.attention_matrix import AttentionMatrix
from live_stf.ui.attention_panel import AttentionPanel
from live_stf.ui.body_map import BodyMap, _spread
from live_stf.ui.class_bars import ClassBars
from live_stf.ui.fonts import width
from live_stf.ui.person_list import PersonList
from live_stf.ui.status_line import StatusLine
from live_stf.ui.wording import event_words, filling_words, rate_words, short_person, short_source
from tests.fakes import FakeClock

LABELS = ("walk", "sit_down", "squat", "drink", "wave", "jump", "none_of_these")


def filled_width(image, row_middle):
    """How far a bar reaches: the pixels of the row that are not the track's colour, from the left."""
    track = image.pixelColor(image.width() - 4, row_middle)
    return next((x for x in range(3, image.width()) if image.pixelColor(x, row_middle) == track), image.width())


def test_the_five_most_probable_classes_stand_in_order():
    bars = ClassBars(LABELS)
    bars.resize(400, bars.sizeHint().height())
    bars.show_scores(np.array([0.05, 0.3, 0.01, 0.02, 0.4, 0.2, 0.02], np.float32), "wave")
    assert [name for name, _ in bars.best] == ["wave", "sit_down", "jump", "walk", "drink"]
    assert [probability for _, probability in bars.best] == pytest.approx([0.4, 0.3, 0.2, 0.05, 0.02])
    image = bars.grab().toImage()
    reach = [filled_width(image, row * 31 + 2) / image.width() for row in range(5)]
    assert reach == pytest.approx([0.4, 0.3, 0.2, 0.05, 0.02], abs=0.02)


def test_bars_are_empty_without_scores_and_fewer_with_few_classes():
    bars = ClassBars(LABELS[:3])
    bars.show_scores(np.float32([0.2, 0.7, 0.1]))
    assert [name for name, _ in bars.best] == ["sit_down", "walk", "squat"]
    bars.show_scores(None)
    assert bars.best == []


def test_a_click_on_a_card_chooses_that_person():
    for count in (1, 2, 5):
        cards = PersonList(150)
        cards.show_events({10 + i: Event(10 + i, 0.0, State.UNSURE) for i in range(count)}, None)
        cards.resize(360, cards.sizeHint().height())
        chosen = []
        cards.chosen.connect(chosen.append)
        for position in range(count):
            place = cards.card_of(position)
            assert cards.rect().contains(place.toAlignedRect())
            QTest.mouseClick(cards, Qt.LeftButton, pos=place.center().toPoint())
        assert chosen == [10 + i for i in range(count)]


def test_cards_show_every_state_differently():
    events = [
        Event(1, 0, State.LABEL, "squat", 0.9),
        Event(1, 0, State.LABEL, "squat", 0.9, filled=0.4),
        Event(1, 0, State.UNSURE, None, 0.9),
        Event(1, 0, State.FILLING, filled=0.3),
    ]
    seen = []
    for event in events:
        cards = PersonList(150)
        cards.show_events({1: event}, 1)
        cards.resize(300, cards.sizeHint().height())
        seen.append(cards.grab().toImage())
    assert all(one != other for i, one in enumerate(seen) for other in seen[:i])


def test_words():
    assert event_words(Event(1, 0, State.LABEL, "sit_down", 0.934), 150) == ("sit down", "93 %")
    assert event_words(Event(1, 0, State.UNSURE, None, 0.41), 150) == ("not sure", "")
    assert event_words(Event(1, 0, State.FILLING, filled=80 / 150), 150) == ("filling", "80/150")
    assert event_words(None, 150) == ("", "")
    assert filling_words(Event(1, 0, State.UNSURE, filled=80 / 150), 150) == "Based on 80/150 frames"
    assert filling_words(Event(1, 0, State.LABEL, "walk", 1.0), 150) == ""
    assert filling_words(Event(1, 0, State.FILLING, filled=0.1), 150) == ""
    told = {name: value for name, value, _ in rate_words(Rates(29.97, 28.4, 9.94, 0.0434, 12, 0.0871, 3))}
    assert told == {
        "Capture": "30.0 fps", "Pose": "28.4 fps", "Labels": "9.9/s", "Frame age": "43 ms", "95 % under": "87 ms",
        "Dropped": "12 frames, 3 windows",
    }  # fmt: skip


def test_the_matrix_has_the_attention_under_a_row_of_means(scores_of):
    (grain,) = OPENPOSE_18.grains
    generator = np.random.default_rng(0)
    values = generator.dirichlet(np.ones(6), 18).astype(np.float32)
    matrix = AttentionMatrix(OPENPOSE_18)
    matrix.show_attention(grain, values)
    shown = matrix._image.image
    assert shown.shape == (19, 6)
    assert (shown[1:] == attention_colours.colour_index(values * 6)).all()
    assert (shown[0] == attention_colours.colour_index(attention_colours.part_weights(values))).all()
    share = values[4, 2]
    assert matrix.words_at(2, 5) == f"right wrist to right arm: {100 * share:.0f} %, {6 * share:.2f}x the even share"
    assert matrix.words_at(0, 0).startswith("All joints to head: ")
    assert matrix.words_at(6, 0) == matrix.words_at(0, 19) == matrix.words_at(-1, 3) == ""
    matrix.show_attention(grain, None)
    assert matrix.words_at(2, 5) == ""


def test_cells_lie_where_their_names_are(scores_of):
    panel = AttentionPanel(OPENPOSE_18, 2)
    panel.choose(1)
    panel.resize(380, 520)
    panel.show_scores(scores_of("left arm", 0.9))
    panel.grab()
    matrix = panel.matrix
    box = matrix._plot.getPlotItem().vb
    names = matrix._axes["top"].names
    column = names.index("left arm")
    image = matrix.grab().toImage()
    for row in (0, 1, 10, 18):
        for index in range(6):
            place = matrix._plot.mapFromScene(box.mapViewToScene(QPointF(index + 0.5, row + 0.3)))
            red, _, blue, _ = image.pixelColor(place).getRgb()
            assert (red > blue) == (index == column)


@pytest.mark.parametrize("size", [(258, 190), (300, 260), (420, 700)])
@pytest.mark.parametrize("grain", [0, 1])
def test_every_row_and_column_keeps_room_for_its_name(scores_of, size, grain):
    panel = AttentionPanel(OPENPOSE_18, 2)
    panel.resize(*size)
    panel.choose(grain)
    panel.show_scores(scores_of())
    panel.grab()
    for axis in panel.matrix._axes.values():
        extent = axis.size().height() if axis.orientation == "left" else axis.size().width()
        assert axis._used_font.pixelSize() <= 11
        assert extent / len(axis.names) >= 0.8 * axis._used_font.pixelSize() or axis._used_font.pixelSize() == 7


def test_bars_move_to_their_places_without_jumps():
    clock = FakeClock()
    bars = ClassBars(LABELS, clock=clock)
    bars.resize(400, bars.sizeHint().height())
    bars.show_scores(np.array([0.6, 0.2, 0.1, 0.05, 0.03, 0.02, 0], np.float32), "walk")
    assert (bars._bars["walk"].row, bars._bars["walk"].length) == (0, pytest.approx(0.6))  # the first at once
    bars.show_scores(np.array([0.1, 0.6, 0.1, 0.05, 0.03, 0.12, 0], np.float32), "sit_down")
    seen = []
    while bars._timer.isActive():
        bar = bars._bars["sit_down"]
        seen.append((bar.row, bar.length))
        bars.grab()
        clock.advance(0.033)
        bars._timer.timeout.emit()
    assert len(seen) > 10
    for (row, length), (later_row, later_length) in pairwise(seen):
        assert row >= later_row >= 0
        assert length <= later_length <= 0.6 + 1e-6
        assert row - later_row < 0.5
    assert [(name, bars._bars[name].length) for name in ("sit_down", "jump")] == [
        ("sit_down", pytest.approx(0.6)), ("jump", pytest.approx(0.12)),
    ]  # fmt: skip
    assert set(bars._bars) == {name for name, _ in bars.best}
    bars.set_labels(("hop", "skip"))
    assert bars.best == []
    bars.grab()


def test_the_figure_has_the_colours_and_the_shares_of_its_parts(scores_of):
    figure = BodyMap(OPENPOSE_18, OPENPOSE_18.grains[0])
    figure.resize(360, 320)
    empty = figure.grab().toImage()
    figure.show_attention(scores_of("left arm", 0.5).attention[1])
    shares = dict(figure.shares)
    assert shares["left arm"] == pytest.approx(0.5)
    assert sum(shares.values()) == pytest.approx(1)
    image = figure.grab().toImage()
    assert image != empty
    high = min((320 - 4) / 1.045, (360 - 2 * figure._name_width(12)) / 0.58)
    middle = QPointF(180, (320 - 0.575 * high) / 2)
    for mirrored in (False, True):
        figure.set_mirrored(mirrored)
        image = figure.grab().toImage()
        for joint, part_share in (("left_elbow", 0.5), ("right_elbow", 0.1), ("left_knee", 0.1)):
            at = figure._at(joint, middle, high).toPoint()
            expected = attention_colours.colours(np.float32(6 * part_share))
            assert np.abs(np.subtract(image.pixelColor(at).getRgb()[:3], expected.astype(int))).max() <= 3
        right = figure._at("left_elbow", middle, high).x() > middle.x()
        assert right != mirrored


@pytest.mark.parametrize("size", [(240, 130), (300, 200), (700, 260), (260, 700)])
def test_names_beside_the_figure_do_not_overlap(scores_of, size):
    figure = BodyMap(OPENPOSE_18, OPENPOSE_18.grains[0])
    figure.resize(*size)
    figure.show_attention(scores_of().attention[1])
    figure.grab()
    tops = _spread([(10.0, "a", 0.1), (12.0, "b", 0.2), (size[1], "c", 0.3)], 30, size[1])
    assert all(later - top >= 30 for top, later in pairwise(tops))
    assert tops[0] >= 0
    assert tops[-1] + 30 <= size[1]


def test_the_grain_can_be_chosen(scores_of):
    panel = AttentionPanel(OPENPOSE_18, 2)
    scores = scores_of()
    panel.show_scores(scores)
    panel.choose(1)
    assert panel.matrix._image.image.shape == (19, 6)
    panel.choose(7)  # not there
    assert panel.view == 1
    panel.choose(0)
    assert panel.matrix._image.image.shape == (19, 18)
    assert panel.matrix._axes["top"].names[4] == "right wrist"


def test_the_status_line_shows_rates_and_a_notice(about):
    line = StatusLine()
    line.show_running("clip.mp4", "a model on an engine (a reason)")
    line.resize(1600, 32)
    first = line.grab().toImage()
    line.show_rates(Rates(30, 28, 10, 0.04, 3))
    second = line.grab().toImage()
    line.show_notice("Saved picture.png")
    third = line.grab().toImage()
    line.show_notice("")
    assert first != second != third
    assert line.grab().toImage() == second
    one = line.sizeHint().height()
    line.resize(900, 52)
    assert line.sizeHint().height() > one + 10
    assert line.grab().toImage().copy(0, 28, 900, 20) != line.grab().toImage().copy(0, 0, 900, 20)


def test_rates_that_do_not_fit_are_left_out_of_the_status_line():
    line, rates = StatusLine(), Rates(30, 28, 10, 0.04, 3, 0.06, 2)
    every = [name for name, _, _ in rate_words(rates)]
    seen = [[name for name, *_ in line._fitting_rates(rates, 12, room)] for room in (5000, 0)]
    assert seen == [every, [name for name in every if name not in ("Capture", "95 % under")]]
    widths = [width(name + " ", 12) + wide for name, _, wide in line._fitting_rates(rates, 12, 692)]
    assert sum(widths) + 22 * (len(widths) - 1) <= 692  # the narrowest window


def test_fewer_bars_keep_their_scores():
    bars = ClassBars(LABELS)
    bars.show_scores(np.float32([0.05, 0.3, 0.01, 0.02, 0.4, 0.2, 0.02]), "wave")
    bars.set_count(3)
    assert [name for name, _ in bars.best] == ["wave", "sit_down", "jump"]
    bars.set_count(5)
    assert [name for name, _ in bars.best] == ["wave", "sit_down", "jump", "walk", "drink"]


def test_a_file_is_called_by_its_name_and_an_address_by_all_of_it():
    assert short_source("/home/me/clip.mp4") == "clip.mp4"
    assert short_source("camera 0") == "camera 0"
    assert short_source("stream http://host/a/b") == "stream http://host/a/b"


def test_a_scene_has_no_number() -> None:
    assert [short_person(identity) for identity in (SCENE, 1, 12)] == ["•", "1", "12"]
