"""CMU Graphics Lab motion capture as BVH files (mocap.cs.cmu.edu): takes SUBJECT_TAKE.bvh and DESCRIPTIONS.tsv.

The label is the take's description in lower case, which may name several successive actions. The conversion to BVH fits
every subject to one figure of adult size in centimetres, and adds a T-pose before the first frame, which is left out
here. The lab's floor was not level for all subjects: some rise by ten centimetres over a walk of 3.5 metres.

The conversion failed in some takes. In a few, the figure stands deep below the floor with distorted legs; in dances in
which a leg is raised further than the figure's hip allows, the leg changes sides from one frame to the next. Both are
detected by measurements, and the take counts as damaged.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from live_stf.data.clip import Clip, Damaged
from live_stf.data.formats.bvh import Motion, read_bvh
from live_stf.data.formats.motion_capture import limb_joints, list_files, openpose_body
from live_stf.errors import DataError
from live_stf.skeleton import OPENPOSE_18, Remap

SOURCE = "cmu-mocap"
# These takes are in cmu-exercises, too, cut into single exercises.
LEFT_OUT = ("13_30", "13_31")
LOWEST_HIPS = 0.5  # metres, in the T-pose; 0.58 to 0.85 in undamaged takes
FASTEST = 15.0  # m/s, of a wrist or ankle relative to the hips; below 11 in undamaged takes
_METRES = 0.01
_BODY = limb_joints(
    neck=("lShldr", "rShldr"),
    limbs={
        "shoulder": "{side}Shldr",
        "elbow": "{side}ForeArm",
        "wrist": "{side}Hand",
        "hip": "{side}Thigh",
        "knee": "{side}Shin",
        "ankle": "{side}Foot",
    },
)
# The head's own axes are left, up and forward. Its centre lies 0.08 m behind the file's eyes: metres from its joint.
_HEAD_CENTRE = (0.002, 0.08, 0.0)


def read(root: Path) -> Iterator[Clip | Damaged]:
    """The clips of a folder of takes. Raises DataError if there are no takes or no descriptions.

    Takes without a description, and described takes without a file, count as damaged, too.
    """
    files = {path.stem: path for path in list_files(root, ".bvh")}
    described = _read_descriptions(root / "DESCRIPTIONS.tsv")
    for name in sorted({*files, *described} - {*LEFT_OUT}):
        if name not in described:
            yield Damaged(SOURCE, name, "DESCRIPTIONS.tsv does not name it")
            continue
        if name not in files:
            yield Damaged(SOURCE, name, f"{name}.bvh is not there")
            continue
        try:
            motion = read_bvh(files[name])
            remap = Remap(motion.joints, OPENPOSE_18, _BODY)
            head = motion.joints.index("head")
            _check(motion)
        except (OSError, ValueError) as error:
            yield Damaged(SOURCE, name, str(error))
            continue
        positions, turned = motion.positions[1:] * _METRES, motion.rotations[1:, head]
        coordinates, scores = openpose_body(remap, positions, positions[:, head] + turned @ _HEAD_CENTRE, turned)
        yield Clip.of_person(
            source=SOURCE,
            name=name,
            subject=name.split("_")[0],
            label=described[name],
            rate=1 / motion.frame_time,
            dimensions=3,
            coordinates=coordinates,
            scores=scores,
        )


def _check(motion: Motion) -> None:
    """Raises ValueError if there is only the T-pose, or if the conversion to BVH failed."""
    if len(motion.positions) < 2:
        raise ValueError("no frame after the T-pose")
    hip = motion.joints.index("hip")
    height = motion.positions[0, hip, 1] * _METRES
    if height < LOWEST_HIPS:
        raise ValueError(f"the hips are at {height:.2f} m in the T-pose: the conversion to BVH went wrong")
    tips = [motion.joints.index(name) for name in ("lHand", "rHand", "lFoot", "rFoot")]
    seen_from_hips = (motion.positions[1:, tips] - motion.positions[1:, [hip]]) * _METRES
    speed = np.linalg.norm(np.diff(seen_from_hips, axis=0), axis=-1) / motion.frame_time
    if (speed > FASTEST).any():
        frame = int(speed.max(axis=1).argmax()) + 2
        raise ValueError(f"a limb jumps before frame {frame} ({speed.max():.0f} m/s): the conversion to BVH went wrong")


def _read_descriptions(path: Path) -> dict[str, str]:
    """Take -> description, from lines of take, frames, seconds, description, parted by tabs."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({error}); it names what happens in every take") from None
    rows = [line.split("\t") for line in lines if line.strip()]
    for number, row in enumerate(rows, start=1):
        if len(row) != 4:
            raise DataError(f"{path}, line {number}: not take, frames, seconds and description parted by tabs")
    return {row[0]: row[3].strip().lower() for row in rows}
