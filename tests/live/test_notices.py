"""Trouble with a source is said once, and that it is over."""

from __future__ import annotations

from live_stf.live.notices import Notices
from live_stf.types import Snapshot


def test_trouble_is_said_when_it_begins_changes_and_ends():
    said: list[str] = []
    notices = Notices(said.append)
    for message in ("", "", "no picture", "no picture", "cannot be reached", "", "", "no picture"):
        notices.take(Snapshot(message=message))
    assert said == ["no picture", "cannot be reached", "pictures come again", "no picture"]


def test_how_a_run_ended_is_left_to_who_ran_it():
    said: list[str] = []
    Notices(said.append).take(Snapshot(message="clip.mp4 has ended", finished=True))
    assert said == []
