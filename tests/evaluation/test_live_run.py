"""Figures of a live run, from its events and the performed actions."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest

from live_stf.cli import truth as run
from live_stf.errors import DataError
from live_stf.evaluation.live_run import Action, judge_run, read_events, read_truth
from live_stf.live.events import EventWriter, as_line
from live_stf.model import load_model
from live_stf.types import Event, People, Snapshot, State


def label(time: float, what: str | None, person: int = 1) -> Event:
    state = State.UNSURE if what is None else State.LABEL
    return Event(person, time, state, what, 0.8)


def test_onset_changes_and_false_labels_are_counted():
    truth = [Action("wave", 10.0, 14.0), Action("clap", 30.0, 32.0), Action("jump", 40.0, 42.0)]
    events = [
        label(5.0, "walk"), label(6.0, None),  # no action
        label(11.2, "wave"), label(15.0, None),
        label(30.4, "wave"), label(32.0, "clap"), label(33.0, None),
        label(50.0, "jump"), label(51.0, None),  # too late
    ]  # fmt: skip
    report = judge_run(events, truth, 60.0)
    assert (report.actions, report.found, report.wrong) == (3, 2, 1)
    assert report.onset == pytest.approx((1.2 + 2.0) / 2)
    assert report.onset_90 == pytest.approx(1.92)
    assert report.changes_per_minute == 9
    assert report.idle_minutes == pytest.approx((60 - 5.5 - 3.5 - 3.5) / 60, abs=1e-3)
    assert report.false_per_minute == pytest.approx(2 / report.idle_minutes, rel=1e-3)


def test_events_without_a_new_label_do_not_count_as_changes():
    events = [Event(1, 0.0, State.FILLING), label(1.0, None), label(2.0, "wave"), label(2.1, "wave")]
    events.append(Event(1, 9.0, State.NO_PERSON))
    report = judge_run(events, [Action("wave", 1.5, 8.0)], 10.0)
    assert report.changes_per_minute == 12  # its begin and its end
    assert (report.found, report.wrong, report.false_per_minute) == (1, 0, 0.0)


def test_a_label_that_is_shown_when_its_action_begins_counts_at_once():
    report = judge_run([label(1.0, "walk")], [Action("walk", 0.5, 4.0), Action("walk", 5.0, 9.0)], 9.0)
    assert report.onset_90 == pytest.approx(0.45)
    assert report.found == 2


def test_an_action_of_a_person_needs_that_persons_label():
    events = [label(1.0, "wave", 1), label(2.0, "clap", 2)]
    report = judge_run(events, [Action("wave", 0.0, 5.0, 2), Action("clap", 0.0, 5.0, 2)], 5.0)
    assert (report.found, report.onset) == (1, 2.0)
    assert report.wrong == 0
    assert report.false_per_minute is None  # there was no idle time


def test_no_labels_and_no_actions():
    report = judge_run([], [], 30.0)
    assert (report.found, report.onset, report.false_per_minute, report.changes_per_minute) == (0, None, 0.0, 0.0)


def test_events_of_the_live_program_can_be_read(tmp_path: Path):
    file = tmp_path / "events.jsonl"
    events = [Event(1, 0.5, State.FILLING), label(1.5, "wave"), label(4.0, None)]
    with EventWriter(str(file)) as writer:
        for event in events:
            writer.take(Snapshot(people=People(event.time, (4, 4)), events={1: event}))
    assert [as_line(event) for event in read_events(file)] == [as_line(event) for event in events]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: is not JSON"),
        ('{"label": "wave", "start": 1}', "line 2: needs label, start and end in seconds"),
        ('{"label": "wave", "start": 3, "end": 2}', "line 2: start 3 has to be 0 or more and before its end"),
        ("[1]", "line 2: needs label"),
    ],
)
def test_an_invalid_line_of_the_truth_is_named(tmp_path: Path, line: str, message: str):
    file = tmp_path / "truth.jsonl"
    file.write_text('{"label": "wave", "start": 1, "end": 2}\n' + line + "\n")
    with pytest.raises(DataError, match=message):
        read_truth(file)


def test_the_command_judges_events_and_reports_errors_in_one_line(tmp_path: Path, capsys):
    events, truth = tmp_path / "events.jsonl", tmp_path / "truth.jsonl"
    events.write_text("".join(as_line(event) + "\n" for event in (label(1.5, "wave"), label(5.0, None))))
    truth.write_text(json.dumps({"label": "wave", "start": 1.0, "end": 4.0}) + "\n")
    assert run.main([str(events), str(truth), "--seconds", "60"]) == 0
    out = capsys.readouterr().out
    for text in ("1 of 1", "0.50 s", "2.00", "0.00"):
        assert text in out
    assert run.main([str(tmp_path / "nowhere.jsonl"), str(truth)]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path / 'nowhere.jsonl'}: No such file or directory\n"


def cut(clip: Path, file: Path, seconds: float) -> Path:
    """The first seconds of a clip, copied without encoding them again."""
    with av.open(str(clip)) as source, av.open(str(file), "w") as target:
        video = source.streams.video[0]
        copied = target.add_stream_from_template(video)
        for packet in source.demux(video):
            if packet.dts is None or packet.dts * packet.time_base > seconds:
                break
            packet.stream = copied
            target.mux(packet)
    return file


def test_the_command_runs_a_clip(clip: Path, tmp_path: Path, capsys):
    """The sample clip: somebody walks past from left to right, from about two seconds on."""
    truth = tmp_path / "truth.jsonl"
    truth.write_text(json.dumps({"label": "walk", "start": 2.0, "end": 4.5}) + "\n")
    assert run.main([str(cut(clip, tmp_path / "walk.mp4", 4.5)), str(truth)]) == 0
    assert "1 of 1" in capsys.readouterr().out


def test_the_documented_truths_name_actions_that_the_model_knows():
    folder = Path(__file__).resolve().parents[2] / "docs" / "truth"
    labels = set(load_model("everyday").labels)
    truths = {path.stem: read_truth(path) for path in folder.glob("*.jsonl")}
    assert len(truths["squats"]) == 3
    assert {action.label for truth in truths.values() for action in truth} <= labels
