"""The skeleton tables against what docs/stf-net.md and the layouts' own documentation say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_stf.skeleton import (
    BLAZEPOSE_33,
    BLAZEPOSE_33_TO_OPENPOSE_18,
    COCO_17,
    COCO_17_TO_OPENPOSE_18,
    KINECT_20,
    NTU_25,
    OPENPOSE_18,
    Remap,
    Skeleton,
    part_matrix,
)

SKELETONS = [OPENPOSE_18, NTU_25, KINECT_20]


@pytest.mark.parametrize(("skeleton", "joints"), [(OPENPOSE_18, 18), (NTU_25, 25), (KINECT_20, 20)])
def test_every_joint_is_tied_to_the_centre(skeleton: Skeleton, joints: int) -> None:
    assert len(skeleton) == joints
    assert len(skeleton.bones) == joints - 1
    hops = skeleton.hops_to_centre
    assert hops[skeleton.centre] == 0
    for child, parent in skeleton.bones:
        assert hops[child] == hops[parent] + 1


@pytest.mark.parametrize("skeleton", SKELETONS, ids=lambda skeleton: skeleton.name)
def test_bones_go_outwards_from_the_centre(skeleton: Skeleton) -> None:
    assert sorted(skeleton.bones_outwards) == sorted(skeleton.bones)
    reached = {skeleton.centre}
    for child, parent in skeleton.bones_outwards:
        assert parent in reached
        reached.add(child)


def test_openpose_grains_are_the_documented_ones() -> None:
    (parts,) = OPENPOSE_18.grains
    assert {part.name: set(part.joints) for part in parts.parts} == {
        "head": {0, 14, 15, 16, 17},
        "torso": {1, 2, 5, 8, 11},
        "right arm": {2, 3, 4},
        "left arm": {5, 6, 7},
        "right leg": {8, 9, 10},
        "left leg": {11, 12, 13},
    }


def test_ntu_grains_are_the_documented_ones_which_count_from_one() -> None:
    fine, coarse = NTU_25.grains
    assert [{joint + 1 for joint in part.joints} for part in fine.parts] == [
        {3, 4}, {2, 21, 5, 9}, {1, 13, 17}, {5, 6}, {7, 8, 22, 23}, {9, 10}, {11, 12, 24, 25}, {13, 14}, {15, 16},
        {17, 18}, {19, 20},
    ]  # fmt: skip
    assert [{joint + 1 for joint in part.joints} for part in coarse.parts] == [
        {1, 2, 3, 4, 21}, {5, 6, 7, 8, 22, 23}, {9, 10, 11, 12, 24, 25}, {13, 14, 15, 16}, {17, 18, 19, 20},
    ]  # fmt: skip


def test_kinect_grains_are_those_of_ntu_with_the_joints_that_it_has() -> None:
    renamed = {"spine_base": "hip_center", "spine_mid": "spine", "upper_spine": "shoulder_center"}
    for kinect, ntu in zip(KINECT_20.grains, NTU_25.grains, strict=True):
        for part, like in zip(kinect.parts, ntu.parts, strict=True):
            names = {renamed.get(name, name) for name in (NTU_25.joints[joint] for joint in like.joints)}
            if "neck" in names:  # The only joint between shoulders and head that Kinect's first version has.
                names = names - {"neck"} | {"shoulder_center"}
            assert (part.name, {KINECT_20.joints[joint] for joint in part.joints}) == (
                like.name, names & set(KINECT_20.joints)
            )  # fmt: skip


@pytest.mark.parametrize("skeleton", SKELETONS)
def test_part_matrices_average_the_joints_of_their_parts(skeleton: Skeleton) -> None:
    values = np.random.default_rng(0).normal(size=len(skeleton))
    for grain in skeleton.use_grains(len(skeleton.grains) + 1):
        matrix = part_matrix(grain, len(skeleton))
        assert matrix.shape == (len(skeleton), len(grain.parts))
        np.testing.assert_allclose(matrix.sum(axis=0), 1, rtol=1e-6)
        assert {joint for part in grain.parts for joint in part.joints} == set(range(len(skeleton)))
        for column, part in enumerate(grain.parts):
            np.testing.assert_allclose(values @ matrix[:, column], values[list(part.joints)].mean(), atol=1e-6)


@pytest.mark.parametrize("skeleton", SKELETONS)
def test_use_grains_counts_the_joints_as_the_first(skeleton: Skeleton) -> None:
    assert skeleton.use_grains(1) == (skeleton.joint_grain,)
    assert [len(part.joints) for part in skeleton.use_grains(1)[0].parts] == [1] * len(skeleton)
    for count in (0, len(skeleton.grains) + 2):
        with pytest.raises(ValueError, match="grains"):
            skeleton.use_grains(count)


@pytest.mark.parametrize("skeleton", SKELETONS)
def test_mirror_exchanges_left_and_right_and_nothing_else(skeleton: Skeleton) -> None:
    for joint, other in enumerate(skeleton.mirrored):
        name = skeleton.joints[joint]
        swapped = name.replace("left", "?").replace("right", "left").replace("?", "right")
        assert skeleton.joints[other] == swapped
    linked = {frozenset(bone) for bone in skeleton.bones}
    assert {frozenset(int(skeleton.mirrored[joint]) for joint in bone) for bone in linked} == linked


def test_a_joint_without_a_bone_is_refused() -> None:
    with pytest.raises(ValueError, match="every joint but the centre"):
        Skeleton("broken", ("a", "b", "c"), ((1, 0),), 0)


def test_a_remap_from_a_joint_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="tail"):
        Remap(("nose",), OPENPOSE_18, {"neck": ("tail",)})


@pytest.mark.parametrize(
    ("layout", "remap"), [(BLAZEPOSE_33, BLAZEPOSE_33_TO_OPENPOSE_18), (COCO_17, COCO_17_TO_OPENPOSE_18)]
)
@given(seed=st.integers(0, 1000))
def test_remap_reads_joints_by_name_and_the_neck_from_both_shoulders(layout: tuple, remap: Remap, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(len(layout), 2)).astype(np.float32)
    scores = (rng.random(len(layout)) * (rng.random(len(layout)) > 0.3)).astype(np.float32)
    read, read_scores = remap.apply(points, scores)
    for joint, name in enumerate(OPENPOSE_18.joints):
        sources = ["left_shoulder", "right_shoulder"] if name == "neck" else [name]
        indices = [layout.index(source) for source in sources]
        assert read_scores[joint] == min(scores[indices])
        expected = points[indices].mean(axis=0) if read_scores[joint] > 0 else np.zeros(2)
        np.testing.assert_allclose(read[joint], expected, atol=1e-6)
