"""ST-GCN's augmentation against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_stf.data.augment.random_move import ANGLES, SCALES, SHIFTS, fixed_choose, random_choose, random_move


@given(seed=st.integers(0, 10_000), frames=st.integers(1, 9), bodies=st.integers(1, 3))
def test_a_move_equals_plain_loops_over_frames_and_joints(seed: int, frames: int, bodies: int) -> None:
    rng = np.random.default_rng(seed)
    joints = rng.normal(size=(bodies, frames, 5, 3)).astype(np.float32)
    joints[..., 2] = rng.random(joints.shape[:3]) * (rng.random(joints.shape[:3]) > 0.3)
    joints *= joints[..., 2:] > 0
    before = joints.copy()
    moved = random_move(np.random.default_rng(seed), joints)
    assert moved.dtype == np.float32
    np.testing.assert_array_equal(joints, before)

    drawn = np.random.default_rng(seed)
    nodes = [drawn.choice(candidates, 2) for candidates in (ANGLES, SCALES, SHIFTS, SHIFTS)]
    expected = np.zeros_like(joints)
    for frame in range(frames):
        part = frame / (frames - 1) if frames > 1 else 0.0
        angle, scale, across, down = (first + part * (last - first) for first, last in nodes)
        cosine, sine = scale * math.cos(math.radians(angle)), scale * math.sin(math.radians(angle))
        for body in range(bodies):
            for joint in range(5):
                x, y, score = joints[body, frame, joint]
                if score > 0:
                    expected[body, frame, joint] = cosine * x - sine * y + across, sine * x + cosine * y + down, score
    np.testing.assert_allclose(moved, expected, atol=1e-5)


def test_a_move_begins_at_any_of_the_candidates() -> None:
    joints = np.zeros((1, 2, 1, 3), dtype=np.float32)
    joints[..., 2] = 1
    begun = [random_move(np.random.default_rng(seed), joints)[0, 0, 0, :2].astype(float) for seed in range(400)]
    assert {tuple(np.round(one, 3)) for one in begun} == {(across, down) for across in SHIFTS for down in SHIFTS}


@given(seed=st.integers(0, 10_000), length=st.integers(1, 40), frames=st.integers(1, 20))
def test_a_chosen_stretch_lies_in_the_clip_and_is_as_long_as_possible(seed: int, length: int, frames: int) -> None:
    clip = np.arange(length)
    for part in (random_choose(np.random.default_rng(seed), length, frames), fixed_choose(length, frames)):
        assert len(clip[part]) == min(length, frames)


def test_every_stretch_can_be_chosen() -> None:
    rng = np.random.default_rng(0)
    assert {random_choose(rng, 10, 7).start for _ in range(200)} == {0, 1, 2, 3}


@pytest.mark.parametrize(("length", "start"), [(300, 75), (301, 75), (150, 0)])
def test_the_fixed_choice_is_the_middle_of_the_clip(length: int, start: int) -> None:
    assert fixed_choose(length, 150).start == start
