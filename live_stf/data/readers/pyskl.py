"""PYSKL's annotation pickles (Duan, Wang, Chen and Lin, 2022), MMAction2's too: NTU RGB+D, Kinetics and others.

{"split": {set: names}, "annotations": [...]}, or the list alone, or one annotation. An annotation has frame_dir (its
name), label (from 0), keypoint (M, T, V, C) and, in pictures, keypoint_score (M, T, V) and img_shape (height, width).
17 joints are COCO's and read as OpenPose-18, 18 are those, 25 with C = 3 NTU RGB+D's in metres.

Kinetics 400 has its joints in further pickles, below kpfiles/ beside the annotations: raw_file names one, which
holds {frame_dir: {"keypoint": (R, V, 3) with x, y, score}}; frame_inds (R,) gives the frame of each body.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from live_stf.data.clip import Clip, Damaged
from live_stf.data.formats.bodies import present_bodies, without_padding
from live_stf.data.formats.pickled_list import PickledList
from live_stf.data.formats.published_labels import label_of, read_label_names, subject_of
from live_stf.data.formats.safe_pickle import load_pickle
from live_stf.data.reader import only_file
from live_stf.errors import DataError
from live_stf.skeleton import COCO_17, COCO_17_TO_OPENPOSE_18, NTU_25, OPENPOSE_18

SOURCE = "pyskl"
RATE = 30.0
SUBSETS = ("train", "val", "test")
BODIES = 5  # of a frame of Kinetics 400 that are kept, as of Kinetics-skeleton

_ANNOTATIONS = "annotations"
_JOINT_FILES = "kpfiles"


class Item(NamedTuple):
    """An annotation file. names: of its labels; () if they are not known."""

    path: str
    names: tuple[str, ...]


def items(root: Path, split: str = "", label_names: str | None = None, rate: float = RATE) -> list[Item]:
    """The file at `root`, or the only .pkl file in that folder. Raises DataError if there is none.

    split: the split of the file that decides on the clips' subsets: "xsub" takes xsub_train and xsub_val, "1" train1
    and test1, "" train, val and test. label_names: a text file with the actions' names, one per line, in order. rate:
    frames per second, which the files do not give.
    """
    path = only_file(Path(root), ".pkl", SOURCE)
    return [Item(str(path), read_label_names(path.parent, label_names, SOURCE))]


def read_item(
    item: Item, split: str = "", label_names: str | None = None, rate: float = RATE
) -> Iterator[Clip | Damaged]:
    """The clips of a file, sorted by the file of their joints. Clips in no set of the split are only reported."""
    path = Path(item.path)
    try:
        annotations = PickledList(path, _ANNOTATIONS)
        subsets = _subsets(_sets(annotations.rest), split)
    except (DataError, ValueError, TypeError) as error:
        yield Damaged(SOURCE, path.name, str(error))
        return
    joints = _JointFiles(path.parent)
    single = [annotations.rest] if _is_annotation(annotations.rest) else annotations
    for number, annotation in _by_joint_file(single):
        name = _name(annotation) or f"annotation {number}"
        if subsets and name not in subsets:
            yield Damaged(SOURCE, name, "it is in no set of the split")
            continue
        try:
            yield _clip(annotation, name, subsets.get(name, ""), item.names, rate, joints)
        except KeyError as error:
            yield Damaged(SOURCE, name, f"it has no {error.args[0]}")
        except (DataError, ValueError, TypeError, OverflowError) as error:
            yield Damaged(SOURCE, name, f"not a skeleton annotation: {error}")


def _is_annotation(content: Any) -> bool:
    return isinstance(content, dict) and _ANNOTATIONS not in content


def _by_joint_file(annotations: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Annotations with their numbers: first those with joints, in order; then the others, sorted by joint file."""
    waiting = []
    for number, annotation in enumerate(annotations):
        if isinstance(annotation, dict) and "keypoint" not in annotation and "raw_file" in annotation:
            waiting.append((number, annotation))
        else:
            yield number, annotation
    yield from sorted(waiting, key=lambda one: str(one[1]["raw_file"]))


def _name(annotation: Any) -> str:
    """An annotation's name; "" if it has none."""
    name = annotation.get("frame_dir", annotation.get("filename")) if isinstance(annotation, dict) else None
    return PurePosixPath(name).name if isinstance(name, str) else ""


def _sets(content: Any) -> dict[str, Any]:
    """The sets of the split. Raises ValueError if the content without its annotations is not laid out as above."""
    sets = content.get("split", {}) if isinstance(content, dict) else {}
    found = content.get(_ANNOTATIONS, []) if isinstance(content, dict) else content
    if not isinstance(found, list) or not isinstance(sets, dict):
        raise ValueError("it holds no annotations: a list, or a dictionary of split and annotations")
    return sets


