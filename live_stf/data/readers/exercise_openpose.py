"""OpenPose output of pose-trainer: four dumbbell exercises, seen from the side (the shoulder shrug from the front).

One .npy file per clip, (T, 18, 3): x and y in pixels and OpenPose's score. Names begin with the exercise and say
whether it was done well: shouldershrug__shouldershrug_good_3, shoulderpress__shoulderpressbad12. Both have the same
label here. The rate is not documented; at 30 frames/s, usual for cameras, a curl lasts 3 to 4 s.

People are not named. Successive clips show the body at the same place in the picture, so `subject` is that place: the
set-up of camera and person. One person may have stood at several places.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from live_stf.data.clip import Clip, Damaged
from live_stf.data.reader import require, trim
from live_stf.skeleton import OPENPOSE_18

SOURCE = "exercise-openpose"
RATE = 30.0
LABELS = {
    "bicep": "bicep curl",
    "frontraise": "front raise",
    "shoulderpress": "shoulder press",
    "shouldershrug": "shoulder shrug",
}

_SAME_PLACE = 0.12  # of the trunk's length, how far neck and hip may be from the first clip of a set-up


def _place(coordinates: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(2, 2) median pixels of neck and right hip; NaN if a joint is never seen."""
    place = np.full((2, 2), np.nan)
    for row, joint in enumerate(("neck", "right_hip")):
        at = OPENPOSE_18.index(joint)
        seen = scores[:, at] > 0
        if seen.any():
            place[row] = np.median(coordinates[seen, at, :2], axis=0)
    return place


def _set_up(place: np.ndarray, known: list[np.ndarray]) -> int:
    """Number of the set-up whose body is at `place`; a new one is added to `known`."""
    for number, first in enumerate(known):
        trunk = np.linalg.norm(first[1] - first[0])
        if (np.linalg.norm(place - first, axis=1) < _SAME_PLACE * trunk).all():
            return number
    known.append(place)
    return len(known) - 1


def _read_arrays(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (T, 18, 3) and scores (T, 18) of a file. Raises ValueError or OSError if it is not of the format."""
    frames = np.load(path, allow_pickle=False)
    if frames.ndim != 3 or frames.shape[1:] != (18, 3):
        raise ValueError(f"an array of {frames.shape}, not (T, 18, 3)")
    frames = np.where(np.isfinite(frames).all(axis=-1, keepdims=True), frames, 0.0).astype(np.float32)
    frames = np.where(frames[..., 2:] > 0, frames, 0.0).astype(np.float32)
    scores = frames[..., 2].copy()
    frames[..., 2] = 0.0
    return trim(frames, scores)


def read(root: Path) -> Iterator[Clip | Damaged]:
    """Clips of the folder of .npy files. Raises DataError if it is not there."""
    set_ups: dict[str, list[np.ndarray]] = {exercise: [] for exercise in LABELS}
    for path in sorted(require(Path(root), SOURCE).glob("*.npy")):
        exercise = path.stem.partition("__")[0]
        if exercise not in LABELS:
            yield Damaged(SOURCE, path.stem, "the name does not begin with a known exercise")
            continue
        try:
            coordinates, scores = _read_arrays(path)
        except (OSError, ValueError, EOFError) as error:
            yield Damaged(SOURCE, path.stem, f"not an array of joints: {error}")
            continue
        if not len(scores):
            yield Damaged(SOURCE, path.stem, "no joint in any frame")
            continue
        subject = f"{exercise} {_set_up(_place(coordinates, scores), set_ups[exercise]) + 1}"
        yield Clip.of_person(SOURCE, path.stem, subject, LABELS[exercise], RATE, 2, coordinates, scores)
