"""UTKinect-Action3D (Xia, Chen and Aggarwal, CVPR workshops 2012): ten actions in a row in each of 20 recordings.

A line of joints/joints_sSS_eEE.txt is a frame number and 20 joints in KINECT_20's order, metres.
joints/actionLabel.txt gives each action's first and last frame number; actionLabel_modified.txt corrects eight of them
and is the source of the usual 199 segments (one `carry` has no limits).

Frame numbers count at 60 a second, both of the sensor's streams together: at that rate a walking step takes 0.6 s and
the recorded frames come at about 14 Hz, in agreement with the authors' "about 15 frames/s". Their intervals vary, 2 to
12 numbers, so clips are interpolated to an even 15 Hz; joints are absent in pauses of more than half a second. Some
frames have two lines; the one nearer to the previous frame is kept.

The sensor looks 9 degrees down: shoulders of standing people sink by as much towards it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from live_stf.data.clip import Clip, Damaged
from live_stf.data.formats.kinect import KINECT_20_TO_OPENPOSE_18, read_body
from live_stf.data.reader import require
from live_stf.errors import DataError

SOURCE = "utkinect"
RATE = 15.0
UNLABELLED = "unlabelled"
PITCH = 9.0  # degrees

_COUNTS_PER_SECOND = 60
_LONGEST_GAP = 30  # frame numbers between two frames that are still interpolated
_SHORTEST_UNLABELLED = 60  # frame numbers


@dataclass(frozen=True)
class Segment:
    """An action between two frame numbers, both included; None if the data set gives none."""

    label: str
    limits: tuple[int, int] | None


def read_labels(path: Path) -> dict[str, list[Segment]]:
    """Segments of each recording ("s01_e01") in the file's order. Raises DataError if a line is not of the format."""
    recordings: dict[str, list[Segment]] = {}
    segments: list[Segment] = []
    for line in path.read_text().splitlines():
        words = line.replace(":", " ").split()
        if len(words) == 1 and re.fullmatch(r"s\d\d_e\d\d", words[0]):
            segments = recordings.setdefault(words[0], [])
        elif len(words) == 3:
            label = re.sub(r"(?=[A-Z])", " ", words[0]).lower()
            try:
                limits = None if "NaN" in words else (int(words[1]), int(words[2]))
            except ValueError as error:
                raise DataError(f"{SOURCE}: {path} has a line that is no action: {line!r}") from error
            segments.append(Segment(label, limits))
        elif words:
            raise DataError(f"{SOURCE}: {path} has a line that is no action: {line!r}")
    return recordings


def labelled_stretches(segments: list[Segment]) -> list[tuple[int, int]]:
    """(first, last) frame numbers of all actions; one without limits takes all between its neighbours."""
    stretches = []
    for index, segment in enumerate(segments):
        if segment.limits is not None:
            stretches.append(segment.limits)
            continue
        before = [s.limits for s in segments[:index] if s.limits is not None]
        after = [s.limits for s in segments[index + 1 :] if s.limits is not None]
        stretches.append((before[-1][1] if before else 0, after[0][0] if after else np.iinfo(np.int64).max))
    return stretches


def _stretches_between(taken: list[tuple[int, int]], first: int, last: int) -> list[tuple[int, int]]:
    """The parts of [first, last] outside of `taken` that last at least a second."""
    free, at = [], first
    for start, end in sorted(taken):
        if start - at >= _SHORTEST_UNLABELLED:
            free.append((at, min(start - 1, last)))
        at = max(at, end + 1)
    if last - at >= _SHORTEST_UNLABELLED:
        free.append((at, last))
    return free


def _one_line_a_frame(numbers: np.ndarray, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    kept: list[int] = []
    for line in range(len(numbers)):
        if kept and numbers[line] == numbers[kept[-1]]:
            if len(kept) > 1:
                hips = joints[[kept[-2], kept[-1], line], 0]
                if np.linalg.norm(hips[2] - hips[0]) < np.linalg.norm(hips[1] - hips[0]):
                    kept[-1] = line
        else:
            kept.append(line)
    return numbers[kept], joints[kept]


def _at_even_times(numbers: np.ndarray, joints: np.ndarray, first: int, last: int) -> np.ndarray:
    """(T, 20, 3) at RATE from the first to the last frame inside [first, last]; zero in the recording's pauses."""
    inside = (numbers >= first) & (numbers <= last)
    numbers, joints = numbers[inside], joints[inside]
    if not len(numbers):
        return np.zeros((0, 20, 3))
    times = np.arange(numbers[0], numbers[-1] + 1, _COUNTS_PER_SECOND / RATE)
    right = np.clip(np.searchsorted(numbers, times, side="left"), 0, len(numbers) - 1)
    left = np.where(numbers[right] == times, right, np.maximum(right - 1, 0))
    gap = numbers[right] - numbers[left]
    share = np.divide(times - numbers[left], gap, out=np.zeros(len(times)), where=gap > 0)[:, None, None]
    even = joints[left] * (1 - share) + joints[right] * share
    return np.where((gap <= _LONGEST_GAP)[:, None, None], even, 0.0)


def _read_recording(path: Path, segments: list[Segment], taken: list[tuple[int, int]]) -> Iterator[Clip | Damaged]:
    recording = path.stem.removeprefix("joints_")
    try:
        lines = np.loadtxt(path, ndmin=2) if path.stat().st_size else np.zeros((0, 0))
    except (OSError, ValueError) as error:
        yield Damaged(SOURCE, recording, f"not lines of numbers: {error}")
        return
    if lines.shape[1] != 61 or not np.isfinite(lines).all() or (np.diff(lines[:, 0]) < 0).any():
        yield Damaged(SOURCE, recording, "lines are not a rising frame number and 60 coordinates")
        return
    numbers, joints = _one_line_a_frame(lines[:, 0].astype(np.int64), lines[:, 1:].reshape(-1, 20, 3))
    stretches = [(s.label, s.label.replace(" ", "_"), *s.limits) for s in segments if s.limits is not None]
    free = _stretches_between(taken, int(numbers[0]), int(numbers[-1]))
    stretches += [(UNLABELLED, f"{UNLABELLED}_{first}", first, last) for first, last in free]
    for label, suffix, first, last in stretches:
        name = f"{recording}_{suffix}"
        even = _at_even_times(numbers, joints, first, last)
        coordinates, scores = read_body(even, KINECT_20_TO_OPENPOSE_18, PITCH)
        if len(scores) >= (RATE if label == UNLABELLED else 1):
            yield Clip.of_person(SOURCE, name, recording[:3], label, RATE, 3, coordinates, scores)
        elif label != UNLABELLED:
            yield Damaged(SOURCE, name, f"no frame from {first} to {last}")


def read(root: Path) -> Iterator[Clip | Damaged]:
    """The labelled segments, and as "unlabelled" the parts of at least 1 s before, between and after them.

    `root` holds the folder joints. A part that either label file or a segment without limits may cover is not
    "unlabelled". Raises DataError if files are not there or the labels cannot be read.
    """
    joints = require(Path(root) / "joints", SOURCE)
    corrected = read_labels(require(joints / "actionLabel_modified.txt", SOURCE))
    first_issue = read_labels(require(joints / "actionLabel.txt", SOURCE))
    for recording, segments in corrected.items():
        taken = labelled_stretches(segments) + labelled_stretches(first_issue.get(recording, []))
        path = joints / f"joints_{recording}.txt"
        if path.is_file():
            yield from _read_recording(path, segments, taken)
        else:
            yield Damaged(SOURCE, recording, f"{path.name} is missing")
