"""Arrays that ST-GCN and 2s-AGCN prepare: (N, C, T, V, M) .npy files beside .pkl files of names and labels.

ST-GCN (Yan, Xiong and Lin, AAAI 2018) writes train_data.npy and val_data.npy, 2s-AGCN (Shi et al., CVPR 2019)
train_data_joint.npy and val_data_joint.npy; both train_label.pkl and val_label.pkl, (names, labels) with labels from 0.

25 joints are NTU RGB+D's x, y, z: as recorded from ST-GCN, centred and turned upright from 2s-AGCN. 18 joints are
Kinetics-skeleton's x, y, score: shares of the picture less 0.5, which 2s-AGCN has with y up.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from live_stf.data.clip import Clip, Damaged
from live_stf.data.formats.bodies import present_bodies, without_padding
from live_stf.data.formats.published_labels import label_of, read_label_names, subject_of
from live_stf.data.formats.safe_pickle import load_pickle
from live_stf.data.reader import require
from live_stf.errors import DataError
from live_stf.skeleton import NTU_25, OPENPOSE_18

SOURCE = "stgcn"
RATE = 30.0
SETS = ("train", "val")

_AGCN = "_data_joint.npy"


class Item(NamedTuple):
    """Clip `number`, from 0, of an array of `clips`. refused: why it is not read; "" if it is."""

    path: str
    number: int
    clips: int
    name: str
    subset: str
    label: str
    refused: str


def items(root: Path, sets: tuple[str, ...] = SETS, label_names: str | None = None) -> list[Item]:
    """Every clip of the label files. label_names: a text file with the actions' names, one per line, in order.

    Raises DataError if an array or a label file is not there, or a label file is damaged.
    """
    root = Path(root)
    names = read_label_names(root, label_names, SOURCE)
    found: list[Item] = []
    for subset in sets:
        plain, agcn = root / f"{subset}_data.npy", root / f"{subset}{_AGCN}"
        if plain.exists() and agcn.exists():
            raise DataError(f"{SOURCE}: {root} has both {plain.name} and {agcn.name}: keep one of them there")
        path = str(agcn if agcn.exists() else require(plain, SOURCE))
        clips = _labels(require(root / f"{subset}_label.pkl", SOURCE))
        for number, (name, action) in enumerate(clips):
            label, refused = "", ""
            try:
                label = label_of(action, name, names)
            except ValueError as error:
                refused = str(error)
            found.append(Item(path, number, len(clips), name, subset, label, refused))
    return found


def _labels(path: Path) -> list[tuple[str, int]]:
    try:
        files, labels = load_pickle(path)
        return [
            (str(file).removesuffix(".skeleton").removesuffix(".json"), int(label))
            for file, label in zip(files, labels, strict=True)
        ]
    except (TypeError, ValueError) as error:
        raise DataError(f"{SOURCE}: {path} does not hold names and as many labels: {error}") from error


def read_item(item: Item, sets: tuple[str, ...] = SETS, label_names: str | None = None) -> list[Clip | Damaged]:
    """One clip, read through a memory map, without frames of zeros at its end and bodies of zeros."""
    return [_read_clip(item)]


def _read_clip(item: Item) -> Clip | Damaged:
    if item.refused:
        return Damaged(SOURCE, item.name, item.refused)
    path = Path(item.path)
    try:
        array = _map(path)
        if array.ndim != 5 or array.shape[1] != 3 or array.shape[3] not in (25, 18) or array.dtype.kind != "f":
            raise ValueError(f"{path.name} is {array.dtype} {array.shape}, not (N, 3, T, 25 or 18, M) of floats")
        if len(array) != item.clips:
            raise ValueError(f"{path.name} holds {len(array)} clips, its label file {item.clips}")
        bodies = np.moveaxis(array[item.number], (3, 1, 2, 0), (0, 1, 2, 3))
        if bodies.shape[2] == len(NTU_25):
            dimensions, skeleton = 3, NTU_25
            coordinates, scores = present_bodies(bodies)
        else:
            dimensions, skeleton = 2, OPENPOSE_18
            coordinates, scores = _in_picture(bodies, upward=path.name.endswith(_AGCN))
    except ValueError as error:
        return Damaged(SOURCE, item.name, f"not a clip of such an array: {error}")
    coordinates, scores = without_padding(coordinates, scores)
    if not len(scores):
        return Damaged(SOURCE, item.name, "no joint in any frame")
    return Clip(
        SOURCE,
        item.name,
        subject_of(item.name),
        item.label,
        RATE,
        dimensions,
        coordinates,
        scores,
        skeleton,
        item.subset,
    )


def _map(path: Path) -> np.ndarray:
    """A memory map of an array file. Raises ValueError if it cannot be mapped."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # a damaged header can end in nearly any of them
        raise ValueError(f"{path.name} cannot be mapped: {' '.join(str(error).split())}") from error


def _in_picture(joints: np.ndarray, upward: bool) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the picture (M, T, V, 3), y down, and scores (M, T, V), of centred x, y and score (M, T, V, 3)."""
    seen = np.isfinite(joints).all(axis=-1) & (joints[..., 2] > 0)
    coordinates = np.zeros(joints.shape, np.float32)
    coordinates[..., :2] = joints[..., :2] * (1, -1 if upward else 1) + 0.5
    return np.where(seen[..., None], coordinates, 0), np.where(seen, joints[..., 2], 0).astype(np.float32)
