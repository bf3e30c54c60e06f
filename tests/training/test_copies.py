"""Held-out clips that are copies of training clips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from live_stf.data.clip import Clip
from live_stf.data.store import Store, write_store
from live_stf.training.copies import copied
from live_stf.training.recipe import load_recipe
from live_stf.training.selection import Selected, open_store, prepare_missing_store, select


def test_a_copy_is_a_clip_with_the_same_joints_in_every_frame(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    bodies = rng.normal(size=(2, 9, 18, 3)).astype(np.float32)
    seen = np.ones((2, 9, 18), np.float32)
    trained = Clip("made", "trained", "s1", "wave", 30.0, 3, bodies, seen)
    last = bodies.copy()
    last[1, -1, 0, 0] += 1e-6
    unseen = seen.copy()
    unseen[0, 3, 5] = 0
    tested = [
        replace(trained, name="copy", label="clap", rate=25.0),
        replace(trained, name="other last frame", coordinates=last),
        replace(trained, name="other scores", scores=unseen),
        replace(trained, name="shorter", coordinates=bodies[:, 1:], scores=seen[:, 1:]),
        replace(trained, name="one body", coordinates=bodies[:1], scores=seen[:1]),
        replace(trained, name="another copy"),
    ]
    write_store([tested[0], trained, *tested[1:]], tmp_path / "store")
    selected = [Selected(index, 0, "made", held_out=index != 1) for index in range(7)]
    assert copied(Store(tmp_path / "store"), selected).tolist() == [True, False, False, False, False, True]
    assert copied(Store(tmp_path / "store"), selected[1:2]).tolist() == []


def test_two_classes_of_northwestern_ucla_are_tested_on_copies_of_view_2(shared: Path, tmp_path: Path) -> None:
    recipe = load_recipe("nw-ucla", [f"data.root={shared / 'data'}", f"data.store={tmp_path / 'store'}"])
    prepare_missing_store(recipe)
    store = open_store(recipe)
    selected = select(store, recipe)
    tested = [one for one in selected if one.held_out]
    found = [recipe.labels[one.target] for one, copy in zip(tested, copied(store, selected), strict=True) if copy]
    assert {label: found.count(label) for label in found} == {"pick up with two hands": 50, "drop trash": 45}
    assert len(tested) == 464
