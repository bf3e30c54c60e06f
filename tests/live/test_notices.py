"""Trouble of a source is reported once, and so is its end."""

from __future__ import annotations

from live_stf.live.notices import Notices
from live_stf.types import Snapshot


def test_trouble_is_reported_when_it_begins_changes_and_ends():
    said: list[str] = []
    notices = Notices(said.append)
    for message in ("", "", "no frame", "no frame", "cannot be reached", "", "", "no frame"):
        notices.take(Snapshot(message=message))
    assert said == ["no frame", "cannot be reached", "frames come again", "no frame"]


def test_the_end_of_a_run_is_not_reported():
    said: list[str] = []
    Notices(said.append).take(Snapshot(message="clip.mp4 has ended", finished=True))
    assert said == []
