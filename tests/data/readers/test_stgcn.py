"""ST-GCN's and 2s-AGCN's arrays, written here to their documented layout, and the genuine one of the shared folder."""

from __future__ import annotations

import pickle
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from live_stf.data.clip import Clip, Damaged
from live_stf.errors import DataError
from live_stf.skeleton import NTU_25, OPENPOSE_18
from tests.data.reading import read_source

read = partial(read_source, "stgcn", sets=["train"])
NAMES = ["S001C001P001R001A001.skeleton", "S002C002P003R001A058.skeleton"]


def arrays(clips: int, frames: int, joints: int, lengths: tuple[int, ...]) -> np.ndarray:
    """(N, 3, T, V, 2) with zeros after each clip's length, and a second body in the last clip alone."""
    data = np.random.default_rng(0).uniform(0.05, 0.45, size=(clips, 3, frames, joints, 2)).astype(np.float32)
    for clip, length in enumerate(lengths):
        data[clip, :, length:] = 0
    data[:-1, ..., 1] = 0
    return data


def write(
    root: Path, data: np.ndarray, names: list[str], labels: object, subset: str = "train", ending: str = "_data.npy",
    protocol: int = 4,
) -> None:  # fmt: skip
    np.save(root / f"{subset}{ending}", data)
    (root / f"{subset}_label.pkl").write_bytes(pickle.dumps((names, labels), protocol))


@pytest.mark.parametrize("ending", ["_data.npy", "_data_joint.npy"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_ntu_arrays_are_read_with_names_labels_and_sets(tmp_path, ending, protocol):
    data = arrays(2, 300, 25, (103, 70))
    data[1, :, :5, 1, 0] = 0  # the joint that 2s-AGCN centres on
    write(tmp_path, data, NAMES, [0, 57], ending=ending, protocol=protocol)
    write(tmp_path, data[:1], NAMES[:1], np.array([0]), "val", ending)
    first, second, third = read_source("stgcn", tmp_path)
    assert (first.name, first.subject, first.label, first.subset) == (NAMES[0][:20], "P001", "drink water", "train")
    assert (second.label, second.bodies, second.frames, third.subset) == ("handshaking", 2, 70, "val")
    assert (first.skeleton, first.dimensions, first.rate, first.bodies, first.frames) == (NTU_25, 3, 30, 1, 103)
    np.testing.assert_array_equal(first.coordinates[0], data[0, :, :103, :, 0].transpose(1, 2, 0))
    np.testing.assert_array_equal(second.coordinates, data[1, :, :70].transpose(3, 1, 2, 0))
    assert (second.scores == 1).all()


def test_kinetics_arrays_are_shares_of_the_picture_with_y_down(tmp_path):
    data = arrays(2, 300, 18, (300, 40))
    data[0, :, 7, 3, 0] = (0.2, 0.3, 0)  # without a score
    plain, turned = tmp_path / "stgcn", tmp_path / "agcn"
    for folder in (plain, turned):
        folder.mkdir()
    write(plain, data, ["abc.json", "d-_.json"], [1, 0])
    write(turned, data * np.array([1, -1, 1], np.float32)[:, None, None, None], ["abc.json", "d-_.json"], [1, 0],
          ending="_data_joint.npy")  # fmt: skip
    (plain / "label_name.txt").write_text("abseiling\nair drumming\n")
    first, second = read(plain, label_names="label_name.txt")
    assert (first.name, first.subject, first.label) == ("abc", "abc", "air drumming")
    assert (first.skeleton, first.dimensions, second.bodies, second.frames) == (OPENPOSE_18, 2, 2, 40)
    assert first.scores[0, 7, 3] == 0
    assert not first.coordinates[0, 7, 3].any()
    seen = second.coordinates[..., :2] - 0.5
    np.testing.assert_allclose(seen, data[1, :2, :40].transpose(3, 1, 2, 0), atol=1e-6)
    assert not second.coordinates[..., 2].any()
    np.testing.assert_array_equal(second.scores, data[1, 2, :40].transpose(2, 0, 1))
    for one, other in zip((first, second), read(turned), strict=True):
        np.testing.assert_allclose(one.coordinates, other.coordinates, atol=1e-6)
        assert other.label in ("class 000", "class 001")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (np.ones((2, 3, 9, 25), np.float32), "not \\(N, 3, T"),
        (np.ones((2, 3, 9, 20, 2), np.float32), "not \\(N, 3, T"),
        (np.ones((2, 3, 9, 25, 2), np.int32), "not \\(N, 3, T"),
        (np.array([None, 3]), "cannot be mapped"),
        (np.ones((3, 3, 9, 25, 2), np.float32), "holds 3 clips, its label file 2"),
        (np.ones((1, 3, 9, 25, 2), np.float32), "holds 1 clips, its label file 2"),
        (np.zeros((2, 3, 9, 25, 2), np.float32), "no joint in any frame"),
        (np.full((2, 3, 9, 25, 2), np.nan, np.float32), "no joint in any frame"),
        (np.zeros((2, 3, 0, 25, 2), np.float32), "no joint in any frame|cannot be mapped"),
    ],
)
def test_an_array_of_another_layout_is_reported_for_each_clip(tmp_path, data, reason):
    write(tmp_path, data, NAMES, [0, 57])
    results = list(read(tmp_path))
    assert [result.name for result in results] == [name[:20] for name in NAMES]
    for damaged in results:
        assert isinstance(damaged, Damaged)
        assert "\n" not in damaged.reason
        assert re.search(reason, damaged.reason)


