"""Biovision Hierarchy (BVH) files: a skeleton as nested joints, then one line of channel values a frame.

No library is used because the Bandai-Namco takes have position channels on every joint: pybvh 0.9.0 refuses those, and
bvhio and bvh walk the tree in Python for every joint of every frame, which is too slow for hundreds of takes.
The format as described by M. Meredith and S. Maddock, "Motion Capture File Formats Explained" (2001).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from live_stf.data.formats.forward_kinematics import forward_kinematics

_AXES = "XYZ"


@dataclass(frozen=True)
class _Joint:
    name: str
    parent: int
    offset: tuple[float, float, float]
    channels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Motion:
    """A take as read: J joints (no end sites), positions (T, J, 3) and rotations (T, J, 3, 3) in the world.

    The unit of positions and the upward axis are the file's own. frame_time: seconds.
    """

    joints: tuple[str, ...]
    positions: np.ndarray
    rotations: np.ndarray
    frame_time: float


def read_bvh(path: Path) -> Motion:
    """Read a file and compute the position of every joint.

    A joint's position channels replace its offset on the axes they name, its rotation channels are applied in the order
    in which the file names them. Raises ValueError if the file is damaged; the message says where.
    """
    hierarchy, separator, motion = path.read_text(encoding="utf-8").partition("MOTION")
    if not separator:
        raise ValueError("no MOTION part")
    skeleton = _read_hierarchy(hierarchy.split())
    values, frame_time = _read_motion(motion, sum(len(joint.channels) for joint in skeleton))

    offsets = np.tile(np.array([joint.offset for joint in skeleton]), (len(values), 1, 1))
    rotations = np.tile(np.eye(3), (len(values), len(skeleton), 1, 1))
    column = 0
    for index, joint in enumerate(skeleton):
        own = values[:, column : column + len(joint.channels)]
        column += len(joint.channels)
        turns = [at for at, channel in enumerate(joint.channels) if channel.endswith("rotation")]
        for at, channel in enumerate(joint.channels):
            if channel.endswith("position"):
                offsets[:, index, _AXES.index(channel[0])] = own[:, at]
        if turns:
            # Upper case: each turn is about the axes as the turns before it left them.
            order = "".join(joint.channels[at][0] for at in turns)
            rotations[:, index] = Rotation.from_euler(order, own[:, turns], degrees=True).as_matrix()
    positions, turned = forward_kinematics([joint.parent for joint in skeleton], rotations, offsets)
    return Motion(tuple(joint.name for joint in skeleton), positions, turned, frame_time)


def _read_hierarchy(words: list[str]) -> list[_Joint]:
    if words[:2] != ["HIERARCHY", "ROOT"]:
        raise ValueError("does not begin with HIERARCHY and ROOT")
    skeleton: list[_Joint] = []
    open_blocks: list[int] = []  # joint index of every block that is open; -1 for an end site
    rest = iter(words[1:])
    try:
        for word in rest:
            if word in ("ROOT", "JOINT"):
                parent = open_blocks[-1] if open_blocks else -1
                open_blocks.append(len(skeleton))
                skeleton.append(_Joint(_name(rest), parent, (0.0, 0.0, 0.0), ()))
            elif word == "End":
                open_blocks.append(-1)
                _name(rest)
            elif word == "OFFSET":
                offset = (float(next(rest)), float(next(rest)), float(next(rest)))
                if open_blocks[-1] >= 0:
                    joint = skeleton[open_blocks[-1]]
                    skeleton[open_blocks[-1]] = _Joint(joint.name, joint.parent, offset, joint.channels)
            elif word == "CHANNELS":
                channels = tuple(next(rest) for _ in range(int(next(rest))))
                for channel in channels:
                    if channel[0] not in _AXES or channel[1:] not in ("position", "rotation"):
                        raise ValueError(f"unknown channel {channel}")
                joint = skeleton[open_blocks[-1]]
                skeleton[open_blocks[-1]] = _Joint(joint.name, joint.parent, joint.offset, channels)
            elif word == "}":
                open_blocks.pop()
            else:
                raise ValueError(f"unexpected {word} in HIERARCHY")
    except (StopIteration, IndexError, RuntimeError):
        raise ValueError("HIERARCHY is cut off or its braces do not match") from None
    if open_blocks:
        raise ValueError("HIERARCHY is cut off or its braces do not match")
    return skeleton


def _name(words: Iterator[str]) -> str:
    """The words up to the opening brace."""
    name = []
    while (word := next(words)) != "{":
        name.append(word)
    return " ".join(name)


def _read_motion(text: str, channels: int) -> tuple[np.ndarray, float]:
    lines = text.strip().splitlines()
    header = [line.partition(":") for line in lines[:2]]
    if [key.strip() for key, _, _ in header] != ["Frames", "Frame Time"]:
        raise ValueError("MOTION does not begin with Frames and Frame Time")
    frames, frame_time = int(header[0][2]), float(header[1][2])
    if frames < 1 or not 0 < frame_time < np.inf:
        raise ValueError(f"{frames} frames of {frame_time} s")
    rows = [line for line in lines[2:] if line.strip()]
    if len(rows) != frames:
        raise ValueError(f"{frames} frames announced, {len(rows)} found")
    values = np.loadtxt(rows, ndmin=2)
    if values.shape[1] != channels:
        raise ValueError(f"{channels} channels announced, {values.shape[1]} values a frame")
    if not np.isfinite(values).all():
        raise ValueError("values that are not finite")
    return values, frame_time
