"""What every test may ask for: the shared folder, a sample clip, an X server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from live_stf.decision import DecisionSettings
from live_stf.errors import AssetError

ROOT = Path(__file__).resolve().parent.parent

# Qt inside the test process never opens a window and never depends on who started it: offscreen, whatever the caller's
# desktop is. What is tested on a real X server runs in a process of its own, with the `x_environment` below.
# ON_X names such a server for tests of the window that are run once more there, by tests/ui/test_qt.py.
ON_X = "LIVE_STF_TESTS_ON_X"
for _name in [name for name in os.environ if name.startswith("QT_")] + ["DISPLAY", "WAYLAND_DISPLAY"]:
    os.environ.pop(_name, None)
if ON_X in os.environ:
    os.environ["DISPLAY"] = os.environ[ON_X]
else:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"

# A shell that starts the tests in the background has them ignore Ctrl-C, and every program they start would inherit it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says how busy the machine is, and nothing about the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# Small networks gain nothing from more threads, and on a busy machine torch's threads wait for each other for minutes.
os.environ.setdefault("OMP_NUM_THREADS", "1")


# What runs real programs, clips or data sets takes longest.
SLOW = {"clip", "models_wheel", "real_windows", "shared", "trained", "x_environment", "x_server"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick tests first, so that a simple mistake shows in seconds."""
    for item in items:
        if "ui" not in item.path.parts:
            # Of what nobody can catch, as Python's complaint of a pickle that is torn in a bytearray, pytest-qt would
            # make a failure in Qt's event loop.
            item.add_marker("qt_no_exception_capture")
    items.sort(key=lambda item: bool(SLOW & set(getattr(item, "fixturenames", ()))))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of videos and motion data beside the checkout."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"needs the shared folder of videos and motion data at {folder}")
    return folder


@pytest.fixture(scope="session")
def clip() -> Path:
    """The sample clip: one person walks past the camera."""
    from live_stf.assets import sample_clip

    try:
        return sample_clip()
    except AssetError as error:
        pytest.skip(f"needs the sample clip: {error}")


@pytest.fixture(scope="session")
def models_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that the pose models come in, really fetched, alone in a folder that pip can be pointed to."""
    from live_stf.pose.pose_models import MODELS_WHEEL

    try:
        with MODELS_WHEEL.start_download(tmp_path_factory.mktemp("wheels")) as download:
            return download.result()
    except AssetError as error:
        pytest.skip(f"needs a package index: {error}")


@pytest.fixture(scope="session")
def x_server() -> Iterator[str]:
    """A real X server without a screen; the value that DISPLAY takes to reach it."""
    if shutil.which("Xvfb") is None:
        pytest.skip("needs Xvfb (Debian package xvfb)")
    read_end, write_end = os.pipe()
    # With -displayfd the server itself takes the first free display and says which, so two suites never collide.
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write_end), *"-screen 0 1920x1080x24 -dpi 96 -nolisten tcp -noreset".split()],
        pass_fds=[write_end],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write_end)
    try:
        with os.fdopen(read_end) as answer:
            number = answer.readline().strip()
        if not number:
            pytest.fail(f"Xvfb ended with exit status {server.wait()} before it named its display")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(timeout=10)


@pytest.fixture
def x_environment(x_server: str, tmp_path: Path) -> dict[str, str]:
    """The environment for a process of its own on the X server, as a user's desktop gives it: no QT_ variable set, and
    nothing remembered from other runs."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QT_")}
    environment["DISPLAY"] = x_server
    environment["XDG_CONFIG_HOME"] = str(tmp_path / "config")
    return environment


@pytest.fixture(scope="session")
def small_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with recordings long.jsonl (60 s), short.jsonl (1 s) and other.jsonl, and models one and two: they have
    learned nothing and are always sure enough."""
    import numpy as np
    import torch
    from safetensors.torch import save_file

    from live_stf.model import Model
    from live_stf.network import build_network
    from live_stf.preparation import Preparation
    from live_stf.sources.recording import Heading, RecordingWriter
    from live_stf.types import People, Person

    names = ("walk", "wave", "none")
    folder = tmp_path_factory.mktemp("session")
    body = np.random.default_rng(0).uniform(50, 200, (18, 3)).astype(np.float32)
    body[:, 2] = 0.9
    for name, seconds in (("long", 60), ("short", 1), ("other", 60)):
        with RecordingWriter(folder / f"{name}.jsonl", Heading((320, 240), 30.0)) as writer:
            for index in range(30 * seconds):
                writer.write(People(index / 30, (320, 240), (Person(body, 1),)), {})
    network = {"architecture": "st-gcn", "skeleton": "openpose18"}
    for seed, name in enumerate(("one", "two")):
        torch.manual_seed(seed)
        decision = DecisionSettings(enter=0.1, leave=0.05, minimum_seen=0.2, dwell=0.0)
        labels = names if name == "one" else ("jump", *names)
        model = Model(folder / name, name, labels, network, Preparation(frames=30), decision=decision)
        model.save_description()
        save_file(build_network(network, len(labels)).state_dict(), model.weights)
    return folder
