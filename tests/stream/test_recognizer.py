"""What is known of everybody, from pictures and answers."""

from __future__ import annotations

import numpy as np
import pytest

from live_stf.stream.decision import DecisionSettings
from live_stf.stream.recognizer import Recognizer
from live_stf.types import People, Person, Scores, State

LABELS = ("walk", "wave")


@pytest.fixture
def recognizer():
    return Recognizer(2.0, 20, DecisionSettings(minimum_seen=0.5, smoothing=0.0), LABELS, forget=1.0)


def see(recognizer, times, *identities):
    for time in times:
        joints = np.full((18, 3), time + 1, np.float32)
        recognizer.observe(People(time, (640, 360), tuple(Person(joints, identity) for identity in identities)))


def answer(windows, *probabilities):
    return [Scores(window.identity, window.time, np.array(probabilities)) for window in windows]


def test_nobody_is_known_at_first(recognizer):
    assert recognizer.windows() == []
    assert recognizer.decide([]) == []
    assert recognizer.events() == {}


def test_a_new_person_is_filling_and_has_no_window(recognizer):
    see(recognizer, [0.0, 0.2, 0.4], 1)
    assert recognizer.windows() == []
    (event,) = recognizer.decide([])
    assert (event.identity, event.state) == (1, State.FILLING)
    assert event.filled == pytest.approx(0.2)


def test_who_was_seen_long_enough_gets_windows_and_a_label(recognizer):
    see(recognizer, np.arange(0, 0.61, 0.1), 1, 2)
    windows = recognizer.windows()
    assert [(window.identity, window.joints.shape) for window in windows] == [(1, (20, 18, 3)), (2, (20, 18, 3))]
    events = recognizer.decide(answer(windows[:1], 0.9, 0.1) + answer(windows[1:], 0.5, 0.5))
    assert [(event.identity, event.state, event.label) for event in events] == [
        (1, State.LABEL, "walk"), (2, State.UNSURE, None),
    ]  # fmt: skip
    assert recognizer.events() == {event.identity: event for event in events}


def test_a_window_is_given_out_once(recognizer):
    see(recognizer, np.arange(0, 0.61, 0.1), 1)
    assert len(recognizer.windows()) == 1
    assert recognizer.windows() == []
    see(recognizer, [0.7], 1)
    assert [window.time for window in recognizer.windows()] == [0.7]


def test_a_label_stands_through_a_short_absence(recognizer):
    see(recognizer, np.arange(0, 0.61, 0.1), 1)
    recognizer.decide(answer(recognizer.windows(), 0.9, 0.1))
    see(recognizer, np.arange(0.7, 1.5, 0.1))
    assert recognizer.events()[1].label == "walk"


def test_who_is_gone_is_said_once_and_forgotten(recognizer):
    see(recognizer, np.arange(0, 0.61, 0.1), 1)
    recognizer.decide(answer(recognizer.windows(), 0.9, 0.1))
    see(recognizer, [1.7])
    assert recognizer.events() == {}
    assert [(event.identity, event.state) for event in recognizer.decide([])] == [(1, State.NO_PERSON)]
    assert recognizer.decide([]) == []
    assert recognizer.windows() == []


def test_whoever_was_in_the_picture_is_forgotten_when_no_picture_comes(recognizer):
    see(recognizer, np.arange(0, 0.61, 0.1), 1)
    recognizer.decide(answer(recognizer.windows(), 0.9, 0.1))
    recognizer.expire(1.5)
    assert recognizer.events()[1].label == "walk"
    recognizer.expire(1.7)
    assert recognizer.events() == {}
    assert [(event.identity, event.state) for event in recognizer.decide([])] == [(1, State.NO_PERSON)]


def test_where_the_picture_changes_its_size_a_person_begins_anew(recognizer):
    see(recognizer, np.arange(0, 0.61, 0.1), 1)
    recognizer.decide(answer(recognizer.windows(), 0.9, 0.1))
    recognizer.observe(People(0.7, (320, 180), (Person(np.ones((18, 3), np.float32), 1),)))
    assert recognizer.windows() == []
    assert recognizer.events()[1].state is State.FILLING
    for time in np.arange(0.8, 1.5, 0.1):
        recognizer.observe(People(time, (320, 180), (Person(np.full((18, 3), time, np.float32), 1),)))
    (window,) = recognizer.windows()
    assert window.size == (320, 180)
    assert window.joints[:, :, 0].max() < 2


def test_an_answer_for_somebody_forgotten_meanwhile_is_dropped(recognizer):
    see(recognizer, np.arange(0, 0.61, 0.1), 1)
    windows = recognizer.windows()
    see(recognizer, [1.7])
    assert [event.state for event in recognizer.decide(answer(windows, 0.9, 0.1))] == [State.NO_PERSON]


def test_persons_without_identity_are_left_out(recognizer):
    see(recognizer, np.arange(0, 2, 0.1), 0)
    assert recognizer.windows() == []
    assert recognizer.events() == {}


def test_a_person_seen_long_enough_in_a_short_span_is_not_filling_for_ever():
    short = Recognizer(0.5, 10, DecisionSettings(minimum_seen=1.0), LABELS)
    see(short, np.arange(0, 2, 0.1), 1)
    assert len(short.windows()) == 1
