"""Kinetics-skeleton (Yan, Xiong and Lin, AAAI 2018): OpenPose-18 on clips of 10 s at 30 frames a second.

Folder as published: kinetics_train and kinetics_val with a JSON file a clip, kinetics_train_label.json and
kinetics_val_label.json with {name: {"has_skeleton": ..., "label": ..., "label_index": ...}}. A clip's file has
"data", a list of {"frame_index": from 1, "skeleton": [{"pose": x and y of each joint in turn, "score": of each}]};
x and y are shares of the picture's width and height, y down.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
import simdjson

from live_stf.data.clip import Clip, Damaged
from live_stf.data.reader import require
from live_stf.errors import DataError
from live_stf.skeleton import OPENPOSE_18

SOURCE = "kinetics"
RATE = 30.0
SETS = ("train", "val")
BODIES = 5  # of a frame that ST-GCN considers

_LONGEST = 3000  # frames; a clip of 10 s has 300, so a larger number is damage
_JOINTS = len(OPENPOSE_18)
# One parser for all files reuses its memory. It refuses a file while anything of the one before is still referenced, so
# nothing of a document leaves `_arrays`.
_PARSER = simdjson.Parser()


class Item(NamedTuple):
    """A clip's file. label and has_skeleton: as the label file says; label is None if it does not name the clip."""

    path: str
    subset: str
    label: str | None
    has_skeleton: bool


def items(root: Path, sets: tuple[str, ...] = SETS, bodies: int = BODIES) -> list[Item]:
    """Every clip in the folders or the label files. Raises DataError if a folder or a label file is missing."""
    found: list[Item] = []
    for subset in sets:
        folder = require(Path(root) / f"kinetics_{subset}", SOURCE)
        labels = _labels(require(Path(root) / f"kinetics_{subset}_label.json", SOURCE))
        names = {path.stem for path in folder.glob("*.json")} | set(labels)
        for name in sorted(names):
            label, has_skeleton = labels.get(name, (None, False))
            found.append(Item(f"{folder / name}.json", subset, label, has_skeleton))
    return found


def _labels(path: Path) -> dict[str, tuple[str, bool]]:
    try:
        return {
            name: (str(entry["label"]), bool(entry["has_skeleton"]))
            for name, entry in orjson.loads(path.read_bytes()).items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"{SOURCE}: {path} is not a label file: {error}") from error


def read_item(item: Item, sets: tuple[str, ...] = SETS, bodies: int = BODIES) -> list[Clip | Damaged]:
    """The clip of one file: the first `bodies` of each frame, in the file's order; frames without people are zero."""
    return [_read_file(item, bodies)]


def _read_file(item: Item, bodies: int) -> Clip | Damaged:
    path = Path(item.path)
    name = path.stem
    if item.label is None:
        return Damaged(SOURCE, name, "it is not in the label file")
    if not item.has_skeleton:
        return Damaged(SOURCE, name, "the label file says that it has no skeleton")
    try:
        coordinates, scores = _arrays(path.read_bytes(), bodies)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        return Damaged(SOURCE, name, f"not a skeleton file: {type(error).__name__} {error}")
    if not scores.any():
        return Damaged(SOURCE, name, "no joint in any frame")
    return Clip(SOURCE, name, name, item.label, RATE, 2, coordinates, scores, subset=item.subset)


def _arrays(file: bytes, bodies: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (M, T, 18, 3) and scores (M, T, 18) of a file's content.

    Numbers go from the parser's memory into arrays, without a Python object for each. Raises ValueError, TypeError,
    KeyError or AttributeError if the content is not of the format.
    """
    content: Any = _PARSER.parse(file)  # JSON may hold anything anywhere
    numbers: list[int] = []
    counts: list[int] = []
    poses: list[memoryview] = []
    seen: list[memoryview] = []
    for frame in content["data"]:
        people = frame["skeleton"]
        numbers.append(frame["frame_index"])
        counts.append(min(len(people), bodies))
        for person in islice(people, bodies):
            poses.append(memoryview(person["pose"].as_buffer(of_type="d")))
            seen.append(memoryview(person["score"].as_buffer(of_type="d")))
    if not poses:
        return np.zeros((1, 0, _JOINTS, 3), np.float32), np.zeros((1, 0, _JOINTS), np.float32)
    times = np.array(numbers) - min(numbers)
    if times.max() >= _LONGEST:
        raise ValueError(f"frame_index runs from {min(numbers)} to {max(numbers)}")
    time = np.repeat(times, counts)
    body = np.arange(len(poses)) - np.repeat(np.cumsum(counts) - counts, counts)
    present = _table(seen, _JOINTS)
    points = np.zeros((len(poses), _JOINTS, 3), np.float32)
    np.multiply(_table(poses, 2 * _JOINTS).reshape(-1, _JOINTS, 2), (present > 0)[..., None], out=points[..., :2])
    coordinates = np.zeros((max(counts), times.max() + 1, _JOINTS, 3), np.float32)
    scores = np.zeros(coordinates.shape[:3], np.float32)
    coordinates[body, time] = points
    scores[body, time] = present
    return coordinates, scores


def _table(rows: list[memoryview], width: int) -> np.ndarray:
    """(rows, width) of the float64 in `rows`."""
    if {row.nbytes for row in rows} != {width * np.dtype(np.float64).itemsize}:
        raise ValueError(f"a body does not have {width} numbers")
    return np.frombuffer(b"".join(rows)).reshape(-1, width).astype(np.float32)
