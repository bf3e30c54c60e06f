"""What is known of everybody, from pictures and answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from live_stf.decision import DecisionSettings
from live_stf.live.person_states import PersonStates
from live_stf.model import Model
from live_stf.preparation import Preparation
from live_stf.types import SCENE, People, Person, Scores, State

LABELS = ("walk", "wave")


def model_of(span, frames, bodies=1, **decision):
    preparation = Preparation(span=span, frames=frames, bodies=bodies, coordinates="kinetics")
    return Model(Path("nowhere"), "made", LABELS, {}, preparation, decision=DecisionSettings(**decision))


@pytest.fixture
def recognizer():
    return PersonStates(model_of(2.0, 20, minimum_seen=0.5, smoothing=0.0), forget=1.0)


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


def test_a_person_seen_long_enough_gets_windows_and_a_label(recognizer):
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


def test_a_person_who_left_is_reported_once_and_forgotten(recognizer):
    see(recognizer, np.arange(0, 0.61, 0.1), 1)
    recognizer.decide(answer(recognizer.windows(), 0.9, 0.1))
    see(recognizer, [1.7])
    assert recognizer.events() == {}
    assert [(event.identity, event.state) for event in recognizer.decide([])] == [(1, State.NO_PERSON)]
    assert recognizer.decide([]) == []
    assert recognizer.windows() == []


def test_people_in_view_are_forgotten_when_no_frame_comes(recognizer):
    see(recognizer, np.arange(0, 0.61, 0.1), 1)
    recognizer.decide(answer(recognizer.windows(), 0.9, 0.1))
    recognizer.expire(1.5)
    assert recognizer.events()[1].label == "walk"
    recognizer.expire(1.7)
    assert recognizer.events() == {}
    assert [(event.identity, event.state) for event in recognizer.decide([])] == [(1, State.NO_PERSON)]


def test_a_change_of_frame_size_starts_a_new_window(recognizer):
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
    short = PersonStates(model_of(0.5, 10, minimum_seen=1.0))
    see(short, np.arange(0, 2, 0.1), 1)
    assert len(short.windows()) == 1


@pytest.fixture
def scenes():
    return PersonStates(model_of(2.0, 20, bodies=2, minimum_seen=0.5, smoothing=0.0), forget=1.0)


def test_a_network_of_two_bodies_gets_all_people_as_one_scene(scenes):
    see(scenes, np.arange(0, 0.31, 0.1), 1)
    assert scenes.events()[SCENE].state is State.FILLING
    see(scenes, np.arange(0.4, 0.81, 0.1), 1, 2, 3)
    (window,) = scenes.windows()
    assert (window.identity, window.joints.shape) == (SCENE, (3, 20, 18, 3))
    (event,) = scenes.decide(answer([window], 0.9, 0.1))
    assert (event.identity, event.state, event.label) == (SCENE, State.LABEL, "walk")


def test_a_scene_goes_on_while_anybody_is_there(scenes):
    see(scenes, np.arange(0, 0.61, 0.1), 1, 2)
    scenes.decide(answer(scenes.windows(), 0.9, 0.1))
    see(scenes, np.arange(0.7, 3.0, 0.1), 2)
    assert scenes.events()[SCENE].label == "walk"
    (window,) = scenes.windows()
    assert window.joints.shape[0] == 1  # the other one has left the span
    see(scenes, [4.5])
    assert scenes.events() == {}
    assert [(event.identity, event.state) for event in scenes.decide([])] == [(SCENE, State.NO_PERSON)]
