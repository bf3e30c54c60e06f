"""Changes of what people do, and the lines of JSON that they are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from live_stf.errors import LiveStfError
from live_stf.live.events import EventWriter, as_line, changes
from live_stf.types import Event, Frame, People, Snapshot, State

WAVE = Event(1, 2.004, State.LABEL, "wave", 0.93456)


def shot(time: float, *events: Event) -> Snapshot:
    frame = Frame(np.zeros((4, 4, 3), np.uint8), time, 0)
    return Snapshot(frame=frame, people=People(time, (4, 4)), events={event.identity: event for event in events})


def test_changes_are_what_is_new() -> None:
    known: dict[int, Event] = {}
    filling, unsure = Event(1, 0.1, State.FILLING), Event(1, 1.0, State.UNSURE, score=0.3)
    assert changes(known, {1: filling}, 0.1) == [filling]
    assert changes(known, {1: Event(1, 0.2, State.FILLING)}, 0.2) == []
    assert changes(known, {1: unsure}, 1.0) == [unsure]
    wave = Event(1, 2.0, State.LABEL, "wave", 0.9)
    assert changes(known, {1: wave}, 2.0) == [wave]
    assert changes(known, {1: Event(1, 2.1, State.LABEL, "wave", 0.8)}, 2.1) == []
    assert changes(known, {1: Event(1, 3.0, State.LABEL, "clap", 0.8)}, 3.0)[0].label == "clap"
    assert changes(known, {}, 4.0) == [Event(1, 4.0, State.NO_PERSON)]
    assert changes(known, {}, 4.1) == []


def test_a_line_is_json_with_the_label_or_null() -> None:
    assert json.loads(as_line(WAVE)) == {"time": 2.0, "person": 1, "state": "label", "label": "wave", "score": 0.935}
    assert json.loads(as_line(Event(2, 1.0, State.NO_PERSON)))["label"] is None


def test_a_file_is_added_to_and_every_line_is_there_at_once(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("before\n")
    with EventWriter(str(file)) as writer:
        writer.take(shot(2.0, WAVE))
        assert len(file.read_text().splitlines()) == 2
        writer.take(shot(2.1, WAVE))
        writer.take(shot(3.5))
        before, label, gone = file.read_text().splitlines()
    assert before == "before"
    assert json.loads(label)["label"] == "wave"
    assert json.loads(gone) == {"time": 3.5, "person": 1, "state": "no person", "label": None, "score": 0.0}


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(LiveStfError, match=r"--events is .*cannot be written"):
        EventWriter(str(tmp_path / "no" / "folder.jsonl"))


def test_a_reader_that_has_gone_ends_it_without_a_traceback() -> None:
    code = """
import sys
from live_stf.errors import LiveStfError
from live_stf.live.events import EventWriter
from live_stf.types import Event, Snapshot, State
writer = EventWriter("-")
try:
    for number in range(100000):
        writer.take(Snapshot(events={number: Event(number, 1.0, State.FILLING)}))
except LiveStfError as problem:
    sys.exit(str(problem))
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("{")
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 1
    assert said == "nobody reads the events any longer\n"
