"""Windows drawn from clips, and the effect of noise on joints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from live_stf.data.augment.noise import Noise
from live_stf.data.clip import Clip
from live_stf.data.windows import WindowSettings, camera_times, clip_at, draw_stream, draw_window
from live_stf.preparation import Preparation
from live_stf.skeleton import OPENPOSE_18

FIGURE = np.array(
    [[0, 1.55, 0.1], [0, 1.4, 0], [-0.18, 1.4, 0], [-0.25, 1.1, 0], [-0.25, 0.85, 0], [0.18, 1.4, 0], [0.25, 1.1, 0],
     [0.25, 0.85, 0], [-0.1, 0.9, 0], [-0.1, 0.5, 0], [-0.1, 0.08, 0], [0.1, 0.9, 0], [0.1, 0.5, 0], [0.1, 0.08, 0],
     [-0.03, 1.6, 0.08], [0.03, 1.6, 0.08], [-0.07, 1.58, 0], [0.07, 1.58, 0]]
)  # fmt: skip
QUIET = {"jitter": 0.003, "lost": 0.0, "legs": 0.0, "face": 0.0, "swapped": 0.0}


def clip(frames: int, dimensions: int = 3, rate: float = 20.0) -> Clip:
    """Somebody who lifts the right wrist once, from hanging to above the head."""
    coordinates = np.tile(FIGURE, (frames, 1, 1))
    coordinates[:, 4, 1] += np.linspace(0, 1.2, frames)
    if dimensions == 2:
        coordinates = coordinates * [100, -100, 0]
    scores = np.ones((frames, 18), np.float32)
    return Clip.of_person("made", "lift", "s1", "lift", rate, dimensions, coordinates.astype(np.float32), scores)


@given(seed=st.integers(0, 5000))
def test_camera_times_ascend_within_the_span_and_end_with_it(seed: int) -> None:
    times = camera_times(np.random.default_rng(seed), 5.0, WindowSettings())
    assert (np.diff(times) > 0).all()
    assert times[-1] == 5.0
    assert times[0] > -0.1
    assert 20 <= len(times) <= 150


def test_clip_at_is_linear_between_frames_and_held_at_the_ends() -> None:
    some = clip(5, rate=10.0)
    coordinates, scores = clip_at(some, np.array([-1.0, 0.05, 0.2, 9.0]))
    expected = [0.85, 0.85 + 0.15, 0.85 + 0.6, 0.85 + 1.2]
    np.testing.assert_allclose(coordinates[:, 4, 1], expected, atol=1e-6)
    assert (scores == 1).all()


def test_clip_at_drops_joints_that_a_neighbouring_frame_lacks() -> None:
    some = clip(5, rate=10.0)
    some.scores[0, 2, 4] = 0
    coordinates, scores = clip_at(some, np.array([0.05, 0.15, 0.2, 0.25, 0.35]))
    assert scores[:, 4].tolist() == [1, 0, 0, 0, 1]
    assert (coordinates[1:4, 4] == 0).all()


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 5000), frames=st.integers(2, 200), dimensions=st.sampled_from([2, 3]), still=st.booleans())
@example(seed=766, frames=2, dimensions=3, still=False)  # head and shoulders from the side
def test_every_window_is_finite_filled_and_in_body_units(seed: int, frames: int, dimensions: int, still: bool) -> None:
    window = draw_window(
        np.random.default_rng(seed), clip(frames, dimensions), Preparation(), WindowSettings(), still=still
    )
    assert window.shape == (3, 150, 18, 1)
    assert window.dtype == np.float32
    assert np.isfinite(window).all()
    assert set(np.unique(window[2])) <= {0.0, 1.0}
    assert np.abs(window[:2]).max() < 10
    assert window[2].any(axis=1).mean() > 0.5  # no zero padding: most frames show somebody


def test_a_window_has_the_arms_of_the_other_clip_and_its_own_legs() -> None:
    quiet = WindowSettings(upper_body=0.0, noise=Noise(**{**QUIET, "arm": 0.0}))
    hanging = clip(60)
    hanging.coordinates[:] = FIGURE
    one, other = (
        draw_window(np.random.default_rng(5), hanging, Preparation(), quiet, arms=arms) for arms in (hanging, clip(60))
    )
    arm = [OPENPOSE_18.index(f"right_{name}") for name in ("elbow", "wrist")]
    rest = [joint for joint in range(18) if joint not in arm]
    np.testing.assert_allclose(one[:, :, rest], other[:, :, rest], atol=1e-5)
    assert np.abs(one[:, :, arm] - other[:, :, arm]).max() > 0.5


def test_a_crouching_person_can_lean_forward() -> None:
    crouching = clip(60)
    legs = [OPENPOSE_18.index(f"{side}_{name}") for side in ("left", "right") for name in ("knee", "ankle")]
    above = [joint for joint in range(18) if joint not in legs]
    crouching.coordinates[0][:, above, 1] -= np.linspace(0, 0.6, 60)[:, None]
    upright, leaned = (
        draw_window(np.random.default_rng(5), crouching, Preparation(), WindowSettings(), lean=lean)
        for lean in (0.0, 0.6)
    )
    assert np.abs(upright[:2] - leaned[:2]).max() > 0.1


def test_the_same_seed_gives_the_same_window() -> None:
    draw = lambda: draw_window(np.random.default_rng(3), clip(60), Preparation(), WindowSettings())  # noqa: E731
    np.testing.assert_array_equal(draw(), draw())


def test_a_still_window_does_not_move_and_an_action_does() -> None:
    settings = WindowSettings(noise=Noise(**QUIET), partial=0.0, upper_body=0.0, drops=0.0)
    wrists = [OPENPOSE_18.index("right_wrist"), OPENPOSE_18.index("left_wrist")]  # a window may be mirrored
    for seed in range(10):
        still = draw_window(np.random.default_rng(seed), clip(40), Preparation(), settings, still=True)
        moving = draw_window(np.random.default_rng(seed), clip(40), Preparation(), settings)
        assert np.ptp(still[1][:, wrists], axis=0).max() < 0.2
        assert np.ptp(moving[1][:, wrists], axis=0).max() > 0.6


def test_noise_has_the_given_size() -> None:
    times = np.arange(300) / 30
    joints = np.dstack([np.tile(FIGURE[:, :2] * [100, -100], (300, 1, 1)), np.ones((300, 18))])
    noise = Noise(**{**QUIET, "jitter": 0.03})
    errors = []
    for seed in range(30):
        out = noise(np.random.default_rng(seed), times, joints, OPENPOSE_18)
        assert (out[..., 2] == 1).all()
        errors.append((out - joints)[:, OPENPOSE_18.index("neck"), :2].std() / 50)
    assert max(errors) < 0.03 * 1.2
    assert min(errors) < 0.012
    still = Noise(**{**QUIET, "jitter": 0.0})(np.random.default_rng(0), times, joints, OPENPOSE_18)
    np.testing.assert_array_equal(still, joints)


@pytest.mark.parametrize(
    ("what", "joints"),
    [("legs", ["left_ankle", "right_ankle"]), ("face", ["left_ear", "right_ear", "left_eye", "right_eye"])],
)
def test_joints_lost_to_noise_are_zero_and_others_stay(what: str, joints: list[str]) -> None:
    times = np.arange(60) / 30
    original = np.dstack([np.tile(FIGURE[:, :2] * 100, (60, 1, 1)), np.ones((60, 18))])
    out = Noise(**{**QUIET, what: 1.0})(np.random.default_rng(1), times, original, OPENPOSE_18)
    gone = (out[..., 2] == 0).all(axis=0)
    assert gone[[OPENPOSE_18.index(name) for name in joints]].any()
    assert not gone[:8].any()
    assert (out[:, gone] == 0).all()


def test_a_hidden_arm_loses_elbow_and_wrist_together_for_a_while() -> None:
    times = np.arange(90) / 30
    original = np.dstack([np.tile(FIGURE[:, :2] * 100, (90, 1, 1)), np.ones((90, 18))])
    hidden = set()
    for seed in range(20):
        out = Noise(**{**QUIET, "arm": 1.0})(np.random.default_rng(seed), times, original, OPENPOSE_18)
        gone = out[..., 2] == 0
        side = {OPENPOSE_18.joints[joint].split("_")[0] for joint in np.flatnonzero(gone.any(axis=0))}
        assert len(side) <= 1  # none if the stretch falls between two frames
        for name in side:
            elbow, wrist = (gone[:, OPENPOSE_18.index(f"{name}_{joint}")] for joint in ("elbow", "wrist"))
            assert (elbow == wrist).all()
            assert gone.any(axis=0).sum() == 2
        hidden |= side
    assert hidden == {"left", "right"}


def test_half_of_the_still_windows_sway() -> None:
    settings = WindowSettings(noise=Noise(**QUIET), partial=0.0, upper_body=0.0, drops=0.0)
    wrists = [OPENPOSE_18.index("right_wrist"), OPENPOSE_18.index("left_wrist")]
    draw = lambda seed: draw_window(np.random.default_rng(seed), clip(40), Preparation(), settings, still=True)  # noqa: E731
    moved = np.array([np.ptp(draw(seed)[1][:, wrists], axis=0).max() for seed in range(40)])
    assert 0.2 < np.mean(moved > 0.05) < 0.8  # the noise alone is less


def test_absent_joints_stay_absent() -> None:
    times = np.arange(60) / 30
    original = np.dstack([np.tile(FIGURE[:, :2] * 100, (60, 1, 1)), np.ones((60, 18))])
    original[10:20, 4] = 0
    out = Noise()(np.random.default_rng(1), times, original, OPENPOSE_18)
    assert (out[10:20, 4] == 0).all()


def test_held_out_filmed_people_are_unchanged_except_for_a_mirror() -> None:
    some = clip(150, dimensions=2, rate=30.0)
    settings = WindowSettings(drops=0.0, lowest_rate=30.0, highest_rate=30.0, slowest=1.0, fastest=1.0)
    seen = set()
    for seed in range(8):
        rng = np.random.default_rng(seed)
        stream = draw_stream(rng, some, settings.for_test(), before=0.0, after=0.0, longest=9.0)
        expected, scores = clip_at(some, stream.times)
        mirrored = stream.joints[0, 1, 0] > 0.5  # the neck is at 0
        seen.add(bool(mirrored))
        if mirrored:
            expected = expected[:, OPENPOSE_18.mirrored] * [-1, 1, 1] + [1, 0, 0]
        np.testing.assert_allclose(stream.joints[..., :2], expected[..., :2], atol=1e-9)
        np.testing.assert_array_equal(stream.joints[..., 2], scores)
        noisy = draw_stream(np.random.default_rng(seed), some, settings, before=0.0, after=0.0, longest=9.0)
        assert noisy.joints.shape != stream.joints.shape or np.abs(noisy.joints - stream.joints).max() > 0.1
    assert seen == {True, False}


def test_proportions_of_people_measured_in_space_vary_only_in_training() -> None:
    some = clip(60)
    settings = WindowSettings(noise=Noise(**{**QUIET, "jitter": 0.0}), drops=0.0, proportions=0.3)
    preparation = Preparation()
    draw = lambda settings: draw_window(np.random.default_rng(5), some, preparation, settings)  # noqa: E731
    as_built = draw(replace(settings, proportions=0.0))
    np.testing.assert_array_equal(draw(settings.for_test()), as_built)
    assert np.abs(draw(settings) - as_built).max() > 0.05
