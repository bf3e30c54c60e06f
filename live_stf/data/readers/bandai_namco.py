"""Bandai-Namco Research Motiondataset 1 and 2: BVH takes of acted everyday motion in named styles, 30 fps, centimetres.

A file is named dataset-D_ACTION_STYLE_NUMBER.bvh; the label is ACTION with spaces. The data set's documentation says
that three professional actors performed, but no take names its actor, and all are fitted to the same proportions. So
the subject here is set and style ("dataset-1 tired"). A split by subject holds out whole styles, which are distinct
ways of moving, but not necessarily distinct people.

The proportions are those of a game figure: legs of 0.80 m, and shoulder joints only 0.20 m apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from live_stf.data.clip import Clip, Damaged
from live_stf.data.formats.bvh import read_bvh
from live_stf.data.formats.motion_capture import limb_joints, list_files, openpose_body
from live_stf.skeleton import OPENPOSE_18, Remap

SOURCE = "bandai-namco"
_METRES = 0.01
_NAME = re.compile(r"(?P<set>dataset-\d+)_(?P<action>[a-z-]+)_(?P<style>[a-z-]+)_\d+")
_BODY = limb_joints(
    neck=("UpperArm_L", "UpperArm_R"),
    limbs={
        "shoulder": "UpperArm_{SIDE}",
        "elbow": "LowerArm_{SIDE}",
        "wrist": "Hand_{SIDE}",
        "hip": "UpperLeg_{SIDE}",
        "knee": "LowerLeg_{SIDE}",
        "ankle": "Foot_{SIDE}",
    },
)
# The Head joint is where the skull meets the neck; its own axes are up, forward and left, in this order.
_LEFT_UP_FORWARD = [2, 0, 1]
_HEAD_CENTRE = (0.10, 0.02, 0.0)  # of the head from its joint, along those axes, metres


def read(root: Path) -> Iterator[Clip | Damaged]:
    """The clips of a folder of BVH files. Raises DataError if there are none."""
    for path in list_files(root, ".bvh"):
        named = _NAME.fullmatch(path.stem)
        if not named:
            yield Damaged(SOURCE, path.stem, "the file's name is not dataset-D_ACTION_STYLE_NUMBER.bvh")
            continue
        try:
            motion = read_bvh(path)
            remap = Remap(motion.joints, OPENPOSE_18, _BODY)
            head = motion.joints.index("Head")
        except (OSError, ValueError) as error:
            yield Damaged(SOURCE, path.stem, str(error))
            continue
        positions, turned = motion.positions * _METRES, motion.rotations[:, head]
        coordinates, scores = openpose_body(
            remap, positions, positions[:, head] + turned @ _HEAD_CENTRE, turned[..., _LEFT_UP_FORWARD]
        )
        yield Clip.of_person(
            source=SOURCE,
            name=path.stem,
            subject=f"{named['set']} {named['style']}",
            label=named["action"].replace("-", " "),
            rate=1 / motion.frame_time,
            dimensions=3,
            coordinates=coordinates,
            scores=scores,
        )
