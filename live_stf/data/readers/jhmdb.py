"""JHMDB (Jhuang et al., ICCV 2013): joints annotated by hand in real film and web video, from DD-Net's files.

train.npz: `joints` (sum of T, 15, 2) in JHMDB_15's order, `lengths` of the clips, `labels`. The joints are those that
JHMDB calls pos_world: the picture's centre is the origin, and both axes share a unit, which differs between clips.
Frontal shoulders are 0.66 to 0.71 of the trunk's length, as in other data sets, so the picture is not squeezed. All
joints are annotated, even hidden ones. The face is read as the nose, the middle of the shoulders as the neck.

The rate is HMDB's 30 frames/s, to which all its clips were converted (Kuehne et al., ICCV 2011).

Neither people nor films are named, and neighbours in the file are no more similar than other clips of their label. So
`subject` is the clip's own number, and clips of one film may be on both sides of a split by subject.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from live_stf.data.clip import Clip, Damaged
from live_stf.data.reader import present, require, trim
from live_stf.errors import DataError
from live_stf.skeleton import remap_by_name

SOURCE = "jhmdb-2d"
RATE = 30.0
JHMDB_15 = tuple(
    "neck_base belly face right_shoulder left_shoulder right_hip left_hip right_elbow left_elbow right_knee left_knee "
    "right_wrist left_wrist right_ankle left_ankle".split()
)
JHMDB_15_TO_OPENPOSE_18 = remap_by_name(JHMDB_15, nose=("face",))


def _load(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    try:
        with np.load(require(path, SOURCE), allow_pickle=False) as arrays:
            joints, lengths, labels = (arrays[name] for name in ("joints", "lengths", "labels"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{SOURCE}: {path} is damaged: {error}; fetch it again") from error
    if joints.shape[1:] != (15, 2) or len(lengths) != len(labels) or lengths.sum() != len(joints):
        raise DataError(f"{SOURCE}: {path} is damaged: the arrays do not fit each other; fetch it again")
    return joints, lengths, labels


def read(root: Path) -> Iterator[Clip | Damaged]:
    """Clips of train.npz, named by their place in it. Raises DataError if it is not there or cannot be read."""
    joints, lengths, labels = _load(Path(root) / "train.npz")
    ends = np.cumsum(lengths)
    for index, (start, end) in enumerate(zip(ends - lengths, ends, strict=True)):
        name = f"{index:03d}"
        annotated, annotated_scores = JHMDB_15_TO_OPENPOSE_18.apply(*present(joints[start:end]))
        coordinates = np.zeros((len(annotated), 18, 3), dtype=np.float32)
        coordinates[..., :2] = annotated
        coordinates, scores = trim(coordinates, annotated_scores)
        if len(scores):
            yield Clip.of_person(SOURCE, name, name, str(labels[index]), RATE, 2, coordinates, scores)
        else:
            yield Damaged(SOURCE, name, "no joint in any frame")
