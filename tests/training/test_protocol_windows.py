"""Epochs of a benchmark (clips, order, preparation), and a real training by a protocol."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from rich.console import Console

from live_stf.cli import train
from live_stf.data.clip import Clip
from live_stf.data.store import write_store
from live_stf.engine import open_engine
from live_stf.errors import DataError
from live_stf.model import load_model
from live_stf.preparation import Preparation
from live_stf.skeleton import KINECT_20
from live_stf.training.protocol_windows import BenchmarkTest, BenchmarkTraining
from live_stf.training.recipe import Recipe, load_recipe
from live_stf.training.samples import held_out_windows, training_windows
from live_stf.training.selection import class_labels, open_store, select, with_labels

V = len(KINECT_20)


@pytest.fixture(scope="module")
def benchmark_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe by the protocol of NW-UCLA; raised hands and still ones, seen in three views."""
    folder = tmp_path_factory.mktemp("benchmark")
    rng = np.random.default_rng(0)
    standing = rng.normal(size=(V, 3))
    clips = []
    for view in (1, 2, 3):
        for take in range(6):
            for action, label in ((1, "still"), (2, "raise")):
                frames = int(rng.integers(5, 30))
                body = standing + rng.normal(0, 0.02, (frames, V, 3))
                if label == "raise":
                    body[:, [7, 11], 1] += 3 * np.linspace(0, 1, frames)[:, None]
                name = f"a{action:02d}_s01_e{take:02d}_v{view:02d}"
                clips.append(
                    Clip.of_person("made", name, "s01", label, 12.0, 3, body.astype(np.float32),
                                   np.ones((frames, V), np.float32), KINECT_20)
                )  # fmt: skip
    write_store(clips, folder / "store", KINECT_20)
    content = {
        "name": "views",
        "network": {"architecture": "stf-net", "skeleton": "kinect20", "mcf": False},
        "preparation": {"skeleton": "kinect20", "coordinates": "nw-ucla", "frames": 12, "stream": "joint"},
        "augmentation": ["random crop", "random turn"],
        "training": {
            "epochs": 5, "batch": 8, "workers": 0, "validate_every": 5,
            "learning_rate": 0.003,
        },
        "data": {
            "root": str(folder / "data"), "store": str(folder / "store"), "protocol": "nw-ucla-xview",
            "sources": {"made": {"reader": "made", "folder": "made", "terms": "made by a test"}},
        },
    }  # fmt: skip
    file = folder / "views.yaml"
    file.write_text(yaml.safe_dump(content))
    return file


@pytest.fixture
def benchmark(benchmark_file: Path, tmp_path: Path) -> Recipe:
    return load_recipe(benchmark_file, [f"output={tmp_path / 'run'}"])


def test_the_protocol_decides_the_test_clips_and_the_data_the_classes(benchmark: Recipe) -> None:
    store = open_store(benchmark)
    labels = class_labels(benchmark, store)
    assert labels == ["raise", "still"]
    assert with_labels(benchmark, store).labels == labels
    assert benchmark.labels == []  # opening a store changes no recipe
    for one in select(store, benchmark):
        assert one.held_out == str(store.names[one.index]).endswith("v03")
        assert labels[one.target] == store.labels[one.index]


def test_an_epoch_has_every_training_clip_once(benchmark: Recipe) -> None:
    store = open_store(benchmark)
    selected = select(store, benchmark)
    first, again, later = (training_windows(store, selected, benchmark, epoch) for epoch in (0, 0, 1))
    assert isinstance(first, BenchmarkTraining)
    indices = [one.index for one in first.clips]
    assert sorted(indices) == sorted([one.index for one in selected if not one.held_out])
    assert indices == [one.index for one in again.clips]
    assert indices != [one.index for one in later.clips]
    for number in range(4):
        np.testing.assert_array_equal(first[number][0], again[number][0])


def test_every_test_clip_is_used_once_without_random_choices(benchmark: Recipe) -> None:
    store = open_store(benchmark)
    selected = select(store, benchmark)
    windows = held_out_windows(store, selected, benchmark)
    assert isinstance(windows, BenchmarkTest)
    assert len(windows) == 12 == len(windows.sources)
    for number, one in enumerate(windows.clips):
        clip = store[one.index]
        x, target = windows[number]
        np.testing.assert_array_equal(x, windows.preparation.prepare(clip.coordinates, clip.scores))
        assert target == one.target


@pytest.mark.parametrize(
    ("augmentation", "complaint"),
    [(["random colours"], "random colours is not known"), (["random crop", "random choose"], "only one of")],
)
def test_an_invalid_augmentation_is_refused(benchmark: Recipe, augmentation: list[str], complaint: str) -> None:
    store = open_store(benchmark)
    benchmark.augmentation = augmentation
    with pytest.raises(DataError, match=complaint):
        training_windows(store, select(store, benchmark), benchmark, 0)


def test_a_protocol_and_held_out_subjects_exclude_each_other(benchmark: Recipe) -> None:
    store = open_store(benchmark)
    benchmark.data.sources["made"].held_out = ["s01"]
    with pytest.raises(DataError, match="decides which clips are held out"):
        select(store, benchmark)
    benchmark.data.protocol = "by-heart"
    with pytest.raises(DataError, match=r"by-heart.*nw-ucla-xview"):
        select(store, benchmark)


def test_a_store_of_another_skeleton_is_refused(benchmark: Recipe) -> None:
    benchmark.preparation = Preparation(skeleton="openpose18")
    with pytest.raises(DataError, match="holds kinect20, the recipe needs openpose18"):
        open_store(benchmark)


def test_a_training_by_a_protocol_learns_and_is_described_in_its_model(benchmark: Recipe) -> None:
    model = train.train(benchmark, Console(quiet=True), "python -m live_stf.train views")
    assert model is not None
    assert model.measured["windows"] == 12
    assert model.measured["top1"] > 0.8  # chance is 0.5
    assert model.training["protocol"] == "nw-ucla-xview"
    assert model.training["data"]["made"] == {"terms": "made by a test", "clips": 24, "held_out_clips": 12}
    assert model.training["windows"] == 5 * 24
    card = (model.folder / "README.md").read_text()
    assert "by the protocol nw-ucla-xview" in card
    assert "whole clips of any length as 12 frames" in card
    assert "virtual cameras" not in card
    logits, _ = open_engine(load_model(model.folder), "torch").run(np.zeros((1, 3, 12, V, 1), np.float32))
    assert logits.shape == (1, 2)
