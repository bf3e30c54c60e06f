"""Many clips, one after the other."""

from __future__ import annotations

from pathlib import Path

import pytest

import live_stf
from live_stf.clips.batch import Batch, unique_names
from live_stf.errors import SourceError
from live_stf.model import load_model


@pytest.fixture
def batch(small_models, tmp_path):
    """Labels recorded joints with a network that has learned nothing and is always certain enough."""
    lines = []
    made = Batch(
        load_model(small_models / "one"), tmp_path / "out", "torch", notify=lines.append, report_error=lines.append
    )
    made.lines = lines
    return made


def test_clips_of_one_name_do_not_share_a_file():
    names = unique_names([Path("a/walk.mp4"), Path("b/walk.avi"), Path("c/run.mp4"), Path("d/walk.mp4")])
    assert names == ["walk.mp4", "walk.avi", "run", "walk.mp4-2"]


def test_results_are_in_the_folder_and_what_failed_does_not_stop_the_rest(batch, small_models, tmp_path):
    batch.run([small_models / "missing.jsonl", small_models / "short.jsonl"])
    assert batch.failed
    assert str(batch.lines[0]).endswith("missing.jsonl: No such file or directory")
    (clip,) = batch.clips
    assert batch.written == [("labels", tmp_path / "out" / "short.jsonl")]
    assert (tmp_path / "out" / "short.jsonl").read_text() == "".join(s.as_line() + "\n" for s in clip.segments)
    assert clip.segments


def test_the_library_labels_a_file(batch, small_models):
    batch.run([small_models / "short.jsonl"])
    segments = live_stf.label(small_models / "short.jsonl", small_models / "one", engine="torch")
    assert segments == sorted(batch.clips[0].segments, key=lambda segment: segment.start)
    with pytest.raises(SourceError, match=r"missing\.mp4: no such file"):
        live_stf.label("missing.mp4")


def test_a_damaged_file_gives_a_warning_and_the_segments_up_to_there(small_models, tmp_path):
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes((small_models / "short.jsonl").read_bytes()[:-40])
    with pytest.warns(UserWarning, match="cut short in line 31"):
        (segment,) = live_stf.label(str(cut), small_models / "one", engine="torch")
    assert segment.end == pytest.approx(29 / 30, abs=0.05)
