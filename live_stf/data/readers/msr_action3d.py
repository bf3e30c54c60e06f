"""MSR Action3D (Li, Zhang and Liu, CVPR workshops 2010), skeletons in real-world coordinates.

A line of a file is one joint, x y z and a confidence, 20 lines a frame in MSR_20's order, metres, 15 frames/s (the
paper's figure). Names: a01_s02_e03_skeleton3D.txt is action 1, subject 2, take 3. files_used.mat lists the 557 takes
in common use, action_names.mat names the actions. The axes are Kinect's. With them, joints 8, 10 and 12 are the right
arm, which performs the one-handed actions, and feet point in the direction of the body.

Frames that the tracker lost are zero. The confidences are not used. The sensor looks about 3 degrees down, estimated
from how standing bodies lean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from live_stf.data.clip import Clip, Damaged
from live_stf.data.formats.kinect import MSR_20_TO_OPENPOSE_18, read_body
from live_stf.data.formats.matlab import load_matlab, strings
from live_stf.data.reader import require

SOURCE = "msr-action3d"
RATE = 15.0
PITCH = 3.0  # degrees


def _read_take(folder: Path, name: str, labels: list[str]) -> Clip | Damaged:
    match = re.fullmatch(r"a(\d\d)_(s\d\d)_e\d\d", name)
    if match is None or not 1 <= int(match[1]) <= len(labels):
        return Damaged(SOURCE, name, "the name is not aAA_sSS_eEE with a known action")
    path = folder / f"{name}_skeleton3D.txt"
    try:
        lines = np.loadtxt(path, ndmin=2) if path.stat().st_size else np.zeros((0, 4))
    except (OSError, ValueError) as error:
        return Damaged(SOURCE, name, f"not lines of numbers: {error}")
    if lines.shape[1] != 4 or len(lines) % 20:
        return Damaged(SOURCE, name, f"{len(lines)} lines of {lines.shape[1]} numbers are not frames of 20 joints")
    coordinates, scores = read_body(lines[:, :3].reshape(-1, 20, 3), MSR_20_TO_OPENPOSE_18, PITCH)
    if not len(scores):
        return Damaged(SOURCE, name, "no joint in any frame")
    return Clip.of_person(SOURCE, name, match[2], labels[int(match[1]) - 1], RATE, 3, coordinates, scores)


def read(root: Path) -> Iterator[Clip | Damaged]:
    """The takes that files_used.mat lists. Raises DataError if the .mat files or the takes are missing."""
    root = Path(root)
    folder = require(root / "real_world_coordinates", SOURCE)
    labels = strings(load_matlab(root / "action_names.mat", "action_names", SOURCE))
    for name in strings(load_matlab(root / "files_used.mat", "files_used", SOURCE)):
        yield _read_take(folder, name, labels)
