"""The recipes of the paper's benchmarks: their schedule and split, and that each trains on clips of its kind."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from live_stf.cli.train import train
from live_stf.data.clip import Clip
from live_stf.data.store import write_store
from live_stf.model import load_model
from live_stf.preparation import STREAMS
from live_stf.skeleton import NTU_25, OPENPOSE_18, SKELETONS
from live_stf.training.recipe import load_recipe
from live_stf.training.samples import held_out_windows, training_windows
from live_stf.training.selection import class_labels, open_store, select

NTU = ("ntu60-xsub", "ntu60-xview", "ntu120-xsub", "ntu120-xset")
PAPER = (*NTU, "kinetics")
LABELS = ("clapping", "waving")


def body_clip(name: str, subset: str, label: str, rng: np.random.Generator, kinetics: bool) -> Clip:
    """A clip of one or two bodies, 10 to 30 frames long, some joints of which were not seen."""
    skeleton = OPENPOSE_18 if kinetics else NTU_25
    shape = int(rng.integers(1, 3)), int(rng.integers(10, 30)), len(skeleton)
    scores = (rng.random(shape) * (rng.random(shape) > 0.1)).astype(np.float32)
    coordinates = rng.random((*shape, 3)).astype(np.float32)
    if kinetics:
        coordinates[..., 2] = 0
    else:
        scores = np.ceil(scores)
    return Clip(
        "kinetics" if kinetics else "ntu", name, name[8:12], label, 30.0, 2 if kinetics else 3,
        coordinates * (scores > 0)[..., None], scores, skeleton, subset=subset,
    )  # fmt: skip


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A store by kind of data set: two setups, cameras, performers and actions; two subsets."""
    folder, rng = tmp_path_factory.mktemp("paper"), np.random.default_rng(0)
    ntu = [
        body_clip(f"S{setup:03}C{camera:03}P{performer:03}R001A{action:03}", "", LABELS[action - 1], rng, False)
        for setup in (1, 2) for camera in (1, 2) for performer in (1, 3) for action in (1, 2)
    ]  # fmt: skip
    kinetics = [
        body_clip(f"{subset}{number}{label}", subset, label, rng, True)
        for subset in ("train", "val") for number in range(4) for label in LABELS
    ]  # fmt: skip
    for name, clips in (("ntu", ntu), ("kinetics", kinetics)):
        write_store(clips, folder / name, clips[0].skeleton)
    return {name: folder / ("kinetics" if name == "kinetics" else "ntu") for name in PAPER}


@pytest.mark.parametrize("name", PAPER)
def test_a_recipe_has_the_settings_of_section_iv_b(name: str) -> None:
    recipe = load_recipe(name)
    settings = recipe.training
    assert (settings.optimizer, settings.momentum, settings.nesterov) == ("sgd", 0.9, True)
    assert (settings.batch, settings.weight_decay, settings.learning_rate) == (32, 1e-4, 0.1)
    assert (settings.epochs, settings.schedule, settings.gamma) == (65, "milestones", 0.1)
    assert settings.milestones == ([30, 55] if name == "kinetics" else [30, 40])
    assert (settings.label_smoothing, settings.gradient_clip) == (0, 0)
    shape = (3, 150, 18, 2) if name == "kinetics" else (3, 300, 25, 2)
    assert recipe.preparation.shape == shape
    assert recipe.augmentation == (["random choose", "random move"] if name == "kinetics" else [])


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("name", PAPER)
def test_every_stream_has_a_folder_of_its_own_and_shares_the_store(name: str, stream: str) -> None:
    recipe = load_recipe(name, [f"preparation.stream={stream}"])
    assert recipe.output == f"runs/{name}/{stream}"
    assert recipe.data.store == load_recipe(name).data.store
    assert recipe.preparation.stream == stream


@pytest.mark.parametrize("name", PAPER)
def test_the_split_is_the_published_one(name: str, stores: dict[str, Path]) -> None:
    recipe = load_recipe(name, [f"data.store={stores[name]}"])
    store = open_store(recipe)
    assert class_labels(recipe, store) == list(LABELS)
    tested = {str(store.names[one.index]): one.held_out for one in select(store, recipe)}
    assert len(tested) == len(store)
    for index, clip in enumerate(store.names):
        expected = {
            "ntu60-xsub": "P003" in clip,
            "ntu120-xsub": "P003" in clip,
            "ntu60-xview": "C001" in clip,
            "ntu120-xset": "S001" in clip,
            "kinetics": store.subsets[index] == "val",
        }[name]
        assert tested[clip] == expected


@pytest.mark.parametrize("name", PAPER)
def test_windows_are_full_finite_and_vary_only_in_training_on_kinetics(name: str, stores: dict[str, Path]) -> None:
    recipe = load_recipe(name, [f"data.store={stores[name]}", "preparation.frames=20"])
    store = open_store(recipe)
    selected = select(store, recipe)
    tests = held_out_windows(store, selected, recipe)
    epochs = [training_windows(store, selected, recipe, epoch) for epoch in (0, 1)]
    shape = (3, 20, len(SKELETONS[recipe.preparation.skeleton]), 2)
    for windows in (tests, *epochs):
        for number in range(len(windows)):
            x, _ = windows[number]
            assert x.shape == shape
            assert x.dtype == np.float32
            assert np.isfinite(x).all()
            assert x[..., 0].any(axis=(0, 2)).all()  # no frame is padded with zeros
    same = {epochs[0][number][0].tobytes() for number in range(len(epochs[0]))} == {
        epochs[1][number][0].tobytes() for number in range(len(epochs[1]))
    }
    assert same == (name != "kinetics")


@pytest.mark.parametrize("name", PAPER)
def test_a_recipe_trains_to_a_model_folder(name: str, stores: dict[str, Path], tmp_path: Path) -> None:
    changes = [
        f"data.store={stores[name]}", f"output={tmp_path}", "preparation.frames=16", "preparation.stream=bone",
        "network.grains=1", "training.epochs=1", "training.batch=4", "training.workers=0",
        "training.learning_rate=0.01",
    ]  # fmt: skip
    model = train(load_recipe(name, changes), Console(quiet=True))
    assert load_model(model.folder).preparation == load_recipe(name, changes).preparation
    assert model.labels == LABELS
    assert math.isfinite(model.measured["top1"])
    checkpoint = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=False)
    assert checkpoint["global_step"] == 2  # eight clips to train on, in batches of four
