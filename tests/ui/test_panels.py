from __future__ import annotations

import numpy as np
import pytest
from PyQt5.QtCore import QPointF, Qt
from PyQt5.QtTest import QTest

from live_stf.skeleton import OPENPOSE_18
from live_stf.types import Event, Rates, State
from live_stf.ui import attention
from live_stf.ui.attention_panel import AttentionPanel
from live_stf.ui.bars import ClassBars
from live_stf.ui.matrix import AttentionMatrix
from live_stf.ui.person_list import PersonList
from live_stf.ui.status import StatusLine
from live_stf.ui.wording import event_words, filling_words, rate_words

LABELS = ("walk", "sit_down", "squat", "drink", "wave", "jump", "none_of_these")


def filled_width(image, row_middle):
    """How far a bar reaches: the pixels of the row that are not the track's colour, from the left."""
    track = image.pixelColor(image.width() - 4, row_middle)
    return next(
        (x for x in range(3, image.width()) if image.pixelColor(x, row_middle) == track), image.width()
    )


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
    assert filling_words(Event(1, 0, State.UNSURE, filled=80 / 150), 150) == "Looking at 80/150 frames"
    assert filling_words(Event(1, 0, State.LABEL, "walk", 1.0), 150) == ""
    assert filling_words(Event(1, 0, State.FILLING, filled=0.1), 150) == ""
    told = dict(rate_words(Rates(29.97, 28.4, 9.94, 0.0434, 12)))
    assert told == {
        "Capture": "30.0 fps", "Pose": "28.4 fps", "Labels": "9.9/s", "Frame age": "43 ms", "Dropped": "12",
    }  # fmt: skip


def test_the_matrix_has_the_attention_under_a_row_of_means(scores_of):
    (grain,) = OPENPOSE_18.grains
    generator = np.random.default_rng(0)
    values = generator.dirichlet(np.ones(6), 18).astype(np.float32)
    matrix = AttentionMatrix(OPENPOSE_18)
    matrix.show_attention(grain, values)
    shown = matrix._image.image
    assert shown.shape == (19, 6)
    assert (shown[1:] == attention.colour_index(values * 6)).all()
    assert (shown[0] == attention.colour_index(attention.part_weights(values))).all()
    share = values[4, 2]
    assert matrix.words_at(2, 5) == f"right wrist to right arm: {100 * share:.0f} %, {6 * share:.2f} x the even share"
    assert matrix.words_at(0, 0).startswith("All joints to head: ")
    assert matrix.words_at(6, 0) == matrix.words_at(0, 19) == matrix.words_at(-1, 3) == ""
    matrix.show_attention(grain, None)
    assert matrix.words_at(2, 5) == ""


def test_cells_lie_where_their_names_are(scores_of):
    panel = AttentionPanel(OPENPOSE_18, 2)
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
    panel.choose_grain(grain)
    panel.show_scores(scores_of())
    panel.grab()
    for axis in panel.matrix._axes.values():
        extent = axis.size().height() if axis.orientation == "left" else axis.size().width()
        assert axis._used_font.pixelSize() <= 11
        assert extent / len(axis.names) >= 0.8 * axis._used_font.pixelSize() or axis._used_font.pixelSize() == 7


def test_the_grain_can_be_chosen(scores_of):
    panel = AttentionPanel(OPENPOSE_18, 2)
    scores = scores_of()
    panel.show_scores(scores)
    assert panel.matrix._image.image.shape == (19, 6)
    panel.choose_grain(0)
    assert panel.matrix._image.image.shape == (19, 18)
    assert panel.matrix._axes["top"].names[4] == "right wrist"


def test_the_status_line_shows_rates_and_a_notice(about):
    line = StatusLine(about)
    line.resize(1200, 32)
    first = line.grab().toImage()
    line.show_rates(Rates(30, 28, 10, 0.04, 3))
    second = line.grab().toImage()
    line.show_notice("Saved picture.png")
    third = line.grab().toImage()
    line.show_notice("")
    assert first != second != third
    assert line.grab().toImage() == second
