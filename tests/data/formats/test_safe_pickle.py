from __future__ import annotations

import contextlib
import copyreg
import os
import pickle
import struct
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live_stf.data.formats.pickled_list import PickledList
from live_stf.data.formats.safe_pickle import load_pickle
from live_stf.errors import DataError

PLAIN = {
    "split": {"train": ["a", "b"], "val": ("c",)},
    "annotations": [{"label": 3, "score": 0.5, "none": None, "flag": True, "raw": b"\x00\xff", "text": "\u00e9"}],
    "ordered": OrderedDict(a=1),
    "sets": ({1, 2}, frozenset({3})),
}


def load(tmp_path: Path, content: bytes) -> object:
    path = tmp_path / "some.pkl"
    path.write_bytes(content)
    return load_pickle(path)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_containers_are_read(tmp_path, protocol):
    assert load(tmp_path, pickle.dumps(PLAIN, protocol)) == PLAIN


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("dtype", ["<f2", "<f4", ">f8", "<i2", ">i4", "u1", "?", "<U5", "S3"])
def test_arrays_and_their_scalars_are_read(tmp_path, protocol, dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    for original in (array, array.T, array[:, ::2], array[:0], array[1, 2, 3]):
        back = load(tmp_path, pickle.dumps([original], protocol))[0]
        np.testing.assert_array_equal(back, original)
        assert back.dtype.newbyteorder("=") == original.dtype.newbyteorder("=")
    # With the module names of NumPy 1.
    old = pickle.dumps([array], protocol).replace(b"numpy._core", b"numpy.core")
    if protocol < 4:  # later protocols store the lengths of names
        np.testing.assert_array_equal(load(tmp_path, old)[0], array)


class Calls:
    """An object whose pickle calls a function when it is loaded."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple:
        return self.call


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_malicious_pickle_does_nothing(tmp_path, protocol):
    traces = [tmp_path / name for name in ("system", "mkdir", "eval", "open", "fromfile")]
    attacks = [
        Calls(os.system, f"touch {traces[0]}"),
        Calls(os.mkdir, str(traces[1])),
        Calls(eval, f"open({str(traces[2])!r}, 'w')"),
        Calls(open, str(traces[3]), "w"),
        Calls(np.memmap, str(traces[4]), np.uint8, "w+", 0, 1),
    ]
    for attack in attacks:
        for content in (attack, {"annotations": [attack]}, np.array([attack], dtype=object)):
            with pytest.raises(DataError) as error:
                load(tmp_path, pickle.dumps(content, protocol))
            assert "\n" not in str(error.value)
    assert not any(trace.exists() for trace in traces)
    # Loaded by pickle itself, the same bytes do run the code.
    pickle.loads(pickle.dumps(attacks[1], protocol))
    assert traces[1].is_dir()


def test_arrays_of_objects_and_of_records_are_refused(tmp_path):
    for array in (np.array([None]), np.zeros(2, "f4,i4"), np.zeros(2, "M8[s]"), np.dtype("O")):
        with pytest.raises(DataError, match="are not read"):
            load(tmp_path, pickle.dumps(array))


def _array_of(shape: bytes, dtype: bytes, content: bytes) -> bytes:
    """A pickle of an array whose parts do not fit each other, as no honest program writes it."""
    return (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01" + shape + b"cnumpy\ndtype\n(U\x02" + dtype + b"K\x00K\x01tR"
        b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x3ftb"  # flags: its items are addresses
        b"\x89U" + bytes([len(content)]) + content + b"tb."
    )


def test_an_array_is_built_from_its_bytes_alone(tmp_path):
    array = load(tmp_path, _array_of(b"K\x02\x85", b"f4", struct.pack("<ff", 1.5, -2)))
    assert array.tolist() == [1.5, -2]
    assert not array.dtype.hasobject
    minus_two = b"J\xfe\xff\xff\xff"
    for shape in (b"K\x03\x85", minus_two + b"J\xff\xff\xff\xff\x86", b"\x8a\x05\x00\x00\x00\x00\x40K\x04K\x00\x87"):
        with pytest.raises(DataError):
            load(tmp_path, _array_of(shape, b"f4", struct.pack("<ff", 1.5, -2)))


def test_admitted_names_cannot_be_changed(tmp_path):
    state, slots = b"}U\x01aK\x01s", b"N}U\x08_made_byK\x01s\x86"
    for change in (b"cnumpy\ndtype\n" + state + b"b.", b"cnumpy\ndtype\n" + slots + b"b."):
        with pytest.raises(DataError, match="a state of its own"):
            load(tmp_path, b"\x80\x02" + change)
    with pytest.raises(DataError, match="an array that is called"):
        load(tmp_path, b"\x80\x02cnumpy\nndarray\n)R.")
    with pytest.raises(DataError):  # a terabyte
        load(tmp_path, b"\x80\x02cbuiltins\nbytes\n\x8a\x06\x00\x00\x00\x00\x00\x01\x85R.")


def test_a_file_that_is_missing_empty_or_not_a_pickle_is_an_error(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        load_pickle(tmp_path / "gone.pkl")
    for content in (b"", b"{}", b"PK\x03\x04", pickle.dumps(PLAIN)[:-20]):
        with pytest.raises(DataError, match="is not a pickle of arrays and plain containers"):
            load(tmp_path, content)


@pytest.mark.parametrize("remember", [b"r\xff\xff\xff\x7f", b"p2147483647\n", b"q\x05"])
def test_a_few_bytes_cannot_exhaust_the_memory(tmp_path, remember):
    with pytest.raises(DataError, match="it stores an object as number"):
        load(tmp_path, b"\x80\x03N" + remember + b".")


@pytest.mark.parametrize("operation", [b"\x82\x01", b"\x83\x01\x00", b"\x84\x01\x00\x00\x00"])
def test_objects_named_by_extension_numbers_are_refused(tmp_path, operation, monkeypatch):
    """Python remembers what such a number stands for, and then does not ask `find_class`."""
    monkeypatch.setitem(copyreg._inverted_registry, 1, ("os", "mkdir"))
    monkeypatch.setitem(copyreg._extension_cache, 1, os.mkdir)
    with pytest.raises(DataError, match="by the extension number 1"):
        load(tmp_path, b"\x80\x02" + operation + b"U\x01x\x85R.")
    with pytest.raises(DataError, match="by the extension number 1"):
        PickledList(tmp_path / "some.pkl", "annotations")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=12), st.integers(0, 400), st.integers(0, 5))
def test_torn_and_overwritten_pickles_raise_only_data_errors(tmp_path_factory, junk, at, protocol):
    content = pickle.dumps({"annotations": [np.ones((2, 3), np.float16), "abc"]}, protocol)
    at = min(at, len(content))
    with contextlib.suppress(DataError):  # anything else fails the test
        load(tmp_path_factory.mktemp("torn"), content[:at] + junk + content[at + len(junk) :])


def test_genuine_annotations_are_read(shared):
    sample = load_pickle(shared / "data" / "formats" / "pyskl" / "example_UCF101_skeleton.pkl")
    assert sample["keypoint"].shape == (2, 163, 17, 2)
    index = load_pickle(shared / "data" / "formats" / "pyskl" / "mmaction_sample.pkl")
    assert len(index["annotations"]) == 100
    assert index["annotations"][0]["frame_inds"][:4].tolist() == [1, 1, 3, 3]
