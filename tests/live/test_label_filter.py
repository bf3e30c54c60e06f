from __future__ import annotations

from live_stf.live.label_filter import filter_labels
from live_stf.types import Event, State


def test_other_labels_become_unsure():
    events = {
        1: Event(1, 2.0, State.LABEL, "walk", 0.9),
        2: Event(2, 2.0, State.LABEL, "wave", 0.8),
        3: Event(3, 2.0, State.FILLING, filled=0.3),
    }
    assert filter_labels(events, None) == events
    heard = filter_labels(events, {"wave"})
    assert (heard[1].state, heard[1].label) == (State.UNSURE, None)
    assert (heard[2], heard[3]) == (events[2], events[3])
    assert all(event.state is not State.LABEL for event in filter_labels(events, frozenset()).values())
