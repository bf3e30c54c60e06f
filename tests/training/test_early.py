"""Windows of fewer frames hold what full ones hold, only less of it."""

from __future__ import annotations

import numpy as np
import pytest

from live_stf.preparation import Preparation, resample
from live_stf.skeleton import KINECT_20, OPENPOSE_18
from live_stf.training.early import early
from live_stf.training.recipe import Recipe, load_recipe

EARLY_EPOCHS = ["training.early_epochs=1", "training.early_frames=26"]


def steady(skeleton, times, axes):
    """Joints that go on at their own steady pace, around a body that stays: (n, V, axes)."""
    rng = np.random.default_rng(0)
    start, pace = rng.normal(size=(2, len(skeleton), axes))
    pace[[skeleton.index(name) for name in ("neck", "right_hip", "left_hip") if name in skeleton.joints]] = 0
    return start + pace * np.asarray(times)[:, None, None]


def thinned(recipe: Recipe) -> tuple[Preparation, Preparation]:
    full = Preparation(**recipe.preparation)
    return full, early(full, recipe, 0)


def stretched(stream: str) -> tuple[np.ndarray, np.ndarray]:
    """A clip of Northwestern-UCLA's joints as a full window and as one of the first epochs."""
    recipe = load_recipe("nw-ucla", [f"preparation.stream={stream}", *EARLY_EPOCHS])
    clip = steady(KINECT_20, np.linspace(0, 1, 40), 3)[None].astype(np.float32)
    whole, part = (one.prepare(clip, np.ones(clip.shape[:3], np.float32)) for one in thinned(recipe))
    assert part.shape[1] == recipe.training.early_frames < whole.shape[1]
    return whole, part


@pytest.mark.parametrize("stream", ["joint-motion", "bone-motion"])
def test_a_stretched_clip_has_the_same_motions(stream: str) -> None:
    whole, part = stretched(stream)
    assert np.abs(whole[:, 0]).max() > 0.01
    np.testing.assert_allclose(part[:, :-1], np.broadcast_to(whole[:, :1], part[:, :-1].shape), atol=1e-5)


def test_a_timed_window_has_the_same_motions_and_scores() -> None:
    changes = ["preparation.stream=joint-motion", "preparation.coordinates=picture"]
    recipe = load_recipe("everyday", [*changes, "training.early_epochs=1", "training.early_frames=75"])
    full, short = thinned(recipe)
    times = np.arange(0, 5.001, 0.02)
    joints = np.concatenate([steady(OPENPOSE_18, times, 2), np.ones((len(times), 18, 1))], axis=2)
    whole, part = (one(resample(times, joints, 0, 5, one.frames), (1, 1)) for one in (full, short))
    assert part.shape[1] == recipe.training.early_frames < whole.shape[1]
    np.testing.assert_allclose(part[:, 5], whole[:, 10], rtol=1e-3, atol=1e-6)
    assert (part[2, :-1] == 1).all()


@pytest.mark.parametrize("stream", ["joint", "bone"])
def test_what_is_no_motion_stays(stream: str) -> None:
    whole, part = stretched(stream)
    np.testing.assert_allclose(part[:, [0, -1]], whole[:, [0, -1]], atol=1e-5)


def test_frames_of_a_clip_one_after_the_other_have_the_motions_that_they_have() -> None:
    recipe = load_recipe("kinetics", ["preparation.stream=joint-motion", "training.early_epochs=1"])
    recipe.training.early_frames = 60
    full, short = thinned(recipe)
    clip = steady(OPENPOSE_18, np.arange(60) / 30, 2)[None].astype(np.float32)
    whole, part = (one.prepare(clip, np.ones(clip.shape[:3], np.float32)) for one in (full, short))
    np.testing.assert_array_equal(part[:, :59], whole[:, -60:-1])


def test_later_windows_are_full() -> None:
    recipe = load_recipe("nw-ucla", EARLY_EPOCHS)
    full = Preparation(**recipe.preparation)
    assert early(full, recipe, 0) is not full
    assert early(full, recipe, recipe.training.early_epochs) is full
    recipe.training.early_frames = None
    assert early(full, recipe, 0) is full
