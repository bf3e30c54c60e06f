"""AR.data of the R package dbcsp: six gestures of 46 people towards a humanoid robot, OpenPose's BODY_25.

Recorded by Rodríguez-Moreno et al., "Shedding Light on People Action Recognition in Social Robotics by Means of Common
Spatial Patterns", Sensors 20(8):2436, 2020. The file holds a list for each gesture of arrays (50, 92): x of 25 joints,
then y, in pixels, for 92 frames. There are no scores: missing joints, including legs below the picture's edge, were
filled in by the authors, and every sequence was stretched to 92 frames by interpolation. All scores are 1 here.

According to the paper, each of the 46 people did each gesture once. The lists keep the order of people: trunk and limb
proportions agree between the lists at equal places. Three lists are shorter. The missing people (ABSENT) are estimated
from those proportions, to within about one place.

The rate is not documented and differs between sequences because of the stretching; 20 frames/s is an estimate from the
period of waving (median 10 frames).
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rdata

from live_stf.data.clip import Clip, Damaged
from live_stf.data.reader import present, require, trim
from live_stf.errors import DataError
from live_stf.skeleton import OPENPOSE_18, Remap

SOURCE = "ar-openpose25"
RATE = 20.0
BODY_25 = tuple(
    "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist mid_hip right_hip right_knee "
    "right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear left_ear left_big_toe left_small_toe "
    "left_heel right_big_toe right_small_toe right_heel".split()
)
BODY_25_TO_OPENPOSE_18 = Remap(BODY_25, OPENPOSE_18, {joint: (joint,) for joint in OPENPOSE_18.joints})
LABELS = {
    "come": "come",
    "five": "high five",
    "handshake": "handshake",
    "hello": "hello",
    "ignore": "ignore",
    "look_at": "look at",
}
PEOPLE = 46
ABSENT = {"five": (41,), "handshake": (42,), "hello": (3, 38)}  # places of people, from 0


def people(gesture: str, count: int) -> list[int]:
    """The people, from 0, of the `count` sequences of a gesture."""
    absent = ABSENT.get(gesture, ()) if count < PEOPLE else ()
    return [person for person in range(count + len(absent)) if person not in absent]


def _load(path: Path) -> dict:
    try:
        gestures = rdata.read_rda(require(path, SOURCE))["AR.data"]
        return dict(gestures.items())
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        EOFError,
        NotImplementedError,
        zlib.error,
        lzma.LZMAError,
    ) as error:
        raise DataError(f"{SOURCE}: {path} is damaged or not R data: {error}; fetch it again") from error


def _read_sequence(gesture: str, person: int, sequence: np.ndarray) -> Clip | Damaged:
    name = f"{gesture}_{person + 1:02d}"
    array = np.asarray(sequence)
    if array.ndim != 2 or array.shape[0] != 50 or not np.issubdtype(array.dtype, np.number):
        return Damaged(SOURCE, name, f"an array of {array.shape}, not numbers (50, T)")
    body, body_scores = BODY_25_TO_OPENPOSE_18.apply(*present(array.reshape(2, 25, -1).transpose(2, 1, 0)))
    coordinates = np.zeros((len(body), 18, 3), dtype=np.float32)
    coordinates[..., :2] = body
    coordinates, scores = trim(coordinates, body_scores)
    if not len(scores):
        return Damaged(SOURCE, name, "no joint in any frame")
    return Clip.of_person(SOURCE, name, f"p{person + 1:02d}", LABELS[gesture], RATE, 2, coordinates, scores)


def read(root: Path) -> Iterator[Clip | Damaged]:
    """Clips of AR.data.rda, named by gesture and person. Raises DataError if it is not there or cannot be read."""
    for gesture, sequences in _load(Path(root) / "AR.data.rda").items():
        if gesture not in LABELS:
            yield Damaged(SOURCE, str(gesture), "an unknown gesture")
            continue
        for person, sequence in zip(people(gesture, len(sequences)), sequences, strict=True):
            yield _read_sequence(str(gesture), person, sequence)
