from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.data_reading import make_folder, read_in_loops
from live_stf.data.clip import Clip, Damaged
from live_stf.data.readers.kinetics import BODIES, Item, read_item
from live_stf.errors import DataError
from tests.data.reading import read_source

read = partial(read_source, "kinetics")


def write(root: Path, clips: dict[str, object], subset: str = "train", **labels: dict) -> None:
    """Files of a set and their label file; a clip's content is made JSON unless it is bytes already."""
    (root / f"kinetics_{subset}").mkdir()
    for name, content in clips.items():
        text = content if isinstance(content, bytes) else orjson.dumps(content)
        (root / f"kinetics_{subset}" / f"{name}.json").write_bytes(text)
    known = {name: {"has_skeleton": True, "label": "juggling balls", "label_index": 1} for name in clips}
    (root / f"kinetics_{subset}_label.json").write_bytes(orjson.dumps(known | labels))


def person(value: float = 0.5, score: float = 1) -> dict:
    return {"pose": [value] * 36, "score": [score] * 18}


def clip_of(*people: list[dict]) -> dict:
    frames = [{"frame_index": index + 1, "skeleton": those} for index, those in enumerate(people)]
    return {"data": frames, "label": "juggling balls", "label_index": 1}


def test_bodies_frames_labels_and_sets(tmp_path):
    write(tmp_path, {"a": clip_of([person(0.1), person(0.2)], [], [person(0.3)])})
    write(tmp_path, {"b": clip_of([person(0.4)])}, "val")
    first, second = read(tmp_path)
    assert (first.name, first.label, first.subset) == ("a", "juggling balls", "train")
    assert (first.rate, first.dimensions) == (30, 2)
    assert (second.name, second.subset) == ("b", "val")
    np.testing.assert_allclose(first.coordinates[:, :, 7, 0], [[0.1, 0, 0.3], [0.2, 0, 0]], atol=1e-7)
    np.testing.assert_array_equal(first.scores[:, :, 7], [[1, 0, 1], [1, 0, 0]])
    assert not first.coordinates[..., 2].any()
    assert [clip.name for clip in read(tmp_path, sets=["val"])] == ["b"]


def test_joints_alternate_x_and_y_and_those_without_a_score_are_zero(tmp_path):
    body = {"pose": [number / 100 for number in range(36)], "score": [0, *[1] * 17]}
    write(tmp_path, {"a": clip_of([body])})
    (clip,) = read(tmp_path, sets=["train"])
    np.testing.assert_array_equal(clip.coordinates[0, 0, 0], 0)
    np.testing.assert_allclose(clip.coordinates[0, 0, 5], [0.10, 0.11, 0], atol=1e-7)


def test_frame_numbers_give_the_positions_of_frames(tmp_path):
    content = clip_of([person(0.1)], [person(0.2)])
    content["data"][1]["frame_index"] = 4
    write(tmp_path, {"a": content})
    (clip,) = read(tmp_path, sets=["train"])
    np.testing.assert_allclose(clip.coordinates[0, :, 0, 0], [0.1, 0, 0, 0.2], atol=1e-7)


def test_at_most_the_requested_number_of_bodies_is_kept(tmp_path):
    write(tmp_path, {"a": clip_of([person(number / 10) for number in range(8)])})
    assert [clip.bodies for clip in read(tmp_path, sets=["train"])] == [BODIES]
    assert [clip.bodies for clip in read(tmp_path, sets=["train"], bodies=2)] == [2]


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"7", b"{}", b"\xff\xfe", {"data": {}}, {"data": 3}, {"data": [3]}, {"data": []},
        clip_of([]), clip_of([person(score=0)]), clip_of([{"pose": [1] * 35, "score": [1] * 18}]),
        clip_of([{"pose": [1] * 36, "score": [1] * 17}]), clip_of([{"pose": "x", "score": [1] * 18}]),
        clip_of([{"pose": [None] * 36, "score": [1] * 18}]), clip_of([{"score": [1] * 18}]), clip_of([[1]]),
        {"data": [{"frame_index": "1", "skeleton": [person()]}]}, {"data": [{"skeleton": [person()]}]},
        {"data": [{"frame_index": n, "skeleton": [person()]} for n in (1, 10**9)]},
    ],
)  # fmt: skip
def test_a_damaged_file_is_reported_in_one_line_and_the_others_are_read(tmp_path, content):
    write(tmp_path, {"a": content, "b": clip_of([person()])})
    damaged, clip = read(tmp_path, sets=["train"])
    assert isinstance(damaged, Damaged)
    assert damaged.name == "a"
    assert "\n" not in damaged.reason
    assert isinstance(clip, Clip)


def test_contradictions_to_the_label_file_are_reported(tmp_path):
    without = {"has_skeleton": False, "label": "x", "label_index": 0}
    write(tmp_path, {"a": clip_of([person()])}, b=without, c=without | {"has_skeleton": True})
    (tmp_path / "kinetics_train" / "d.json").write_bytes(orjson.dumps(clip_of([person()])))
    reasons = {one.name: one.reason for one in read(tmp_path, sets=["train"]) if isinstance(one, Damaged)}
    assert reasons.keys() == {"b", "c", "d"}
    assert "has no skeleton" in reasons["b"]
    assert "No such file" in reasons["c"]
    assert "not in the label file" in reasons["d"]


def test_a_folder_or_label_file_that_is_missing_or_damaged_is_an_error(tmp_path):
    with pytest.raises(DataError, match="kinetics_train is not there"):
        list(read(tmp_path))
    write(tmp_path, {"a": clip_of([person()])})
    with pytest.raises(DataError, match="kinetics_val is not there"):
        list(read(tmp_path))
    for text in (b"", b"[]", b'{"a": {}}'):
        (tmp_path / "kinetics_train_label.json").write_bytes(text)
        with pytest.raises(DataError, match="is not a label file"):
            list(read(tmp_path))


def test_the_reader_equals_plain_loops(tmp_path):
    templates = make_folder(tmp_path, clips=3, frames=9)
    clips = list(read(tmp_path, sets=["train"]))
    assert len(clips) == 3
    for path, clip in zip(templates, clips, strict=True):
        expected = read_in_loops(path)[:, :9].transpose(3, 1, 2, 0)
        np.testing.assert_allclose(clip.coordinates[..., :2], expected[..., :2], atol=1e-7)
        np.testing.assert_allclose(clip.scores, expected[..., 2], atol=1e-7)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 400))
def test_torn_and_overwritten_files_never_raise(tmp_path_factory, junk, at):
    content = orjson.dumps(clip_of([person()], [person(0.2)]))
    path = tmp_path_factory.mktemp("torn") / "a.json"
    path.write_bytes(content[:at] + junk + content[at + len(junk) :])
    (result,) = read_item(Item(str(path), "train", "juggling balls", True))
    assert isinstance(result, Clip | Damaged)
