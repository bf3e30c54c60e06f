"""Florence 3D Actions (Seidenari et al., CVPR workshops 2013): nine everyday actions of ten people, Kinect, 15 joints.

skeletal_data.mat holds one structure a sequence; `original_skeletal_data` (3, 15, T) is in metres in FLORENCE_15's
order, with y and z of Kinect's space exchanged, which mirrors the bodies. They are exchanged back here; knees then
point forward in 39 of the 40 sequences of sitting down and standing up. action_names.mat names the actions.

Time stamps only count frames. The rate is not documented: sitting down and standing up last 22 and 20 frames, 1.9 and
1.7 s in UTKinect, which gives 12 frames/s. The sensor looks about 6 degrees down, estimated from how standing bodies
lean.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from live_stf.data.clip import Clip, Damaged
from live_stf.data.formats.kinect import FLORENCE_15_TO_OPENPOSE_18, read_body
from live_stf.data.formats.matlab import load_matlab, strings
from live_stf.data.reader import require

SOURCE = "florence3d"
RATE = 12.0
PITCH = 6.0  # degrees


def _read_sequence(name: str, sequence: np.ndarray, labels: list[str]) -> Clip | Damaged:
    try:
        record = sequence[0, 0]
        joints = np.asarray(record["original_skeletal_data"], dtype=np.float64)
        action, subject = int(record["action"].item()), int(record["subject"].item())
    except (ValueError, TypeError, IndexError, AttributeError) as error:
        return Damaged(SOURCE, name, f"not a sequence: {error}")
    if joints.ndim != 3 or joints.shape[:2] != (3, 15):
        return Damaged(SOURCE, name, f"original_skeletal_data is {joints.shape}, not (3, 15, T)")
    if not 1 <= action <= len(labels):
        return Damaged(SOURCE, name, f"action {action} has no name")
    kinect = joints.transpose(2, 1, 0)[..., [0, 2, 1]]
    coordinates, scores = read_body(kinect, FLORENCE_15_TO_OPENPOSE_18, PITCH)
    if not len(scores):
        return Damaged(SOURCE, name, "no joint in any frame")
    return Clip.of_person(SOURCE, name, f"s{subject:02d}", labels[action - 1], RATE, 3, coordinates, scores)


def read(root: Path) -> Iterator[Clip | Damaged]:
    """Clips, named by their place in the file. Raises DataError if a .mat file is missing or damaged."""
    root = require(Path(root), SOURCE)
    labels = strings(load_matlab(root / "action_names.mat", "action_names", SOURCE))
    for index, sequence in enumerate(load_matlab(root / "skeletal_data.mat", "skeletal_data", SOURCE).ravel()):
        yield _read_sequence(f"{index + 1:03d}", sequence, labels)
