"""Skeletons: joints, bones, centre, part grains, left/right pairs, and remaps from one layout to another.

A skeleton is a frozen description; code that needs a joint asks for it by name. Joint indices are 0-based. Three
layouts are network inputs (OPENPOSE_18, NTU_25, KINECT_20). Pose estimators and data sets deliver the others, which a
`Remap` turns into OPENPOSE_18.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np


@dataclass(frozen=True)
class Part:
    """A named group of joints, one column of a grain's part matrix."""

    name: str
    joints: tuple[int, ...]


@dataclass(frozen=True)
class Grain:
    """A partition of the body into parts, which may share joints."""

    name: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Skeleton:
    """Layout of a body with V joints.

    Attributes:
        name: name in recipes and model descriptions.
        joints: V names.
        bones: (joint, neighbour nearer the centre) pairs, one for every joint but the centre.
        centre: index of the joint that is used as the centre of gravity.
        grains: part grains, finest first, without the joint grain.
        pairs: (left, right) joints that a mirror swaps.

    Raises ValueError if the bones do not connect every joint but the centre.
    """

    name: str
    joints: tuple[str, ...]
    bones: tuple[tuple[int, int], ...]
    centre: int
    grains: tuple[Grain, ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        children = [child for child, _ in self.bones]
        expected = [joint for joint in range(len(self.joints)) if joint != self.centre]
        if sorted(children) != expected:
            raise ValueError(f"{self.name}: every joint but the centre needs one bone, got {sorted(children)}")

    def __len__(self) -> int:
        return len(self.joints)

    def index(self, joint: str) -> int:
        """Index of a joint by name. Raises ValueError if the skeleton has no such joint."""
        return self.joints.index(joint)

    @property
    def joint_grain(self) -> Grain:
        """Grain 0 of the paper: every joint is a part of its own."""
        return Grain("joints", tuple(Part(name, (index,)) for index, name in enumerate(self.joints)))

    def use_grains(self, count: int) -> tuple[Grain, ...]:
        """The first `count` grains, including the joint grain ("#parts" in the paper's Table IV).

        Raises ValueError if the skeleton does not have as many.
        """
        available = (self.joint_grain, *self.grains)
        if not 1 <= count <= len(available):
            raise ValueError(f"{self.name} has 1 to {len(available)} grains, not {count}")
        return available[:count]

    @property
    def mirrored(self) -> np.ndarray:
        """(V,) joint order after exchanging left and right."""
        order = np.arange(len(self))
        for left, right in self.pairs:
            order[[left, right]] = right, left
        return order

    @cached_property
    def bones_outwards(self) -> tuple[tuple[int, int], ...]:
        """The bones, sorted from the centre outwards."""
        hops = self.hops_to_centre
        return tuple(sorted(self.bones, key=lambda bone: hops[bone[0]]))

    @property
    def hops_to_centre(self) -> np.ndarray:
        """(V,) number of bones between each joint and the centre."""
        parent = dict(self.bones)
        hops = np.zeros(len(self), dtype=int)
        for joint in range(len(self)):
            at = joint
            while at != self.centre:
                at, hops[joint] = parent[at], hops[joint] + 1
        return hops


def part_matrix(grain: Grain, joints: int) -> np.ndarray:
    """(V, U) float32 pooling matrix of a grain: column u averages the joints of part u, so columns sum to one."""
    matrix = np.zeros((joints, len(grain.parts)), dtype=np.float32)
    for column, part in enumerate(grain.parts):
        matrix[list(part.joints), column] = 1.0 / len(part.joints)
    return matrix


@dataclass(frozen=True)
class Remap:
    """Converts another layout of joints to `target`: each joint is the mean of named joints of the other layout.

    source: names of the S joints of the other layout. sources: for each joint of `target`, the names of the joints
    whose mean it is; joints that are not in it are absent. The score of
    a mean is the smallest of its sources' scores. Raises ValueError if a name is unknown.
    """

    source: tuple[str, ...]
    target: Skeleton
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sources", MappingProxyType(dict(self.sources)))
        for joint, names in self.sources.items():
            self.target.index(joint)
            for name in names:
                if name not in self.source:
                    raise ValueError(f"{joint} of {self.target.name} is read from {name}, which the source lacks")

    def apply(self, coordinates: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The target's coordinates (..., V, D) and scores (..., V) float32, from (..., S, D) and (..., S).

        A target joint is absent, with coordinates and score 0, if it has no source or one of its sources has score 0.
        """
        shape = coordinates.shape[:-2]
        out = np.zeros((*shape, len(self.target), coordinates.shape[-1]), dtype=np.float32)
        out_scores = np.zeros((*shape, len(self.target)), dtype=np.float32)
        for at, picked in self._indices:
            out_scores[..., at] = scores[..., picked].min(axis=-1)
            present = out_scores[..., at] > 0
            out[..., at, :] = coordinates[..., picked, :].mean(axis=-2) * present[..., None]
        return out, out_scores

    @cached_property
    def _indices(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """Target joints (n,) and their sources (n, k), grouped by k, because live frames need this to be fast."""
        together: dict[int, list[tuple[int, list[int]]]] = {}
        for joint, names in self.sources.items():
            picked = [self.source.index(name) for name in names]
            together.setdefault(len(names), []).append((self.target.index(joint), picked))
        return tuple((np.array([at for at, _ in rows]), np.array([of for _, of in rows])) for rows in together.values())


def _named(joints: tuple[str, ...], **parts: str) -> tuple[Part, ...]:
    return tuple(
        Part(name.replace("_", " "), tuple(joints.index(joint) for joint in members.split()))
        for name, members in parts.items()
    )


# The tables below are laid out by hand.
# fmt: off

# OpenPose's COCO model (also Kinetics-skeleton). Grains: docs/stf-net.md.
_OPENPOSE = tuple(
    "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist right_hip right_knee "
    "right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear left_ear".split()
)
OPENPOSE_18 = Skeleton(
    name="openpose18",
    joints=_OPENPOSE,
    bones=((0, 1), (2, 1), (3, 2), (4, 3), (5, 1), (6, 5), (7, 6), (8, 2), (9, 8), (10, 9), (11, 5), (12, 11), (13, 12),
           (14, 0), (15, 0), (16, 14), (17, 15)),
    centre=1,
    grains=(
        Grain("parts", _named(
            _OPENPOSE,
            head="nose right_eye left_eye right_ear left_ear",
            torso="neck right_shoulder left_shoulder right_hip left_hip",
            right_arm="right_shoulder right_elbow right_wrist",
            left_arm="left_shoulder left_elbow left_wrist",
            right_leg="right_hip right_knee right_ankle",
            left_leg="left_hip left_knee left_ankle",
        )),
    ),
    pairs=((5, 2), (6, 3), (7, 4), (11, 8), (12, 9), (13, 10), (15, 14), (17, 16)),
)

# Kinect v2, NTU RGB+D (Shahroudy et al. 2016, figure 3); joint 21 of the paper is upper_spine here.
_NTU = tuple(
    "spine_base spine_mid neck head left_shoulder left_elbow left_wrist left_hand right_shoulder right_elbow "
    "right_wrist right_hand left_hip left_knee left_ankle left_foot right_hip right_knee right_ankle right_foot "
    "upper_spine left_hand_tip left_thumb right_hand_tip right_thumb".split()
)
NTU_25 = Skeleton(
    name="ntu25",
    joints=_NTU,
    bones=((0, 1), (1, 20), (2, 20), (3, 2), (4, 20), (5, 4), (6, 5), (7, 6), (8, 20), (9, 8), (10, 9), (11, 10),
           (12, 0), (13, 12), (14, 13), (15, 14), (16, 0), (17, 16), (18, 17), (19, 18), (21, 22), (22, 7), (23, 24),
           (24, 11)),
    centre=20,
    grains=(
        Grain("fine", _named(
            _NTU,
            head="neck head",
            upper_torso="spine_mid upper_spine left_shoulder right_shoulder",
            lower_torso="spine_base left_hip right_hip",
            left_upper_arm="left_shoulder left_elbow",
            left_hand="left_wrist left_hand left_hand_tip left_thumb",
            right_upper_arm="right_shoulder right_elbow",
            right_hand="right_wrist right_hand right_hand_tip right_thumb",
            left_thigh="left_hip left_knee",
            left_foot="left_ankle left_foot",
            right_thigh="right_hip right_knee",
            right_foot="right_ankle right_foot",
        )),
        Grain("coarse", _named(
            _NTU,
            trunk="spine_base spine_mid neck head upper_spine",
            left_arm="left_shoulder left_elbow left_wrist left_hand left_hand_tip left_thumb",
            right_arm="right_shoulder right_elbow right_wrist right_hand right_hand_tip right_thumb",
            left_leg="left_hip left_knee left_ankle left_foot",
            right_leg="right_hip right_knee right_ankle right_foot",
        )),
    ),
    pairs=((4, 8), (5, 9), (6, 10), (7, 11), (12, 16), (13, 17), (14, 18), (15, 19), (21, 23), (22, 24)),
)

# Order of the Kinect for Windows SDK 1 (NW-UCLA, UTKinect). Grains as those of NTU_25, which has the same body.
_KINECT = tuple(
    "hip_center spine shoulder_center head left_shoulder left_elbow left_wrist left_hand right_shoulder right_elbow "
    "right_wrist right_hand left_hip left_knee left_ankle left_foot right_hip right_knee right_ankle right_foot".split()
)
KINECT_20 = Skeleton(
    name="kinect20",
    joints=_KINECT,
    bones=((0, 1), (1, 2), (3, 2), (4, 2), (5, 4), (6, 5), (7, 6), (8, 2), (9, 8), (10, 9), (11, 10), (12, 0), (13, 12),
           (14, 13), (15, 14), (16, 0), (17, 16), (18, 17), (19, 18)),
    centre=2,
    grains=(
        Grain("fine", _named(
            _KINECT,
            head="shoulder_center head",
            upper_torso="spine shoulder_center left_shoulder right_shoulder",
            lower_torso="hip_center left_hip right_hip",
            left_upper_arm="left_shoulder left_elbow",
            left_hand="left_wrist left_hand",
            right_upper_arm="right_shoulder right_elbow",
            right_hand="right_wrist right_hand",
            left_thigh="left_hip left_knee",
            left_foot="left_ankle left_foot",
            right_thigh="right_hip right_knee",
            right_foot="right_ankle right_foot",
        )),
        Grain("coarse", _named(
            _KINECT,
            trunk="hip_center spine shoulder_center head",
            left_arm="left_shoulder left_elbow left_wrist left_hand",
            right_arm="right_shoulder right_elbow right_wrist right_hand",
            left_leg="left_hip left_knee left_ankle left_foot",
            right_leg="right_hip right_knee right_ankle right_foot",
        )),
    ),
    pairs=((4, 8), (5, 9), (6, 10), (7, 11), (12, 16), (13, 17), (14, 18), (15, 19)),
)

SKELETONS: Mapping[str, Skeleton] = MappingProxyType({s.name: s for s in (OPENPOSE_18, NTU_25, KINECT_20)})

BLAZEPOSE_33 = tuple(
    "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer left_ear right_ear "
    "mouth_left mouth_right left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist left_pinky "
    "right_pinky left_index right_index left_thumb right_thumb left_hip right_hip left_knee right_knee left_ankle "
    "right_ankle left_heel right_heel left_foot_index right_foot_index".split()
)
COCO_17 = tuple(
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow left_wrist "
    "right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle".split()
)


def remap_by_name(layout: tuple[str, ...], **others: tuple[str, ...]) -> Remap:
    """A remap to OPENPOSE_18 that copies the joints which have the same name in both layouts.

    The neck is the middle of the shoulders, as OpenPose's is. others: further joints, each the mean of the named ones.
    """
    same = {joint: (joint,) for joint in OPENPOSE_18.joints if joint in layout}
    return Remap(layout, OPENPOSE_18, {**same, "neck": ("left_shoulder", "right_shoulder"), **others})


BLAZEPOSE_33_TO_OPENPOSE_18 = remap_by_name(BLAZEPOSE_33)
COCO_17_TO_OPENPOSE_18 = remap_by_name(COCO_17)
