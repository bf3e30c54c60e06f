"""PYSKL's pickles, written here to their documented layout, and the genuine ones of the shared folder."""

from __future__ import annotations

import os
import pickle
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from live_stf.data.clip import Clip, Damaged
from live_stf.errors import DataError
from live_stf.skeleton import COCO_17, NTU_25, OPENPOSE_18
from tests.data.reading import read_source

read = partial(read_source, "pyskl")
RNG = np.random.default_rng(0)


def picture(name: str, label: int = 0, bodies: int = 2, frames: int = 4, joints: int = 17, **others: object) -> dict:
    """A 2D annotation as PYSKL writes it, in a picture 200 wide and 100 high."""
    keypoint = RNG.uniform(1, 99, size=(bodies, frames, joints, 2)).astype(np.float16)
    scores = RNG.uniform(0.1, 1, size=(bodies, frames, joints)).astype(np.float16)
    return {
        "frame_dir": name, "label": label, "img_shape": (100, 200), "original_shape": (100, 200),
        "total_frames": frames, "keypoint": keypoint, "keypoint_score": scores, **others,
    }  # fmt: skip


def space(name: str, label: int, bodies: int = 1, frames: int = 3) -> dict:
    keypoint = RNG.normal(size=(bodies, frames, 25, 3)).astype(np.float16)
    return {"frame_dir": name, "label": label, "keypoint": keypoint, "total_frames": frames}


def write(path: Path, annotations: object, **split: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps({"split": split, "annotations": annotations} if split else annotations))
    return path


def test_pictures_are_shares_of_their_size_and_coco_becomes_openpose(tmp_path):
    annotation = picture("v_juggling_g01", label=7)
    annotation["keypoint_score"][1, 2, COCO_17.index("left_shoulder")] = 0
    (clip,) = read(write(tmp_path / "ucf101.pkl", [annotation]))
    assert (clip.source, clip.name, clip.subject) == ("pyskl", "v_juggling_g01", "v_juggling_g01")
    assert clip.label == "class 007"
    assert (clip.dimensions, clip.skeleton, clip.rate, clip.scores.shape) == (2, OPENPOSE_18, 30, (2, 4, 18))
    nose = annotation["keypoint"][:, :, COCO_17.index("nose")].astype(np.float32)
    np.testing.assert_allclose(clip.coordinates[:, :, OPENPOSE_18.index("nose"), :2], nose / (200, 100), rtol=1e-6)
    neck = OPENPOSE_18.index("neck")
    shoulders = annotation["keypoint"][:, :, [COCO_17.index(f"{side}_shoulder") for side in ("left", "right")]]
    middle = shoulders.astype(np.float32).mean(axis=2) / (200, 100)
    assert clip.scores[1, 2, neck] == 0
    middle[1, 2] = 0
    np.testing.assert_allclose(clip.coordinates[:, :, neck, :2], middle, rtol=1e-6)
    assert not clip.coordinates[..., 2].any()


def test_openpose_joints_stay_and_a_missing_score_is_one(tmp_path):
    annotation = picture("a", joints=18)
    del annotation["keypoint_score"]
    annotation["keypoint"][0, 1, 3] = 0
    (clip,) = read(write(tmp_path / "some.pkl", [annotation]))
    np.testing.assert_allclose(
        clip.coordinates[..., :2], annotation["keypoint"].astype(np.float32) / (200, 100), rtol=1e-6
    )
    assert clip.scores[0, 1, 3] == 0
    assert clip.scores.sum() == clip.scores.size - 1


