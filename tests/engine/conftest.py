"""Models and windows that every engine is measured on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from live_stf.model import Model, load_model
from live_stf.network import build_network
from live_stf.preparation import Preparation
from live_stf.types import Window


def write_model(folder: Path, network: dict, labels: tuple[str, ...], **preparation: object) -> Model:
    """A whole model folder with random weights that are far from their initial values."""
    model = Model(folder, folder.name, labels, network, Preparation(**preparation), none_label=labels[-1])
    model.save_description()
    torch.manual_seed(0)
    built = build_network(network, len(labels))
    with torch.no_grad():
        for name, value in [*built.named_parameters(), *built.named_buffers()]:
            if name.endswith("running_var"):
                value.uniform_(0.8, 1.5)
            elif value.is_floating_point():
                value.add_(torch.randn(value.shape) * 0.02)
    save_file(built.state_dict(), model.weights)
    return load_model(folder)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    labels = ("walk", "wave", "sit down", "none of these")
    return write_model(
        tmp_path_factory.mktemp("models") / "random", {"architecture": "stf-net", "skeleton": "openpose18"}, labels
    )


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A fresh cache folder for all tests of engines: what they use was converted now, but not once for every test."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("live_stf.engine.openvino_engine.cache_folder", lambda: folder)
        yield folder


@pytest.fixture
def small_model(tmp_path: Path) -> Model:
    """A model that is quick to convert."""
    network = {"architecture": "stf-net", "skeleton": "openpose18", "mcf": False, "tdf": False}
    return write_model(tmp_path / "small", network, ("walk", "none of these"))


@pytest.fixture
def baseline_model(tmp_path: Path) -> Model:
    return write_model(
        tmp_path / "baseline", {"architecture": "st-gcn", "skeleton": "openpose18"}, ("walk", "none of these")
    )


@pytest.fixture(scope="session")
def real_windows(clip: Path) -> list[Window]:
    """Windows of the person in the sample clip, as the live program cuts them."""
    from live_stf.pose.mediapipe import MediaPipePose
    from live_stf.stream.source import open_source
    from live_stf.stream.window import WindowBuffer

    windows: list[Window] = []
    with open_source(clip) as source, MediaPipePose(people=1) as pose:
        buffer = WindowBuffer(1, source.size, 5.0, 150)
        while (frame := source.read()) is not None and frame.index < 120:
            for person in pose.detect(frame).persons:
                buffer.add(frame.time, person.joints)
            if len(buffer) and frame.index % 10 == 9:
                windows.append(buffer.window())
    return windows
