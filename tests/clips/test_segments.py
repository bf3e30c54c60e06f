"""Segments as lines."""

from __future__ import annotations

import json

import pytest

from live_stf.clips.segments import Segment, SegmentWriter

SEGMENT = Segment("clip", 1, "walk", 0.93456, 0.0, 4.2049)


def test_a_line_has_these_keys_in_this_order():
    assert SEGMENT.as_line() == (
        '{"clip": "clip", "person": 1, "label": "walk", "score": 0.935, "start": 0.0, "end": 4.2}'
    )


def test_names_may_be_in_any_script():
    line = Segment("Übung 一", 2, "wave", 0.5, 1, 2).as_line()
    assert "Übung 一" in line
    assert json.loads(line)["clip"] == "Übung 一"


def test_every_segment_is_on_disk_at_once(tmp_path):
    path = tmp_path / "new" / "clip.jsonl"
    writer = SegmentWriter(path)
    assert path.read_text() == ""
    for count in (1, 2):
        writer.write(SEGMENT)
        assert path.read_text().splitlines() == [SEGMENT.as_line()] * count
    writer.close()


def test_a_file_of_an_earlier_run_is_replaced(tmp_path):
    path = tmp_path / "clip.jsonl"
    path.write_text("old\n")
    with SegmentWriter(path):
        pass
    assert path.read_text() == ""


def test_where_nothing_can_be_written_the_reason_comes_through(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        SegmentWriter(tmp_path / "file" / "clip.jsonl")
