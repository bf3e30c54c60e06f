"""A data set that is small enough to be learned within a test: three people wave, stand still or duck."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from live_stf.data.clip import Clip, Damaged
from live_stf.data.store import write_store
from live_stf.training.recipe import Recipe, load_recipe

FRAMES = 8  # of a window: enough to distinguish the classes; the time of a step is proportional to it
FIGURE = np.array(
    [[0, -15], [0, 0], [-18, 0], [-25, 30], [-27, 55], [18, 0], [25, 30], [27, 55], [-10, 50], [-10, 90], [-10, 130],
     [10, 50], [10, 90], [10, 130], [-3, -20], [3, -20], [-7, -18], [7, -18]], dtype=np.float32
)  # fmt: skip


def motion(label: str, rng: np.random.Generator) -> np.ndarray:
    """(T, 18, 3) at 20 frames a second: x, y, 0."""
    t = np.arange(60) / 20
    joints = np.tile(FIGURE, (60, 1, 1)) * rng.uniform(0.8, 1.2) + rng.normal(0, 0.3, (60, 18, 2))
    if label == "waving":
        joints[:, 4, 1] -= 90
        joints[:, 4, 0] += 20 * np.sin(2 * np.pi * rng.uniform(1, 2) * t)
    if label == "ducking":
        joints[:, :8, 1] += 45 * np.abs(np.sin(np.pi * rng.uniform(0.3, 0.6) * t))[:, None]
    return np.dstack([joints, np.zeros((60, 18))]).astype(np.float32)


@pytest.fixture(scope="session", autouse=True)
def _quick_export() -> Iterator[None]:
    """Skip the conversion of networks, which takes longer than these trainings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("live_stf.training.model_folder.convert", lambda model: model.converted)
        yield


@pytest.fixture(scope="session")
def recipe_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe whose store is written already."""
    folder = tmp_path_factory.mktemp("training")
    rng = np.random.default_rng(0)
    seen = np.ones((60, 18), np.float32)
    clips: list[Clip | Damaged] = [
        Clip.of_person("made", f"{label} {person} {take}", f"p{person}", label, 20.0, 2, motion(label, rng), seen)
        for label in ("waving", "ducking", "standing", "odd")
        for person in (1, 2, 3)
        for take in range(4)
    ]
    write_store([*clips, Damaged("made", "torn", "it is torn")], folder / "store")
    content = {
        "name": "tiny",
        "labels": ["wave", "duck", "none of these"],
        "none_label": "none of these",
        "network": {"architecture": "stf-net", "skeleton": "openpose18", "mcf": False},
        "preparation": {"frames": FRAMES, "span": 3.0},
        "windows": {"still": 0.2, "partial": 1.0},
        "decision": {"enter": 0.6},
        "training": {
            "epochs": 4, "samples": 64, "batch": 8, "workers": 0, "views": 2, "validate_every": 2, "threads": 1,
            "learning_rate": 0.003,
        },
        "data": {
            "root": str(folder / "data"),
            "store": str(folder / "store"),
            "sources": {
                "made": {
                    "reader": "made",
                    "folder": "made",
                    "terms": "made by a test",
                    "held_out": ["p3"],
                    "labels": {"waving": "wave", "ducking": "duck"},
                    "left_out": ["odd"],
                    "rest": "none of these",
                }
            },
        },
    }  # fmt: skip
    file = folder / "tiny.yaml"
    file.write_text(yaml.safe_dump(content))
    return file


@pytest.fixture
def recipe(recipe_file: Path, tmp_path: Path) -> Recipe:
    return load_recipe(recipe_file, [f"output={tmp_path / 'run'}"])


@pytest.fixture(scope="session")
def trained(recipe_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The output folder of a training by the command, with the converted network, and its printed output."""
    from live_stf.cli import train
    from live_stf.engine.conversion import convert

    output, printed = tmp_path_factory.mktemp("trained") / "run", io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setattr("live_stf.training.model_folder.convert", convert)
        assert train.main([str(recipe_file), f"output={output}"]) == 0
    return output, printed.getvalue()
