"""Windows for training, and held-out windows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from live_stf.data.clip import Clip
from live_stf.data.store import write_store
from live_stf.errors import DataError
from live_stf.skeleton import OPENPOSE_18
from live_stf.training.recipe import Recipe
from live_stf.training.samples import HeldOutWindows, TrainingWindows
from live_stf.training.selection import counts, open_store, select
from tests.training.conftest import FIGURE


def test_the_split_is_by_subject(recipe: Recipe) -> None:
    store = open_store(recipe)
    selected = select(store, recipe)
    assert {(str(store.subjects[one.index]), one.held_out) for one in selected} == {
        ("p1", False), ("p2", False), ("p3", True)
    }  # fmt: skip
    assert list(counts(selected, recipe)) == [("wave", 8, 4), ("duck", 8, 4), ("none of these", 8, 4)]


def test_every_nth_subject_can_be_held_out(recipe: Recipe) -> None:
    source = recipe.data.sources["made"]
    source.held_out, source.held_out_every = [], 2
    store = open_store(recipe)
    held_out = {str(store.subjects[one.index]) for one in select(store, recipe) if one.held_out}
    assert held_out == {"p1", "p3"}


def test_opening_a_missing_store_does_not_write_it(recipe: Recipe, tmp_path: Path) -> None:
    recipe.data.store = str(tmp_path / "store")
    with pytest.raises(DataError, match=r"no array store at .*: `live-stf data prepare tiny` writes it"):
        open_store(recipe)
    assert list(tmp_path.iterdir()) == []


def test_clips_that_are_too_short_are_left_out(recipe: Recipe) -> None:
    recipe.data.shortest = 3.5
    assert select(open_store(recipe), recipe) == []


def test_labels_and_subjects_that_the_data_lack_are_refused(recipe: Recipe) -> None:
    store = open_store(recipe)
    source = recipe.data.sources["made"]
    source.held_out = ["p9"]
    with pytest.raises(DataError, match="source made has no subject 'p9': correct the recipe, or remove"):
        select(store, recipe)
    source.held_out, source.labels["dancing"] = ["p3"], "wave"
    with pytest.raises(DataError, match="source made has no label 'dancing'"):
        select(store, recipe)


def test_a_source_without_clips_in_the_store_is_refused(recipe: Recipe) -> None:
    store = open_store(recipe)
    recipe.data.sources["mine"] = recipe.data.sources.pop("made")
    with pytest.raises(DataError, match="has clips of made, but none of source mine: remove that folder"):
        select(store, recipe)


def test_a_class_without_clips_is_refused(recipe: Recipe) -> None:
    recipe.labels.append("fly")
    store = open_store(recipe)
    with pytest.raises(DataError, match="fly"):
        TrainingWindows(store, select(store, recipe), recipe, 0)


def test_an_epoch_is_reproducible_and_differs_from_the_next(recipe: Recipe) -> None:
    store = open_store(recipe)
    selected = select(store, recipe)
    first, again, later = (TrainingWindows(store, selected, recipe, epoch) for epoch in (0, 0, 1))
    assert len(first) == 64
    for number in range(5):
        np.testing.assert_array_equal(first[number][0], again[number][0])
    assert any(not np.array_equal(first[number][0], later[number][0]) for number in range(5))


def test_classes_are_drawn_equally_often_except_the_none_label(recipe: Recipe) -> None:
    recipe.training.samples = 600
    store = open_store(recipe)
    windows = TrainingWindows(store, select(store, recipe), recipe, 0)
    drawn = Counter(windows[number][1] for number in range(len(windows)))
    assert drawn[2] / 600 == pytest.approx(0.15, abs=0.05)
    assert drawn[0] / 600 == pytest.approx(0.425, abs=0.07)


def test_held_out_windows_are_always_the_same(recipe: Recipe) -> None:
    store = open_store(recipe)
    selected = select(store, recipe)
    one, two = HeldOutWindows(store, selected, recipe), HeldOutWindows(store, selected, recipe)
    assert len(one) == 12 * 2 == len(one.sources)
    for number in range(len(one)):
        np.testing.assert_array_equal(one[number][0], two[number][0])
        assert one[number][1] == two[number][1]
    assert not np.array_equal(one[0][0], one[1][0])


@pytest.fixture
def in_space(recipe: Recipe, tmp_path: Path) -> Recipe:
    """The recipe with clips of standing people, measured in space (metres) except one."""
    rng = np.random.default_rng(0)
    upright = np.dstack([FIGURE[:, 0], -FIGURE[:, 1], np.zeros(18)])[0] / 100  # y up
    clips = [
        Clip.of_person("made", label, f"p{number}", label, 20.0, 3,
                       (upright + rng.normal(0, 0.01, (60, 18, 3))).astype(np.float32), np.ones((60, 18), np.float32))
        for number, label in ((3, "waving"), (2, "ducking"), (1, "standing"), (2, "waving"))
    ]  # fmt: skip
    write_store([*clips, replace(clips[2], name="filmed", dimensions=2)], tmp_path / "store")
    recipe.data.store, recipe.data.sources["made"].left_out = str(tmp_path / "store"), []
    return recipe


@pytest.mark.parametrize("change", [{"other_arms": 1.0}, {"lean": 0.5}])
def test_only_training_windows_of_told_by_legs_get_other_arms_and_lean(in_space: Recipe, change: dict) -> None:
    store = open_store(in_space)
    selected = select(store, in_space)
    changed = replace(in_space, training=replace(in_space.training, told_by_legs=["duck"], **change))
    before, after = (TrainingWindows(store, selected, recipe, 0) for recipe in (in_space, changed))
    drawn = [(before[number], after[number]) for number in range(32)]
    assert {one for (_, one), _ in drawn} == {0, 1, 2}
    for (x, target), (varied, same) in drawn:
        assert target == same
        assert np.array_equal(x, varied) == (target != 1)
    held_out = [HeldOutWindows(store, selected, recipe)[0][0] for recipe in (in_space, changed)]
    np.testing.assert_array_equal(*held_out)


def test_arms_come_from_clips_in_space_of_told_by_legs_or_the_none_label(in_space: Recipe) -> None:
    in_space.training.told_by_legs = ["duck"]
    store = open_store(in_space)
    windows = TrainingWindows(store, select(store, in_space), in_space, 0)
    assert sorted((str(store.labels[index]), int(store.dimensions[index])) for index in windows.arms) == [
        ("ducking", 3), ("standing", 3)
    ]  # fmt: skip


def test_windows_from_near_show_no_legs(in_space: Recipe) -> None:
    store = open_store(in_space)
    windows = HeldOutWindows(store, select(store, in_space), in_space)
    near = windows.from_near()
    assert (near.targets, near.sources) == (windows.targets, windows.sources)
    ankles = [OPENPOSE_18.index(side) for side in ("left_ankle", "right_ankle")]
    for number in range(len(windows)):
        assert (near[number][0][2][:, ankles] > 0).mean() < 0.1
    assert any((windows[number][0][2][:, ankles] > 0).mean() > 0.5 for number in range(len(windows)))
