from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from live_stf.skeleton import NTU_25, OPENPOSE_18, Grain, Part
from live_stf.ui.attention_colours import bone_parts, colour_index, colour_table, colours, part_weights, shown_grain


@given(arrays(np.float64, (18, 6), elements=st.floats(0.01, 1)))
def test_weights_are_one_on_average(attention):
    attention /= attention.sum(axis=1, keepdims=True)
    weights = part_weights(attention)
    assert weights.shape == (6,)
    assert weights.mean() == pytest.approx(1)
    assert weights == pytest.approx(attention.mean(axis=0) / (1 / 6))


def test_limbs_are_tinted_by_parts_where_the_network_has_them():
    joints, parts, coarse = (np.ones((25, parts)) / parts for parts in (25, 11, 5))
    assert shown_grain(NTU_25, ()) is None
    assert shown_grain(NTU_25, (joints,)) == 0
    assert shown_grain(NTU_25, (joints, parts)) == 1
    assert shown_grain(NTU_25, (joints, parts, coarse)) == 1


def test_bones_of_openpose_belong_to_their_limb_or_the_torso():
    (grain,) = OPENPOSE_18.grains
    names = [grain.parts[part].name for part in bone_parts(OPENPOSE_18, grain)]
    of = {OPENPOSE_18.joints[child]: name for (child, _), name in zip(OPENPOSE_18.bones, names, strict=True)}
    # A bone is named after its outer end: the elbow's is the upper arm.
    assert of["right_elbow"] == of["right_wrist"] == "right arm"
    assert of["left_elbow"] == of["left_wrist"] == "left arm"
    assert of["right_knee"] == of["right_ankle"] == "right leg"
    assert of["left_knee"] == of["left_ankle"] == "left leg"
    assert of["right_shoulder"] == of["left_shoulder"] == of["right_hip"] == of["left_hip"] == "torso"
    assert {of[joint] for joint in ("nose", "right_eye", "left_eye", "right_ear", "left_ear")} == {"head"}


@pytest.mark.parametrize("skeleton", [OPENPOSE_18, NTU_25], ids=lambda skeleton: skeleton.name)
def test_every_bone_takes_a_part_that_holds_one_of_its_ends(skeleton):
    for grain in skeleton.use_grains(len(skeleton.grains) + 1):
        for (child, parent), part in zip(skeleton.bones, bone_parts(skeleton, grain), strict=True):
            assert {child, parent} & set(grain.parts[part].joints)
            if any({child, parent} <= set(one.joints) for one in grain.parts):
                assert {child, parent} <= set(grain.parts[part].joints)


def test_a_grain_without_some_joints_is_refused_by_name():
    with pytest.raises(ValueError, match="no part holds right_ear"):
        bone_parts(OPENPOSE_18, Grain("gap", (Part("rest", tuple(range(14))), Part("left", (15, 17)))))


def test_colours_get_lighter_with_attention_and_go_from_blue_to_yellow():
    table = colour_table() / 255
    linear = np.where(table <= 0.04045, table / 12.92, ((table + 0.055) / 1.055) ** 2.4)
    luminance = linear @ (0.2126, 0.7152, 0.0722)
    smoothed = luminance[::8]
    assert (np.diff(smoothed) > 0).all()
    least, even, most = table[0], table[len(table) // 2], table[-1]
    assert least[2] > 2 * least[0]
    assert np.ptp(even) < 0.12
    assert most[0] > most[2] + 0.5
    assert most[1] > most[2] + 0.5


@given(st.floats(0, 20), st.floats(0, 20))
def test_more_attention_never_has_a_lower_colour(one, other):
    low, high = sorted((one, other))
    assert 0 <= colour_index(np.array(low)) <= colour_index(np.array(high)) <= 255


def test_even_attention_is_in_the_middle_and_the_span_at_the_ends():
    assert colour_index(np.array([0.25, 0.5, 1, 2, 4])).tolist() == [0, 0, 128, 255, 255]
    assert (colours(np.array([[1.0, 2.0]])) == colour_table()[[128, 255]]).all()
