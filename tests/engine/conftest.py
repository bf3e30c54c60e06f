"""Models and windows for the tests of engines."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from live_stf.decision import DecisionSettings
from live_stf.engine.export import export_onnx
from live_stf.engine.real_windows import sample_windows
from live_stf.engine.references import References
from live_stf.model import Model, load_model
from live_stf.network import build_network
from live_stf.preparation import Preparation
from live_stf.types import Window

# Three blocks instead of nine, the last two with MCF, because the tests of engines do not depend on the depth. The
# models in models/ are tested at full depth in test_equivalence.py.
WIDTHS, STRIDES, FIRST_MCF = (64, 64, 128), (1, 1, 2), 2
MCF_BLOCKS = 2
# The same for a separate process.
SHALLOW_LINES = f"""
from live_stf.network import stf_net
stf_net.WIDTHS, stf_net.STRIDES, stf_net.FIRST_MCF = {WIDTHS}, {STRIDES}, {FIRST_MCF}
"""


@contextmanager
def shallow_networks() -> Iterator[None]:
    """Every network that is built inside is shallow."""
    with pytest.MonkeyPatch.context() as patch:
        for network in ("stf_net", "st_gcn"):
            patch.setattr(f"live_stf.network.{network}.WIDTHS", WIDTHS)
            patch.setattr(f"live_stf.network.{network}.STRIDES", STRIDES)
        patch.setattr("live_stf.network.stf_net.FIRST_MCF", FIRST_MCF)
        yield


@pytest.fixture
def shallow() -> Iterator[None]:
    """Networks are shallow during the test."""
    with shallow_networks():
        yield


def write_model(folder: Path, network: dict, labels: tuple[str, ...], **preparation: object) -> Model:
    """A complete model folder with random weights that are far from their initial values."""
    decision = DecisionSettings(none_label=labels[-1])
    model = Model(folder, folder.name, labels, network, Preparation(**preparation), decision=decision)
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
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    labels = ("walk", "wave", "sit down", "none of these")
    with shallow_networks():
        return write_model(
            tmp_path_factory.mktemp("models") / "random",
            {"architecture": "stf-net", "skeleton": "openpose18", "attention_scale": "cosine"},
            labels,
        )


@pytest.fixture
def model(random_model: Model, shallow: None) -> Model:
    """A shallow STF-Net with random weights."""
    return random_model


@pytest.fixture
def terms_model(tmp_path: Path, shallow: None) -> Model:
    """A model with the attention scale of the paper, without cosines."""
    return write_model(
        tmp_path / "terms", {"architecture": "stf-net", "skeleton": "openpose18"}, ("walk", "none of these")
    )


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A new cache folder, shared by all tests of engines, so that each network is converted only once."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("live_stf.engine.conversion.cache_folder", lambda: folder)
        patch.setattr("live_stf.engine.choice.engines_folder", lambda: folder / "engines")
        patch.setattr("live_stf.engine.tensorrt_engine.engines_folder", lambda: folder / "engines")
        yield folder


@pytest.fixture(scope="session")
def small_model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of full depth, for tests that use it in other processes."""
    network = {"architecture": "stf-net", "skeleton": "openpose18", "mcf": False, "tdf": False}
    return write_model(tmp_path_factory.mktemp("models") / "small", network, ("walk", "none of these")).folder


@pytest.fixture(scope="session")
def shallow_model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    network = {"architecture": "stf-net", "skeleton": "openpose18", "mcf": False, "tdf": False}
    with shallow_networks():
        return write_model(tmp_path_factory.mktemp("models") / "small", network, ("walk", "none of these")).folder


@pytest.fixture
def small_model(shallow_model_folder: Path, tmp_path: Path, shallow: None) -> Model:
    """A shallow model that is quick to convert, in a folder that the test may change."""
    return load_model(shutil.copytree(shallow_model_folder, tmp_path / "small"))


@pytest.fixture
def baseline_model(tmp_path: Path, shallow: None) -> Model:
    return write_model(
        tmp_path / "baseline", {"architecture": "st-gcn", "skeleton": "openpose18"}, ("walk", "none of these")
    )


@pytest.fixture
def kinetics_model(tmp_path: Path, shallow: None) -> Model:
    """A model for two bodies per window."""
    network = {"architecture": "stf-net", "skeleton": "openpose18"}
    preparation = {"coordinates": "kinetics", "scores": "score", "frames": 30, "bodies": 2}
    return write_model(tmp_path / "kinetics", network, ("walk", "wave"), **preparation)


@pytest.fixture
def ntu_model(tmp_path: Path, shallow: None) -> Model:
    """A model of 3D joints."""
    network = {"architecture": "st-gcn", "skeleton": "ntu25"}
    preparation = {"coordinates": "ntu", "skeleton": "ntu25", "frames": 30, "bodies": 2}
    return write_model(tmp_path / "ntu", network, ("walk", "wave"), **preparation)


@pytest.fixture(scope="session")
def real_windows(clip: Path, random_model: Model) -> list[Window]:
    """Windows of the person in the sample clip, cut as in the live program."""
    return sample_windows(random_model, clip)


@pytest.fixture(scope="session")
def inputs(random_model: Model, real_windows: list[Window]) -> np.ndarray:
    """The real windows prepared for the random model: (N, C, T, V, M)."""
    return np.stack([random_model.preparation(window.joints, window.size) for window in real_windows])


@pytest.fixture(scope="session")
def onnx_file(random_model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The random model exported in fp32."""
    for name in ("onnx", "onnxscript"):
        pytest.importorskip(name, reason=f"needs {name} (pip install 'live-stf[onnx]')")
    with shallow_networks():
        return export_onnx(random_model, tmp_path_factory.mktemp("onnx") / "fp32.onnx")


@pytest.fixture
def references(model: Model, inputs: np.ndarray) -> References:
    """Reference outputs for engines of the random model."""
    return References(model, lambda _: inputs)


_LIST_HOSTS = """
import socket, sys, time
contacted = []
socket.getaddrinfo = lambda *host, **_: contacted.append(host) or []
socket.socket.connect = lambda _, address: contacted.append(address)
{work}
time.sleep(0.5)  # reports are sent by a thread
print(contacted)
"""


@pytest.fixture
def run_and_list_hosts(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess]:
    """Runs Python lines with the arguments as sys.argv[1:], and prints the hosts that they contact.

    They run in a separate process, because even an import may contact hosts, with `tmp_path` as the home folder.
    """
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    for quiet in ("CI", "PYTEST_CURRENT_TEST"):  # libraries do not send reports there
        environment.pop(quiet, None)

    def run(work: str, *arguments: object) -> subprocess.CompletedProcess:
        command = [sys.executable, "-c", _LIST_HOSTS.format(work=work), *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    return run
