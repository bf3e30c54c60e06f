"""The labels of the last minute, by person."""

from __future__ import annotations

import pytest

from live_stf.types import Event, State
from live_stf.ui.timeline import SPAN, History, Timeline


def event(identity: int, time: float, label: str | None) -> dict[int, Event]:
    state = State.UNSURE if label is None else State.LABEL
    return {identity: Event(identity, time, state, label, 0.9)}


def test_a_bar_lasts_as_long_as_the_label_and_a_gap_starts_a_new_one() -> None:
    history = History()
    for time, label in ((1, None), (2, "wave"), (3, "wave"), (4, None), (5, "wave"), (6, "clap"), (7, "clap")):
        history.take(event(1, time, label), time)
    ((identity, bars),) = history.rows()
    assert identity == 1
    assert [(bar.label, bar.start, bar.end) for bar in bars] == [("wave", 2, 3), ("wave", 5, 5), ("clap", 6, 7)]


def test_bars_end_after_a_minute_and_people_without_labels_have_no_row() -> None:
    history = History()
    history.take({**event(1, 1.0, "wave"), **event(2, 1.0, None)}, 1.0)
    assert [identity for identity, _ in history.rows()] == [1]
    history.take({}, 1.0 + SPAN)
    assert len(history.rows()) == 1
    history.take({}, 1.5 + SPAN)
    assert history.rows() == []


def test_the_newest_three_people_are_shown_and_a_restarted_clip_clears_them() -> None:
    history = History()
    history.take({identity: event(identity, 5.0, "wave")[identity] for identity in range(1, 6)}, 5.0)
    assert [identity for identity, _ in history.rows()] == [3, 4, 5]
    history.take(event(6, 0.5, "clap"), 0.5)
    assert [identity for identity, _ in history.rows()] == [6]


def test_bars_lie_at_their_times(application) -> None:
    timeline = Timeline()
    timeline.resize(632, 60)
    assert timeline.sizeHint().height() == 0
    for time in (10.0, 40.0):
        timeline.show_events(event(1, time, "wave"), time)
    for time in (40.5, 70.0):
        timeline.show_events(event(1, time, None), time)
    ((_, (bar,)),) = timeline.history.rows()
    area = timeline.bar_area(0, bar)
    left, width = 42, 580
    assert area.left() == pytest.approx(left)
    assert area.right() == pytest.approx(left + width / 2)
    assert timeline.sizeHint().height() > 20
    timeline.grab()
