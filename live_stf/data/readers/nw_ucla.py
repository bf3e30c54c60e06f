"""Northwestern-UCLA Multiview Action 3D (Wang et al., CVPR 2014), as the JSON files that CTR-GCN distributes.

One file a take and view: `skeletons` (T, 20, 3) in KINECT_20's order, metres, in the space of that view's sensor.
Names: a01_s02_e03_v01 is action 1, subject 2, take 3, view 1; the usual protocol trains on views 1 and 2 and tests
on view 3.

The option skeleton "openpose18" gives the joints of the webcam program in levelled space; "kinect20" gives the recorded
joints, which the benchmark uses.

The rate is not documented. In the walking takes a step lasts 6 to 7 frames. With the usual 0.52 s per step this gives
12 frames/s, and the median speed of the hips is 0.9 m/s.

Each view's sensor looks down by an angle of its own: over the walking, carrying and dropping takes the shoulders of one
person sink by 11 to 17 degrees towards the sensor, and standing bodies lean as much.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson

from live_stf.data.clip import Clip, Damaged
from live_stf.data.formats.kinect import KINECT_20_TO_OPENPOSE_18, read_body
from live_stf.data.reader import present, require, trim
from live_stf.errors import DataError
from live_stf.skeleton import KINECT_20, OPENPOSE_18, Skeleton

SOURCE = "nw-ucla"
RATE = 12.0
LABELS = {
    "01": "pick up with one hand",
    "02": "pick up with two hands",
    "03": "drop trash",
    "04": "walk around",
    "05": "sit down",
    "06": "stand up",
    "08": "donning",
    "09": "doffing",
    "11": "throw",
    "12": "carry",
}
PITCH = {"01": 12.0, "02": 13.0, "03": 17.0}  # degrees, by view

_SKELETONS = {skeleton.name: skeleton for skeleton in (OPENPOSE_18, KINECT_20)}
NAME = re.compile(r"a(?P<action>\d\d)_s(?P<subject>\d\d)_e\d\d_v(?P<view>\d\d)")


def _read_file(path: Path, skeleton: Skeleton) -> Clip | Damaged:
    name = path.stem
    match = NAME.fullmatch(name)
    if match is None or match["action"] not in LABELS or match["view"] not in PITCH:
        return Damaged(SOURCE, name, "the name is not aAA_sSS_eEE_vVV with a known action and view")
    action, subject, view = match.groups()
    try:
        skeletons = np.array(orjson.loads(path.read_bytes())["skeletons"], dtype=np.float64)
    except (OSError, ValueError, TypeError, KeyError) as error:
        return Damaged(SOURCE, name, f"not a skeleton file: {error}")
    if skeletons.ndim != 3 or skeletons.shape[1:] != (20, 3):
        return Damaged(SOURCE, name, f"skeletons are {skeletons.shape}, not (T, 20, 3)")
    if skeleton is KINECT_20:
        coordinates, scores = trim(*present(skeletons))
    else:
        coordinates, scores = read_body(skeletons, KINECT_20_TO_OPENPOSE_18, PITCH[view])
    if not len(scores):
        return Damaged(SOURCE, name, "no joint in any frame")
    coordinates = coordinates.astype(np.float32)
    return Clip.of_person(SOURCE, name, f"s{subject}", LABELS[action], RATE, 3, coordinates, scores, skeleton)


def items(root: Path, skeleton: str = OPENPOSE_18.name) -> list[Path]:
    """The files of the folder that holds all_sqe. Raises DataError if it is not there, or there is no such skeleton."""
    if skeleton not in _SKELETONS:
        raise DataError(f"{SOURCE}: skeleton {skeleton!r} cannot be read, {' and '.join(_SKELETONS)} can")
    return sorted(require(Path(root) / "all_sqe", SOURCE).glob("*.json"))


def read_item(path: Path, skeleton: str = OPENPOSE_18.name) -> Iterator[Clip | Damaged]:
    """The clip of one file; `name` ends in the view (v01 to v03)."""
    yield _read_file(path, _SKELETONS[skeleton])
