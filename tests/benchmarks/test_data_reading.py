"""The benchmark of reading: the data set that it makes, and the reader that ours is compared with."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.data_reading import BODIES, DAMAGED, compare_readers, main, make_folder
from live_stf.data.clip import Clip
from tests.data.reading import read_source


def test_the_made_folder_is_a_data_set_with_damaged_files(tmp_path: Path) -> None:
    templates = make_folder(tmp_path, clips=2 * DAMAGED + 1, frames=3)
    clips = list(read_source("kinetics", tmp_path, sets=["train"]))
    whole = [clip for clip in clips if isinstance(clip, Clip)]
    assert len(clips) == 2 * DAMAGED + 1
    assert len(clips) - len(whole) == 2
    assert {(clip.bodies, clip.frames) for clip in whole} == {(BODIES, 3)}
    assert len(set(templates)) == len(templates)


def test_both_readers_read_the_same_numbers(tmp_path: Path) -> None:
    """`compare_readers` raises if they do not."""
    assert min(compare_readers(make_folder(tmp_path, clips=3, frames=4))) > 0


@pytest.mark.parametrize("option", ["--clips", "--frames", "--workers"])
def test_numbers_below_one_are_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([option, "0"])
    assert "have to be at least 1" in capsys.readouterr().err
