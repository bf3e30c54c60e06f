"""Arrays of NTU RGB+D that CTR-GCN prepares (Chen et al., ICCV 2021): one .npz for a benchmark, NTU60_CS.npz and so on.

x_train and x_test (N, T, 150) hold x, y, z of 25 joints of two bodies, y_train and y_test (N, actions) a 1 for each
clip's action. Clips are centred on the first body's spine in its first frame, noise is taken out (`ntu_bodies`), and
zeros follow a clip's end. Clips have no names there.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from live_stf.data.clip import Clip, Damaged
from live_stf.data.formats.bodies import present_bodies, without_padding
from live_stf.data.formats.ntu_labels import ACTIONS
from live_stf.data.reader import only_file
from live_stf.skeleton import NTU_25

SOURCE = "ctrgcn"
RATE = 30.0
SETS = ("train", "test")

_BODIES, _JOINTS = 2, len(NTU_25)


class Item(NamedTuple):
    """One set of a file."""

    path: str
    subset: str


def items(root: Path, sets: tuple[str, ...] = SETS) -> list[Item]:
    """The sets of the file at `root`, or of the only .npz file in that folder. Raises DataError if there is none."""
    path = only_file(Path(root), ".npz", SOURCE)
    return [Item(str(path), subset) for subset in sets]


def read_item(item: Item, sets: tuple[str, ...] = SETS) -> Iterator[Clip | Damaged]:
    """The clips of one set, named train_0, train_1 and so on; the file is read sequentially, a clip at a time."""
    read = 0
    try:
        for row, action in _rows(Path(item.path), item.subset):
            yield _clip(row, action, f"{item.subset}_{read}", item.subset)
            read += 1
    except Exception as error:  # a damaged archive or header can end in nearly any of them
        problem = " ".join(str(error).split())
        yield Damaged(SOURCE, f"{Path(item.path).name} {item.subset}", f"damaged after {read} clips: {problem}")


def _rows(path: Path, subset: str) -> Iterator[tuple[np.ndarray, int]]:
    """(T, 150) and the action, from 0, of each clip. Raises ValueError and others if the file is not of the format."""
    with zipfile.ZipFile(path) as archive:
        with archive.open(f"y_{subset}.npy") as file:
            labels = np.lib.format.read_array(file, allow_pickle=False)
        if labels.ndim != 2 or not ((labels > 0).sum(axis=1) == 1).all() or labels.shape[1] > len(ACTIONS):
            raise ValueError(f"y_{subset} is {labels.shape}, not (N, actions) with one of them each")
        with archive.open(f"x_{subset}.npy") as file:
            shape, dtype = _header(file)
            if len(shape) != 3 or shape[2] != _BODIES * _JOINTS * 3 or shape[0] != len(labels) or dtype.kind != "f":
                raise ValueError(f"x_{subset} is {dtype} {shape}, not ({len(labels)}, T, 150) of floats")
            size = shape[1] * shape[2] * dtype.itemsize
            for action in labels.argmax(axis=1).tolist():
                content = file.read(size)
                if len(content) < size:
                    raise ValueError(f"x_{subset} ends early")
                yield np.frombuffer(content, dtype).reshape(shape[1:]), action


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(file)
    if fortran:
        raise ValueError("an array in Fortran's order")
    return shape, dtype


def _clip(row: np.ndarray, action: int, name: str, subset: str) -> Clip | Damaged:
    bodies = row.reshape(len(row), _BODIES, _JOINTS, 3).swapaxes(0, 1)
    coordinates, scores = without_padding(*present_bodies(bodies))
    if not len(scores):
        return Damaged(SOURCE, name, "no joint in any frame")
    return Clip(SOURCE, name, name, ACTIONS[action], RATE, 3, coordinates, scores, NTU_25, subset)
