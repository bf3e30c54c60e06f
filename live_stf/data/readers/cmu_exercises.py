"""Five CMU takes of exercises (AMC at 30 fps) with a label every 0.1 s, cut into one clip for every run of a label.

Labels by E. B. Fox, M. C. Hughes, E. B. Sudderth and M. I. Jordan, "Joint modeling of multiple time series via the
beta process with application to motion capture segmentation" (2014). The subjects' own skeletons are missing. The poses
are applied to that of subject 02, whose bones are shorter, so feet hover a few centimetres above the floor.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from live_stf.data.clip import Clip, Damaged
from live_stf.data.formats.amc import read_amc, read_asf
from live_stf.data.formats.motion_capture import limb_joints, list_files, openpose_body
from live_stf.errors import DataError
from live_stf.skeleton import OPENPOSE_18, Remap

SOURCE = "cmu-exercises"
SKELETON = "skeleton_subject_02.asf"
LABELS = (
    "jumping jack",
    "jog",
    "squat",
    "knee raise",
    "arm circle",
    "twist",
    "side reach",
    "box",
    "up-down",
    "toe touch one hand",
    "side bend",
    "toe touch two hands",
)  # numbered from 1
RATE = 30.0  # frames per second; AMC files do not say
FRAMES_A_LABEL = 3
SHORTEST = 1.0  # seconds; shorter runs of a label give no clip

# Joints are where bones end. lwrist is the part of the forearm next to the hand, so it ends in the wrist.
_BODY = limb_joints(
    neck=("lclavicle", "rclavicle"),
    limbs={
        "shoulder": "{side}clavicle",
        "elbow": "{side}humerus",
        "wrist": "{side}wrist",
        "hip": "{side}hipjoint",
        "knee": "{side}femur",
        "ankle": "{side}tibia",
    },
)


def read(root: Path) -> Iterator[Clip | Damaged]:
    """The clips of the folder. Raises DataError if it has no takes or no skeleton.

    A clip's name is its take and the tenth of a second at which it begins (13_29_0040). Runs shorter than SHORTEST and
    frames after the last label are left out.
    """
    takes = list_files(root, ".amc")
    try:
        skeleton = read_asf(root / SKELETON)
    except (OSError, ValueError) as error:
        raise DataError(f"{root / SKELETON} cannot be read ({error}); without it AMC files have no bones") from None
    for path in takes:
        try:
            labels = _read_labels(path.with_suffix(".txt"))
            motion = read_amc(path, skeleton)
            remap = Remap(motion.joints, OPENPOSE_18, _BODY)
            head = motion.joints.index("head")
            if len(motion.ends) < (len(labels) - 1) * FRAMES_A_LABEL:
                raise ValueError(f"{len(labels)} labels of {FRAMES_A_LABEL} frames for {len(motion.ends)} frames")
        except (OSError, ValueError) as error:
            yield Damaged(SOURCE, path.stem, str(error))
            continue
        # The head bone is not turned at rest, when it points up and the figure looks along z: its end is the centre.
        coordinates, scores = openpose_body(remap, motion.ends, motion.ends[:, head], motion.rotations[:, head])
        for start, stop, label in _runs(labels):
            if (stop - start) * FRAMES_A_LABEL < SHORTEST * RATE:
                continue
            frames = slice(start * FRAMES_A_LABEL, stop * FRAMES_A_LABEL)
            yield Clip.of_person(
                source=SOURCE,
                name=f"{path.stem}_{start:04d}",
                subject=path.stem.split("_")[0],
                label=LABELS[label - 1],
                rate=RATE,
                dimensions=3,
                coordinates=coordinates[frames],
                scores=scores[frames],
            )


def _read_labels(path: Path) -> list[int]:
    labels = [int(word) for word in path.read_text(encoding="utf-8").split()]
    if unknown := sorted({label for label in labels if not 1 <= label <= len(LABELS)}):
        raise ValueError(f"{path.name}: labels {unknown} are not 1 to {len(LABELS)}")
    if not labels:
        raise ValueError(f"{path.name}: no labels")
    return labels


def _runs(labels: list[int]) -> Iterator[tuple[int, int, int]]:
    """(start, stop, label) of every stretch of equal labels."""
    start = 0
    for label, run in groupby(labels):
        stop = start + len(list(run))
        yield start, stop, label
        start = stop
