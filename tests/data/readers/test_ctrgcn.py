"""CTR-GCN's .npz files, written here to their documented layout."""

from __future__ import annotations

import re
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live_stf.data.clip import Clip, Damaged
from live_stf.data.readers.ctrgcn import Item, read_item
from live_stf.errors import DataError
from live_stf.skeleton import NTU_25
from tests.data.reading import read_source

read = partial(read_source, "ctrgcn")
FRAMES = 40


def clips(*lengths: int, bodies: int = 2) -> np.ndarray:
    """(N, T, 150): two bodies, 25 joints, x, y, z; zeros after each clip's length; the origin in its first frame."""
    data = np.random.default_rng(1).normal(size=(len(lengths), FRAMES, 2, 25, 3)).astype(np.float32)
    data[:, 0, 0, 1] = 0
    data[:, :, bodies:] = 0
    for clip, length in enumerate(lengths):
        data[clip, length:] = 0
    return data.reshape(len(lengths), FRAMES, 150)


def one_hot(*actions: int, count: int = 60) -> np.ndarray:
    return np.eye(count)[list(actions)]


def write(path: Path, save=np.savez, **arrays: np.ndarray) -> Path:
    whole = {"x_train": clips(30, FRAMES), "y_train": one_hot(0, 57), "x_test": clips(5), "y_test": one_hot(9)}
    save(path, **{**whole, **arrays})
    return path


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_clips_are_read_with_their_sets_and_labels(tmp_path, save):
    path = write(tmp_path / "NTU60_CS.npz", save)
    first, second, third = read(path)
    assert [clip.name for clip in (first, second, third)] == ["train_0", "train_1", "test_0"]
    assert [clip.label for clip in (first, second, third)] == ["drink water", "handshaking", "clapping"]
    assert [clip.subset for clip in (first, second, third)] == ["train", "train", "test"]
    assert (first.skeleton, first.dimensions, first.rate) == (NTU_25, 3, 30)
    expected = clips(30, FRAMES)[0, :30].reshape(30, 2, 25, 3).swapaxes(0, 1)
    np.testing.assert_array_equal(first.coordinates, expected)
    assert (first.scores == 1).all()
    assert [clip.name for clip in read(tmp_path, sets=["test"])] == ["test_0"]


def test_a_second_body_that_is_never_present_is_dropped(tmp_path):
    one = clips(12, 12, bodies=1)
    later = clips(12, 12)
    later[:, :4, 75:] = 0
    path = write(tmp_path / "NTU120_CSub.npz", x_train=np.concatenate((one, later)),
                 y_train=one_hot(60, 119, 0, 0, count=120))  # fmt: skip
    results = list(read(path, sets=["train"]))
    assert [clip.bodies for clip in results] == [1, 1, 2, 2]
    assert results[1].label == "finger-guessing game (playing rock-paper-scissors)"
    assert not results[2].scores[1, :4].any()


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"x_train": clips(3)}, "x_train is"),
        ({"x_train": clips(3, 3).reshape(2, FRAMES, 75, 2)}, "x_train is"),
        ({"x_train": clips(3, 3).astype(np.int32)}, "x_train is"),
        ({"x_train": np.array([None])}, "x_train is|object"),
        ({"x_train": np.asfortranarray(clips(3, 3))}, "Fortran"),
        ({"y_train": np.array([0, 57])}, "y_train is"),
        ({"y_train": np.zeros((2, 60))}, "y_train is"),
        ({"y_train": one_hot(0, 1, count=121)}, "y_train is"),
    ],
)
def test_a_set_of_another_layout_is_reported_and_the_other_set_is_read(tmp_path, arrays, reason):
    damaged, clip = read(write(tmp_path / "NTU60_CS.npz", **arrays))
    assert isinstance(damaged, Damaged)
    assert damaged.name == "NTU60_CS.npz train"
    assert re.search(reason, damaged.reason)
    assert "\n" not in damaged.reason
    assert clip.name == "test_0"


def test_an_empty_clip_is_reported(tmp_path):
    damaged, clip = read(write(tmp_path / "NTU60_CS.npz", x_train=clips(0, 4)), sets=["train"])
    assert (damaged.name, damaged.reason) == ("train_0", "no joint in any frame")
    assert clip.name == "train_1"


def test_a_set_that_is_missing_or_torn_is_reported(tmp_path):
    path = tmp_path / "NTU60_CS.npz"
    np.savez(path, x_train=clips(3), y_train=one_hot(0))
    clip, damaged = read(path)
    assert isinstance(clip, Clip)
    assert "y_test.npy" in damaged.reason
    with zipfile.ZipFile(path, "w") as archive, archive.open("y_train.npy", "w") as file:
        np.save(file, one_hot(0, 1))
    with zipfile.ZipFile(path, "a") as archive, archive.open("x_train.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (2, FRAMES, 150)})
        file.write(clips(3).tobytes())
    clip, damaged = read(path, sets=["train"])
    assert isinstance(clip, Clip)
    assert damaged.reason == "damaged after 1 clips: x_train ends early"


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=40), st.integers(0, 60000))
def test_torn_and_overwritten_files_never_raise(tmp_path_factory, junk, at):
    path = write(tmp_path_factory.mktemp("torn") / "some.npz", np.savez_compressed)
    content = path.read_bytes()
    at %= len(content)
    path.write_bytes(content[:at] + junk + content[at + len(junk) :])
    for subset in ("train", "test"):
        assert all(isinstance(result, Clip | Damaged) for result in read_item(Item(str(path), subset)))


def test_an_ambiguous_or_missing_file_is_refused(tmp_path):
    for name in ("NTU60_CS.npz", "NTU60_CV.npz"):
        write(tmp_path / name)
    with pytest.raises(DataError, match="name the file to read"):
        list(read(tmp_path))
    with pytest.raises(DataError, match="is not there"):
        list(read(tmp_path / "NTU60.npz"))
    (tmp_path / "empty.npz").write_bytes(b"")
    results = list(read(tmp_path / "empty.npz"))
    assert [type(result) for result in results] == [Damaged, Damaged]
