"""Acclaim skeleton (ASF) and motion (AMC) files as the CMU Graphics Lab writes them.

An ASF file lists bones. Each has a direction and length in the world frame of the rest pose, the rotation of its own
frame there, and its degrees of freedom. An AMC file gives, frame by frame, the root's position and rotation and every
bone's angles in its own frame. Angles are degrees; lengths divided by :units length (0.45 at CMU) are inches.
Formats: J. Lander, "Working with Motion Capture File Formats", Game Developer (January 1998).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from live_stf.data.formats.forward_kinematics import forward_kinematics

_INCH = 0.0254  # metres
_AXES = "xyz"


@dataclass(frozen=True, eq=False)
class Bone:
    """One bone at rest. vector: (3,) from start to end, metres. frame: its own axes. freedoms: of rx, ry, rz."""

    name: str
    parent: str
    vector: np.ndarray
    frame: Rotation
    freedoms: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class AcclaimSkeleton:
    """root_order: the root's channels as AMC files list them. unit: metres in one unit of the root's translation."""

    bones: tuple[Bone, ...]  # parents before children; the root is no bone
    root_order: tuple[str, ...]
    unit: float


@dataclass(frozen=True, eq=False)
class AcclaimMotion:
    """ends: (T, J, 3) where each bone ends, metres, y up; rotations: (T, J, 3, 3) from rest. Joint 0 is the root."""

    joints: tuple[str, ...]
    ends: np.ndarray
    rotations: np.ndarray


def read_asf(path: Path) -> AcclaimSkeleton:
    """Read a skeleton. Raises ValueError if the file is damaged; the message says where."""
    sections = _sections(path)
    for needed in (":units", ":root", ":bonedata", ":hierarchy"):
        if needed not in sections:
            raise ValueError(f"no {needed} section")
    units = {words[0]: words[1:] for words in sections[":units"]}
    if units.get("angle") != ["deg"] or len(units.get("length", ())) != 1:
        raise ValueError(":units does not say length and angle deg")
    unit = _INCH / float(units["length"][0])
    root = {words[0]: words[1:] for words in sections[":root"]}
    order = tuple(word.lower() for word in root.get("order", ()))
    if sorted(order) != ["rx", "ry", "rz", "tx", "ty", "tz"]:
        raise ValueError(f"the root has {' '.join(order) or 'no order'}, not three translations and three rotations")
    if root.get("axis") != ["XYZ"] or any(float(turn) for turn in root.get("orientation", ())):
        raise ValueError("the root has another axis order than XYZ or is turned at rest")

    parents = {
        child: words[0]
        for words in sections[":hierarchy"]
        for child in words[1:]  # lines of begin and end have one word
    }
    described = {bone["name"][0]: bone for bone in _blocks(sections[":bonedata"])}
    bones: list[Bone] = []
    placed = {"root"}
    while left := [name for name in described if name not in placed]:
        ready = [name for name in left if parents.get(name) in placed]
        if not ready:
            raise ValueError(f"bones {', '.join(left)} are not connected to the root")
        for name in ready:
            bones.append(_bone(described[name], parents[name], unit))
            placed.add(name)
    return AcclaimSkeleton(tuple(bones), order, unit)


def _bone(words: Mapping[str, list[str]], parent: str, unit: float) -> Bone:
    name = words["name"][0]
    if [len(words.get(key, ())) for key in ("direction", "length", "axis")] != [3, 1, 4]:
        raise ValueError(f"bone {name} lacks its direction, length or axis")
    direction = np.array([float(number) for number in words["direction"]])
    *angles, order = words["axis"]
    frame = _turn(order.lower(), np.array([float(angle) for angle in angles]))
    size = np.linalg.norm(direction)
    if not 0 < size < np.inf:
        raise ValueError(f"bone {name} has no direction")
    freedoms = tuple(words.get("dof", ()))
    if not set(freedoms) <= {"rx", "ry", "rz"}:
        raise ValueError(f"bone {name} has degrees of freedom {' '.join(freedoms)}")
    return Bone(name, parent, direction / size * float(words["length"][0]) * unit, frame, freedoms)


def _turn(order: str, degrees: np.ndarray) -> Rotation:
    """(..., 3) angles about the axes in `order`; lower case, so the axes stay where they are."""
    return Rotation.from_euler(order, degrees, degrees=True)


def read_amc(path: Path, skeleton: AcclaimSkeleton) -> AcclaimMotion:
    """Read a take and place every bone of the skeleton.

    Raises ValueError if the file is damaged; the message says where.
    """
    freedoms = {"root": skeleton.root_order, **{bone.name: bone.freedoms for bone in skeleton.bones if bone.freedoms}}
    values: dict[str, list[list[float]]] = {name: [] for name in freedoms}
    frames = 0
    for words in _sections(path).get(":degrees", ()):
        if len(words) == 1 and words[0].isdigit():
            frames += 1
            continue
        name, *numbers = words
        if name not in freedoms or len(numbers) != len(freedoms[name]) or len(values[name]) != frames - 1:
            raise ValueError(f"frame {frames}: {name} is unknown, repeated, or lacks its degrees of freedom")
        values[name].append([float(number) for number in numbers])
    if not frames:
        raise ValueError("no frames after :DEGREES")
    lacking = [name for name in freedoms if len(values[name]) != frames]
    if lacking:
        raise ValueError(f"{frames} frames, but not as many of {', '.join(lacking)}")
    table = {name: np.array(rows) for name, rows in values.items()}
    if not all(np.isfinite(rows).all() for rows in table.values()):
        raise ValueError("values that are not finite")
    return _pose(skeleton, table, frames)


def _pose(skeleton: AcclaimSkeleton, table: Mapping[str, np.ndarray], frames: int) -> AcclaimMotion:
    names = ("root", *(bone.name for bone in skeleton.bones))
    parents = [-1, *(names.index(bone.parent) for bone in skeleton.bones)]
    vectors = np.array([np.zeros(3), *(bone.vector for bone in skeleton.bones)])
    turns = np.tile(np.eye(3), (frames, len(names), 1, 1))
    starts = np.zeros((frames, len(names), 3))
    root = dict(zip(skeleton.root_order, table["root"].T, strict=True))
    starts[:, 0] = np.stack([root["tx"], root["ty"], root["tz"]], axis=1) * skeleton.unit
    turns[:, 0] = _turn(_AXES, np.stack([root["rx"], root["ry"], root["rz"]], axis=1)).as_matrix()
    for joint, bone in enumerate(skeleton.bones, start=1):
        # A bone starts where its parent ends, which in the parent's own frame of rest is the parent's vector.
        starts[:, joint] = vectors[parents[joint]]
        if bone.freedoms:
            angles = np.zeros((frames, 3))
            angles[:, [_AXES.index(freedom[1]) for freedom in bone.freedoms]] = table[bone.name]
            turns[:, joint] = (bone.frame * _turn(_AXES, angles) * bone.frame.inv()).as_matrix()
    positions, turned = forward_kinematics(parents, turns, starts)
    return AcclaimMotion(names, positions + (turned @ vectors[None, :, :, None])[..., 0], turned)


def _sections(path: Path) -> dict[str, list[list[str]]]:
    """The words of every line without comments, by the keyword line above them, in lower case."""
    sections: dict[str, list[list[str]]] = {}
    current: list[list[str]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0].startswith(":"):
            current = sections.setdefault(words[0].lower(), [])
        else:
            current.append(words)
    return sections


def _blocks(lines: list[list[str]]) -> Iterator[dict[str, list[str]]]:
    """The bones of :bonedata: the lines between begin and end, by their first word."""
    block: dict[str, list[str]] = {}
    for words in lines:
        if words == ["begin"]:
            block = {}
        elif words == ["end"]:
            if len(block.get("name", ())) != 1:
                raise ValueError("a bone without a name")
            yield block
        else:
            block[words[0]] = words[1:]
