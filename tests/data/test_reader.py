from __future__ import annotations

import importlib
import re
from pathlib import Path

import numpy as np
import pytest

from live_stf.data.reader import READERS, open_reader, present, reader_names, require, trim
from live_stf.errors import DataError


def test_the_documentation_has_a_row_for_every_reader():
    text = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    table = text.partition("## The readers\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == reader_names()


@pytest.mark.parametrize("name", reader_names())
def test_every_reader_has_a_docstring_and_both_functions(name):
    reader = open_reader(name)
    assert callable(reader.items)
    assert callable(reader.read_item)
    assert (importlib.import_module(f"{READERS}.{name}").__doc__ or "").strip()


def test_a_missing_folder_is_named_in_one_line(tmp_path):
    with pytest.raises(DataError, match=r"^nw-ucla: .*nowhere is not there"):
        require(tmp_path / "nowhere", "nw-ucla")
    assert require(tmp_path, "nw-ucla") == tmp_path


def test_joints_that_are_zero_or_not_finite_are_absent():
    points = np.array([[[0.0, 0, 0], [0, 1, 0], [np.nan, 1, 1], [np.inf, 0, 0]]])
    coordinates, scores = present(points)
    np.testing.assert_array_equal(scores, [[0, 1, 0, 0]])
    np.testing.assert_array_equal(coordinates[0], [[0, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]])


def test_frames_without_joints_are_trimmed_at_both_ends_only():
    scores = np.array([[0, 0], [0, 1], [0, 0], [1, 1], [0, 0]])
    coordinates = np.arange(5.0)[:, None, None] * np.ones((5, 2, 3))
    kept, kept_scores = trim(coordinates, scores)
    np.testing.assert_array_equal(kept[:, 0, 0], [1, 2, 3])
    np.testing.assert_array_equal(kept_scores, scores[1:4])
    assert len(trim(coordinates, np.zeros((5, 2)))[1]) == 0