def test_ntu_has_its_labels_subjects_and_splits(tmp_path):
    train, val = "S001C001P001R001A058", "S001C003P003R002A001"
    other = "S001C001P002R001A002"
    content = [space(train, 57, bodies=2), space(val, 0), space(other, 1)]
    path = write(tmp_path / "ntu60_3danno.pkl", content, xsub_train=[train], xsub_val=[val], xview_train=[val])
    first, second, third = read(path, split="xsub")
    assert (first.label, first.subject, first.subset, first.bodies) == ("handshaking", "P001", "train", 2)
    assert (second.label, second.subject, second.subset) == ("drink water", "P003", "val")
    assert (first.skeleton, first.dimensions) == (NTU_25, 3)
    np.testing.assert_array_equal(first.coordinates, content[0]["keypoint"].astype(np.float32))
    assert (third.name, third.reason) == (other, "it is in no set of the split")
    # Without a split all clips are read, and a protocol tells the sides from the names.
    assert [clip.subset for clip in read(path)] == ["", "", ""]
    (damaged,) = read(path, split="xset")
    assert "no split 'xset'; its sets are xsub_train, xsub_val, xview_train" in damaged.reason


def test_numbered_splits_and_plain_ones(tmp_path):
    both = [picture("a"), picture("b")]
    path = write(tmp_path / "ucf.pkl", both, train1=["a"], test1=["b"], train2=["b"], test2=["a"])
    assert [clip.subset for clip in read(path, split="1")] == ["train", "test"]
    assert [clip.subset for clip in read(path, split="2")] == ["test", "train"]
    path = write(tmp_path / "gym.pkl", both, train=["a"], val=["b"])
    assert [clip.subset for clip in read(path)] == ["train", "val"]


def test_label_names_come_from_a_list(tmp_path):
    path = write(tmp_path / "some.pkl", [picture("a", label=1), picture("b", label=2)])
    (tmp_path / "names.txt").write_text("abseiling\nair drumming\n")
    clip, damaged = read(path, label_names="names.txt")
    assert clip.label == "air drumming"
    assert "the list of label names has 2" in damaged.reason
    for text in ("", "a\na\n"):
        (tmp_path / "names.txt").write_text(text)
        with pytest.raises(DataError, match="is not a list of names"):
            list(read(path, label_names="names.txt"))


def kinetics(root: Path) -> tuple[Path, dict[str, np.ndarray]]:
    """The layout of PYSKL's Kinetics 400: annotations without joints, and the joints in two further pickles."""
    rows = {"a": 5, "b": 2, "c": 6}
    joints = {name: RNG.uniform(1, 90, size=(count, 17, 3)).astype(np.float16) for name, count in rows.items()}
    index = [
        {"frame_dir": name, "label": label, "img_shape": (100, 200), "original_shape": (100, 200), "total_frames": 300,
         "frame_inds": np.array(frames, np.int16), "box_score": np.ones(len(frames), np.float16),
         "valid": {0.5: 2}, "raw_file": f"data/k400/kpfiles/{file}.pkl"}
        for name, label, frames, file in (
            ("a", 3, [1, 1, 3, 5, 5], "0"), ("b", 4, [2, 2], "1"), ("c", 3, [1] * 6, "0"), ("d", 3, [1], "1"),
            ("e", 3, [1], "2"),
        )
    ]  # fmt: skip
    for file, names in (("0", "ac"), ("1", "b")):
        write(root / "kpfiles" / f"{file}.pkl", {name: {"keypoint": joints[name]} for name in names})
    return write(root / "k400_hrnet.pkl", index, train=["a", "b", "d", "e"], val=["c"]), joints


