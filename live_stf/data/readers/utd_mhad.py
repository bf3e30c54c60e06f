"""OpenPose output on colour videos of UTD-MHAD (Chen, Jafari and Kehtarnavaz, ICIP 2015): seven of its 27 actions.

A line of a CSV file is a frame: x and y of OpenPose's 18 joints, with the neck as origin and divided by some length of
the body. 0, 0 is a missing joint, except for the neck, which is present whenever another joint is. The division is not
undone, so clips have no common scale with other data sets. The values are coarse, in steps of about 5 % of the body's
height. Names: a9_s1_t2_color.avi.csv is action 9, subject 1, trial 2.

The videos are mirror images: in swipe left, draw x and draw circle, made with the right arm, the left wrist moves in
every clip. They are mirrored back here, so that right is right and x runs as the camera saw it.

The rate of the videos is not documented with the CSV files. The data set's page gives about 30 frames/s for the sensor,
but then sit to stand would last 1.4 s, including rest at the start and the end. 20 frames/s, used here, is an estimate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from live_stf.data.clip import Clip, Damaged
from live_stf.data.reader import present, require, trim
from live_stf.skeleton import OPENPOSE_18

SOURCE = "utd-mhad-openpose"
RATE = 20.0
LABELS = {
    1: "swipe left",
    6: "cross arms",
    7: "basketball shoot",
    8: "draw x",
    9: "draw circle",
    24: "sit to stand",
    26: "lunge",
}

_NECK = OPENPOSE_18.index("neck")


def _mirror_back(frames: np.ndarray) -> np.ndarray:
    return frames[:, OPENPOSE_18.mirrored] * (-1.0, 1.0)


def _read_file(path: Path) -> Clip | Damaged:
    name = path.name.removesuffix(".csv")
    match = re.fullmatch(r"a(\d+)_(s\d+)_t\d+_color\.avi", name)
    if match is None or int(match[1]) not in LABELS:
        return Damaged(SOURCE, name, "the name is not aA_sS_tT_color.avi with a known action")
    try:
        lines = np.loadtxt(path, delimiter=",", ndmin=2) if path.stat().st_size else np.zeros((0, 36))
    except (OSError, ValueError) as error:
        return Damaged(SOURCE, name, f"not lines of numbers: {error}")
    if lines.shape[1] != 36:
        return Damaged(SOURCE, name, f"lines have {lines.shape[1]} numbers, not 36")
    frames, scores = present(_mirror_back(lines.reshape(-1, 18, 2)))
    scores[:, _NECK] = scores.max(axis=1, initial=0.0)
    coordinates = np.zeros((len(frames), 18, 3), dtype=np.float32)
    coordinates[..., :2] = frames
    coordinates, scores = trim(coordinates, scores)
    if not len(scores):
        return Damaged(SOURCE, name, "no joint in any frame")
    return Clip.of_person(SOURCE, name, match[2], LABELS[int(match[1])], RATE, 2, coordinates, scores)


def read(root: Path) -> Iterator[Clip | Damaged]:
    """Clips of the folder of CSV files. Raises DataError if it is not there."""
    for path in sorted(require(Path(root), SOURCE).glob("*.csv")):
        yield _read_file(path)