def _subsets(sets: dict[str, Any], split: str) -> dict[str, str]:
    """Clip's name -> the set it is in. Raises ValueError if the file has no such split."""
    subsets: dict[str, str] = {}
    for subset in SUBSETS:
        for key in {f"{split}_{subset}", f"{subset}{split}"} & set(sets):
            subsets.update((PurePosixPath(name).name, subset) for name in sets[key])
    if split and not subsets:
        raise ValueError(f"it has no split {split!r}; its sets are {', '.join(map(str, sets)) or 'not there'}")
    return subsets


class _JointFiles:
    """The pickles that hold the joints; the last one is kept in memory."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._path: Path | None = None
        self._content: Any = None

    def joints(self, file: str, name: str) -> np.ndarray:
        """(R, V, 3) of a clip. Raises DataError if the pickle cannot be read, ValueError if the clip is not in it."""
        path = self._root / _JOINT_FILES / PurePosixPath(file).name
        if path != self._path:
            self._path, self._content = path, None  # frees the last one before the next is read
            self._content = load_pickle(path)
        try:
            return self._content[name]["keypoint"]
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError(f"{path} has no joints of it") from error


def _clip(
    annotation: dict[str, Any], name: str, subset: str, names: tuple[str, ...], rate: float, files: _JointFiles
) -> Clip | Damaged:
    label = label_of(int(annotation["label"]), name, names)
    if "keypoint" in annotation:
        keypoint, scores = np.asarray(annotation["keypoint"]), annotation.get("keypoint_score")
    else:
        bodies = np.asarray(files.joints(annotation["raw_file"], name))
        keypoint, scores, step = _by_frame(bodies, np.asarray(annotation["frame_inds"]))
        rate /= step
    if keypoint.ndim != 4 or keypoint.dtype.kind != "f":
        raise ValueError(f"its joints are {keypoint.dtype} {keypoint.shape}, not (M, T, V, C) of floats")
    dimensions = keypoint.shape[3]
    if keypoint.shape[2:] == (len(NTU_25), 3):
        skeleton = NTU_25
        coordinates, scores = present_bodies(keypoint)
    elif keypoint.shape[2:] in ((len(COCO_17), 2), (len(OPENPOSE_18), 2)):
        skeleton = OPENPOSE_18
        coordinates, scores = _in_picture(keypoint, scores, annotation["img_shape"])
    else:
        raise ValueError(f"{keypoint.shape[2]} joints of {dimensions} numbers")
    coordinates, scores = without_padding(coordinates, scores)
    if not len(scores):
        return Damaged(SOURCE, name, "no joint in any frame")
    return Clip(SOURCE, name, subject_of(name), label, rate, dimensions, coordinates, scores, skeleton, subset)


def _by_frame(bodies: np.ndarray, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Joints (M, T, V, 2), scores (M, T, V) and the step between frames, of a list of bodies (R, V, 3).

    Frames without people are left out, as in PYSKL, whose Kinetics has every second frame. The first `BODIES` of a
    frame stay, in the file's order.
    """
    if bodies.ndim != 3 or bodies.shape[2] != 3 or frames.shape != bodies.shape[:1] or not len(bodies):
        raise ValueError(f"its joints are {bodies.shape} and its frame_inds {frames.shape}, not (R, V, 3) and (R,)")
    order = np.argsort(frames, kind="stable")
    numbers, first, frame = np.unique(frames[order], return_index=True, return_inverse=True)
    place = np.arange(len(order)) - first[frame]
    kept = place < BODIES
    placed = np.zeros((place[kept].max() + 1, len(numbers), *bodies.shape[1:]), bodies.dtype)
    placed[place[kept], frame[kept]] = bodies[order[kept]]
    step = float(np.median(np.diff(numbers))) if len(numbers) > 1 else 1.0
    return placed[..., :2], placed[..., 2], step


def _in_picture(keypoint: np.ndarray, scores: Any, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """OpenPose-18 in shares of the picture (M, T, 18, 3), z zero, and scores (M, T, 18), of pixels (M, T, V, 2)."""
    height, width = size
    if not (height > 0 and width > 0):
        raise ValueError(f"its picture is {width} x {height}")
    scores = keypoint.any(axis=-1) if scores is None else np.asarray(scores)
    if scores.shape != keypoint.shape[:3]:
        raise ValueError(f"its joints are {keypoint.shape} and their scores {scores.shape}")
    shares = keypoint.astype(np.float32) / np.array([width, height], np.float32)
    seen = np.isfinite(shares).all(axis=-1) & (scores > 0)
    shares, scores = np.where(seen[..., None], shares, 0), np.where(seen, scores, 0).astype(np.float32)
    if keypoint.shape[2] == len(COCO_17):
        shares, scores = COCO_17_TO_OPENPOSE_18.apply(shares, scores)
    return np.concatenate((shares, np.zeros_like(shares[..., :1])), axis=-1), scores
