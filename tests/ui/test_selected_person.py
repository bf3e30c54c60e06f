"""Whose details are shown while people are named, leave and are chosen."""

from __future__ import annotations

from live_stf.types import Event, State
from live_stf.ui.selected_person import Selection


def events(**states):
    """p1=State.LABEL: the event of person 1."""
    return {
        int(name[1:]): Event(int(name[1:]), 1.0, state, "walk" if state is State.LABEL else None)
        for name, state in states.items()
    }


def shown(selection, **states):
    selection.follow(events(**states))
    return selection.identity


def test_nobody_is_selected_while_nobody_is_in_view():
    selection = Selection()
    assert shown(selection) is None
    assert shown(selection, p3=State.UNSURE) == 3
    assert shown(selection) is None


def test_people_with_a_label_are_selected_first_unless_the_user_chooses():
    selection = Selection()
    assert shown(selection, p1=State.UNSURE, p2=State.UNSURE) == 1
    assert shown(selection, p1=State.UNSURE, p2=State.LABEL) == 2
    assert shown(selection, p1=State.LABEL, p2=State.LABEL) == 2
    assert shown(selection, p1=State.LABEL, p2=State.UNSURE) == 1
    selection.choose(2)
    assert shown(selection, p1=State.LABEL, p2=State.UNSURE) == 2
    assert shown(selection, p1=State.UNSURE) == 1
    assert shown(selection, p1=State.UNSURE, p2=State.LABEL) == 2, "the choice ended when its person left"


def test_the_first_person_follows_the_last():
    selection = Selection()
    selection.choose_next({})
    assert selection.identity is None
    there = events(p2=State.UNSURE, p5=State.UNSURE)
    chosen = []
    for _ in range(3):
        selection.choose_next(there)
        chosen.append(selection.identity)
    assert chosen == [2, 5, 2]
    selection.follow(events(p2=State.UNSURE, p5=State.LABEL))
    assert selection.identity == 2
