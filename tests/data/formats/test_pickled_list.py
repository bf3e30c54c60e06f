"""A pickled list read item by item: the same items as the whole list, in less memory, and equally safe."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import tracemalloc
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from live_stf.data.formats.pickled_list import PickledList
from live_stf.data.formats.safe_pickle import Dtype, load_pickle
from live_stf.errors import DataError

SHARED = np.arange(6, dtype=np.float16).reshape(2, 3)
TWICE = {"frame_dir": "twice", "keypoint": SHARED}
ITEMS = [
    {"frame_dir": "a", "keypoint": SHARED, "shape": (100, 200), "score": np.float32(0.5), "valid": {0.5: 2}},
    TWICE,
    3,
    ["annotations", [1, [2]]],
    {"annotations": [1, 2], "more": OrderedDict(a={1, 2}, b=frozenset({3}), c=b"raw", d=None, e=True, f=())},
    {"text": "\u00e9", "large": 2**70, "small": -5, "false": False},
    TWICE,
]
SPLIT = {"train": ["a", "twice"], "val": []}


def written(folder: Path, content: Any, protocol: int = 4) -> Path:
    path = folder / "some.pkl"
    path.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content, protocol))
    return path


def assert_same(one: Any, other: Any) -> None:
    """Equal all the way down, arrays included."""
    np.testing.assert_equal(_listed(one), _listed(other))  # pickles would also depend on the identity of objects


def _listed(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return "array", value.dtype.str, value.shape, value.tolist()
    if isinstance(value, dict):
        return type(value).__name__, [(_listed(key), _listed(content)) for key, content in value.items()]
    if isinstance(value, (set, frozenset)):
        return type(value).__name__, sorted(repr(_listed(content)) for content in value)
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [_listed(content) for content in value]
    if isinstance(value, Dtype):  # of a torn pickle, without its array
        return "type", value.dtype.str
    return type(value).__name__, repr(value)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    ("content", "rest"),
    [
        (ITEMS, []),
        ([], []),
        (list(range(2500)), []),  # Python writes batches of a thousand
        ({"split": SPLIT, "annotations": ITEMS}, {"split": SPLIT, "annotations": []}),
        ({"annotations": ITEMS, "split": SPLIT}, {"split": SPLIT, "annotations": []}),
        ({"annotations": ITEMS}, {"annotations": []}),
        ({"annotations": ITEMS[:1]}, {"annotations": []}),
    ],
)
def test_items_and_rest_equal_those_of_the_whole_pickle(tmp_path, content, rest, protocol):
    read = PickledList(written(tmp_path, content, protocol), "annotations")
    expected = content["annotations"] if isinstance(content, dict) else content
    assert_same(list(read), expected)
    assert_same(list(read), expected)  # and again
    assert read.rest == rest
    assert read._whole is None


@pytest.mark.parametrize(
    "content",
    [
        {"frame_dir": "alone", "keypoint": SHARED},
        {"x": {"annotations": [1, 2]}},
        {"annotations": 3},
        {"annotations": (1, 2)},
        "text",
        b"(I1\nI2\nl.",  # a list that is created by one operation
        b"]2(K\x01K\x02e.",  # a list that is duplicated
        b"}(U\x0bannotations](K\x01eU\x0bannotations](K\x02eu.",  # two lists under the same key
    ],
)
def test_pickles_of_unusual_structure_are_read_as_a_whole(tmp_path, content):
    path = written(tmp_path, content)
    whole, read = load_pickle(path), PickledList(path, "annotations")
    found = whole.get("annotations") if isinstance(whole, dict) else whole
    assert_same(list(read), found if isinstance(found, list) else [])
    if not isinstance(found, list):
        assert_same(read.rest, whole)


class SmallBatches(pickle._Pickler):
    """Writes lists in batches of 50, so that few items are several batches."""

    _BATCHSIZE = 50


def written_in_small_batches(folder: Path, content: Any, protocol: int = 4) -> Path:
    file = io.BytesIO()
    SmallBatches(file, protocol).dump(content)
    return written(folder, file.getvalue())


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_items_of_several_batches_equal_those_of_the_whole_pickle(tmp_path, protocol):
    items = ITEMS * 16
    read = PickledList(written_in_small_batches(tmp_path, {"annotations": items}, protocol), "annotations")
    assert_same(list(read), items)
    assert read.rest == {"annotations": []}
    assert read._whole is None


def test_yielded_items_are_not_kept_in_memory(tmp_path):
    count, size = 400, 4096  # eight batches
    items = [{"frame_dir": str(number), "keypoint": np.full(size, number % 7, np.uint8)} for number in range(count)]
    content = {"split": {"train": [item["frame_dir"] for item in items]}, "annotations": items}
    path = written_in_small_batches(tmp_path, content)
    del items, content
    tracemalloc.start()
    try:
        total = sum(int(item["keypoint"][-1]) for item in PickledList(path, "annotations"))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        load_pickle(path)
        _, whole = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total == sum(number % 7 for number in range(count))
    assert whole > count * size
    assert peak < whole / 3


class _Runs:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_malicious_pickle_yields_nothing(tmp_path, protocol):
    trace = tmp_path / "trace"
    runs = _Runs(trace)
    for content in ([1, runs], {"split": runs, "annotations": [1]}, {"annotations": [1], "z": runs}):
        with pytest.raises(DataError, match="it asks for"):
            PickledList(written(tmp_path, content, protocol), "annotations")
    assert not trace.exists()
    with pytest.raises(DataError, match="cannot be read"):
        PickledList(tmp_path / "gone.pkl", "annotations")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=12), st.integers(0, 900), st.integers(0, 5))
@example(b"\x00", 116, 2)  # a list that contains itself
@example(b"\x8f", 349, 2)  # an array's parts, and the type that it would have had, in a tuple
def test_torn_and_overwritten_pickles_are_read_as_the_whole_pickle_or_refused(tmp_path_factory, junk, at, protocol):
    content = pickle.dumps({"split": SPLIT, "annotations": ITEMS[:2]}, protocol)
    at = min(at, len(content))
    path = written(tmp_path_factory.mktemp("torn"), content[:at] + junk + content[at + len(junk) :])
    try:
        whole = load_pickle(path)
    except DataError:
        with contextlib.suppress(DataError):  # Python's own unpickler accepts some wrong lengths of frames
            PickledList(path, "annotations")
        return
    found = whole.get("annotations") if isinstance(whole, dict) else whole
    by_item = list(PickledList(path, "annotations"))
    try:
        _listed(found)
    except RecursionError:  # it contains itself; a list that is never in memory as a whole cannot
        return
    assert_same(by_item, found if isinstance(found, list) else [])
