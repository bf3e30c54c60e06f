"""Models with random weights, of every stream, and a small data set with a test side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import save_file

from live_stf.data.clip import Clip
from live_stf.data.store import write_store
from live_stf.model import Model, load_model
from live_stf.network import build_network
from live_stf.preparation import Preparation
from live_stf.skeleton import KINECT_20

LABELS = ("wave", "duck", "kick")


@pytest.fixture(scope="session")
def recipe_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe like Northwestern-UCLA's, with a store of 3 classes, 2 people and 3 views that is written already."""
    folder = tmp_path_factory.mktemp("evaluation")
    rng = np.random.default_rng(0)
    clips = []
    for number, label in enumerate(LABELS):
        for person in (1, 2):
            for view in (1, 2, 3):
                name = f"a0{number + 1}_s0{person}_e00_v0{view}"
                motion = rng.normal(0, 0.3, (20, 20, 3)).astype(np.float32)
                motion[:, number] += 1
                seen = np.ones((20, 20), np.float32)
                clips.append(Clip.of_person("made", name, f"s0{person}", label, 12.0, 3, motion, seen, KINECT_20))
    write_store(clips, folder / "store", KINECT_20)
    content = {
        "name": "tiny",
        "labels": list(LABELS),
        "network": {"architecture": "stf-net", "skeleton": "kinect20"},
        "preparation": {"skeleton": "kinect20", "frames": 12, "span": 1.0, "coordinates": "nw-ucla"},
        "augmentation": ["random crop", "random turn"],
        "data": {
            "root": str(folder / "data"),
            "store": str(folder / "store"),
            "protocol": "nw-ucla-xview",
            "sources": {"made": {"reader": "made", "folder": "made", "terms": "made by a test"}},
        },
    }
    file = folder / "tiny.yaml"
    file.write_text(yaml.safe_dump(content))
    return file


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[..., Model]:
    """(stream, seed, labels, switches of the network) -> a model in a folder of its own."""

    def make(stream: str = "joint", seed: int = 0, labels: tuple[str, ...] = LABELS, **switches: object) -> Model:
        network = {"architecture": "stf-net", "skeleton": "kinect20", **switches}
        model = Model(
            folder=tmp_path / f"{stream}-{seed}-{len(list(tmp_path.iterdir()))}",
            name="made",
            labels=labels,
            network=network,
            preparation=Preparation("kinect20", 12, 1.0, "nw-ucla", stream=stream),
        )
        model.save_description()
        torch.manual_seed(seed)
        save_file(build_network(network, len(labels)).state_dict(), model.weights)
        return load_model(model.folder)

    return make