def test_a_torn_or_empty_array_is_reported(tmp_path):
    write(tmp_path, arrays(2, 20, 25, (20, 20)), NAMES, [0, 57])
    whole = (tmp_path / "train_data.npy").read_bytes()
    for content in (b"", b"junk", whole[:60], whole[:-5]):
        (tmp_path / "train_data.npy").write_bytes(content)
        assert all(isinstance(result, Damaged) for result in read(tmp_path))
        assert len(list(read(tmp_path))) == 2


def test_a_label_that_contradicts_the_name_is_reported(tmp_path):
    write(tmp_path, arrays(2, 20, 25, (20, 20)), NAMES, [0, 3])
    clip, damaged = read(tmp_path)
    assert isinstance(clip, Clip)
    assert damaged.reason == "its label is 3, and its name says action 58"


def test_files_that_are_missing_or_contradict_each_other_are_an_error(tmp_path):
    with pytest.raises(DataError, match=r"train_data\.npy is not there"):
        list(read(tmp_path))
    np.save(tmp_path / "train_data.npy", arrays(2, 20, 25, (20, 20)))
    with pytest.raises(DataError, match=r"train_label\.pkl is not there"):
        list(read(tmp_path))
    for content in (b"", pickle.dumps((NAMES, [0])), pickle.dumps(3), pickle.dumps((NAMES, ["a", "b"]))):
        (tmp_path / "train_label.pkl").write_bytes(content)
        with pytest.raises(DataError, match=r"train_label\.pkl"):
            list(read(tmp_path))
    write(tmp_path, arrays(2, 20, 25, (20, 20)), NAMES, [0, 57], ending="_data_joint.npy")
    with pytest.raises(DataError, match=r"has both train_data\.npy and train_data_joint\.npy"):
        list(read(tmp_path))


def test_a_genuine_clip(shared, tmp_path):
    sample = np.load(shared / "data" / "formats" / "stgcn" / "example_NTU-RGB-D_sketeton.npy")
    write(tmp_path, sample[None], ["S001C001P001R001A001.skeleton"], [0])
    (clip,) = read(tmp_path)
    assert clip.bodies == 1
    assert 20 < clip.frames <= 300
    np.testing.assert_array_equal(clip.coordinates[0], sample[:, : clip.frames, :, 0].transpose(1, 2, 0))
    assert not sample[:, clip.frames :].any()
    head, foot = (clip.coordinates[0, :, NTU_25.index(joint)] for joint in ("head", "left_foot"))
    assert (head[:, 1] > foot[:, 1]).all()