def test_kinetics_joints_are_found_in_their_files(tmp_path):
    _, joints = kinetics(tmp_path)
    results = {result.name: result for result in read(tmp_path)}
    clip = results["a"]
    assert (clip.subset, clip.scores.shape, clip.rate) == ("train", (2, 3, 18), 15)
    nose = np.zeros((2, 3, 2), np.float32)
    nose[[0, 1, 0, 0, 1], [0, 0, 1, 2, 2]] = joints["a"][:, 0, :2].astype(np.float32) / (200, 100)
    np.testing.assert_allclose(clip.coordinates[:, :, 0, :2], nose, rtol=1e-6)
    assert clip.scores[1, 1].sum() == 0
    assert results["b"].bodies == 2
    assert (results["c"].bodies, results["c"].subset) == (5, "val")
    assert "has no joints of it" in results["d"].reason
    assert "2.pkl cannot be read" in results["e"].reason


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        (3, "it has no|annotation"),
        ({"frame_dir": "x", "label": 0}, "no raw_file"),
        ({"frame_dir": "x", "keypoint": np.ones((1, 2, 17, 2))}, "no label"),
        (picture("x") | {"label": None}, "not a skeleton annotation"),
        (picture("x") | {"label": -1}, "its label is -1"),
        (picture("x") | {"img_shape": (0, 200)}, "200 x 0"),
        (picture("x") | {"img_shape": 3}, "not a skeleton annotation"),
        (picture("x") | {"keypoint_score": np.ones((1, 2, 3))}, "their scores"),
        (picture("x") | {"keypoint": np.ones((2, 4, 17))}, "not \\(M, T, V, C\\)"),
        (picture("x") | {"keypoint": np.full((2, 4, 17, 2), "a")}, "not \\(M, T, V, C\\)"),
        (picture("x", joints=13), "13 joints of 2 numbers"),
        (picture("x", frames=0), "no joint in any frame"),
        (picture("x", bodies=0), "no joint in any frame"),
        (picture("x") | {"keypoint": np.full((2, 4, 17, 2), np.nan)}, "no joint in any frame"),
        (space("S001C001P001R001A002", 0), "its name says action 2"),
    ],
)
def test_a_damaged_annotation_is_reported_in_one_line_and_the_others_are_read(tmp_path, annotation, reason):
    results = list(read(write(tmp_path / "some.pkl", [annotation, picture("good")])))
    (damaged,) = (result for result in results if isinstance(result, Damaged))
    assert len(results) == 2
    assert "\n" not in damaged.reason
    assert [result.name for result in results if isinstance(result, Clip)] == ["good"]
    assert re.search(reason, damaged.reason)


class _Runs:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.trace),)


def test_a_file_that_is_damaged_or_malicious_is_reported_and_runs_nothing(tmp_path):
    trace = tmp_path / "trace"
    bad = tmp_path / "bad.pkl"
    for content in (b"", b"junk", pickle.dumps(3), pickle.dumps({"annotations": 3}), pickle.dumps([_Runs(trace)])):
        bad.write_bytes(content)
        (damaged,) = read(bad)
        assert isinstance(damaged, Damaged)
        assert damaged.name == "bad.pkl"
        assert "\n" not in damaged.reason
    assert not trace.exists()


def test_an_ambiguous_or_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="is not there"):
        list(read(tmp_path / "gone.pkl"))
    with pytest.raises(DataError, match=r"has no \.pkl file"):
        list(read(tmp_path))
    write(tmp_path / "a.pkl", [picture("a")])
    assert len(list(read(tmp_path))) == 1
    write(tmp_path / "b.pkl", [picture("b")])
    with pytest.raises(DataError, match=r"has a\.pkl, b\.pkl; name the file"):
        list(read(tmp_path))


def test_genuine_annotations(shared):
    folder = shared / "data" / "formats" / "pyskl"
    (clip,) = read(folder / "example_UCF101_skeleton.pkl")
    assert (clip.name, clip.label, clip.scores.shape) == ("v_ApplyEyeMakeup_g01_c01", "class 000", (2, 163, 18))
    sure = clip.coordinates[clip.scores > 0.7][:, :2]
    assert ((sure > 0) & (sure < 1.05)).all()
    assert np.ptp(sure, axis=0).min() > 0.3
    nose, neck = (clip.coordinates[0, :, OPENPOSE_18.index(joint), 1] for joint in ("nose", "neck"))
    assert (nose < neck).mean() > 0.9
    index = list(read(folder / "mmaction_sample.pkl"))
    assert len(index) == 100
    assert all("no raw_file" in damaged.reason for damaged in index)
