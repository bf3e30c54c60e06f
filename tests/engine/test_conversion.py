"""The converted network: it agrees with torch, is found stale when the model changes, and runs without torch."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from live_stf.cli.main import main
from live_stf.engine import conversion, open_engine
from live_stf.engine.conversion import convert, stale
from live_stf.engine.openvino_engine import OpenVINOEngine
from live_stf.engine.torch_engine import TorchEngine
from live_stf.errors import ModelError
from live_stf.model import DESCRIPTION, Model, available_models, load_model

TOLERANCE = 1e-4
LARGEST = 8_000_000  # bytes; the weights alone are 6.6 MB

Lean = Callable[..., subprocess.CompletedProcess]


def moving_windows(model: Model, count: int = 4) -> np.ndarray:
    """Windows (N, C, T, V, M) of joints that move slowly; some are absent."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((count, *model.preparation.shape)).cumsum(axis=2) * 0.05
    x[:, 2] = 1
    x[1, :, :, 4] = 0
    return x.astype(np.float32)


@pytest.mark.parametrize("name", available_models())
def test_the_committed_network_agrees_with_torch(name: str) -> None:
    """Fails if the network's code or its weights changed: run `live-stf convert NAME`."""
    model = load_model(name)
    assert stale(model) == ""
    assert model.converted.stat().st_size < LARGEST
    x = moving_windows(model)
    logits, attention = OpenVINOEngine(model).run(x)
    expected_logits, expected_attention = TorchEngine(model, device="cpu").run(x)
    assert expected_logits.std() > 0.1
    np.testing.assert_allclose(logits, expected_logits, atol=TOLERANCE, rtol=0)
    np.testing.assert_allclose(attention, expected_attention, atol=TOLERANCE, rtol=0)


def test_the_file_reveals_nothing_about_the_machine_that_wrote_it(small_model: Model) -> None:
    content = convert(small_model).read_bytes()
    assert str(Path(conversion.__file__).parents[2]).encode() not in content
    assert b"stack_trace" not in content


def _change_weights(model: Model) -> None:
    weights = bytearray(model.weights.read_bytes())
    weights[-1] ^= 1
    model.weights.write_bytes(weights)


def _change_description(key: str, value: object) -> Callable[[Model], None]:
    def change(model: Model) -> None:
        path = model.folder / DESCRIPTION
        path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_change_weights, "made from other weights"),
        (
            _change_description("network", {"architecture": "st-gcn", "skeleton": "openpose18"}),
            "made from other weights",
        ),
        (_change_description("preparation", {"frames": 30}), "made from other weights"),
        (_change_description("labels", ["walk", "fly", "none of these"]), "made from other weights"),
        (lambda model: model.converted.write_bytes(b"cut short"), "a damaged network.onnx"),
        (lambda model: model.converted.unlink(), "has no network.onnx"),
    ],
    ids=["weights", "network", "preparation", "labels", "damaged", "missing"],
)
def test_a_stale_file_is_detected(
    converted_model: Model, change: Callable[[Model], None], reason: str, capsys: pytest.CaptureFixture
) -> None:
    assert main(["convert", "--check", str(converted_model.folder)]) == 0
    change(converted_model)
    assert reason in stale(load_model(converted_model.folder))
    assert main(["convert", "--check", str(converted_model.folder)]) == 1
    assert reason in capsys.readouterr().out


def test_names_thresholds_and_measurements_do_not_make_it_stale(converted_model: Model) -> None:
    for key, value in (("labels", ["stand", "none of these"]), ("measured", {"top1": 0.5}), ("decision", {"enter": 1})):
        _change_description(key, value)(converted_model)
    assert stale(load_model(converted_model.folder)) == ""


@pytest.fixture(scope="module")
def converted_folder(small_model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = shutil.copytree(small_model_folder, tmp_path_factory.mktemp("converted") / "small")
    assert main(["convert", str(folder)]) == 0
    return folder


@pytest.fixture
def converted_model(converted_folder: Path, tmp_path: Path) -> Model:
    """A small model with its converted network, in a folder that the test may change."""
    return load_model(shutil.copytree(converted_folder, tmp_path / "converted"))


def test_a_converted_model_uses_its_own_file(converted_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "convert", None)
    x = moving_windows(converted_model)
    logits, _ = open_engine(converted_model, "openvino").run(x)
    expected, _ = TorchEngine(converted_model, device="cpu").run(x)
    np.testing.assert_allclose(logits, expected, atol=TOLERANCE, rtol=0)


def test_a_stale_file_is_left_in_place_and_the_network_converted_into_the_cache(
    converted_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "cache_folder", lambda: tmp_path / "cache")
    before = converted_model.converted.read_bytes()
    _change_weights(converted_model)
    lines: list[str] = []
    open_engine(converted_model, "openvino", lines.append)
    assert any("preparing small" in line for line in lines)
    assert len(list((tmp_path / "cache").glob("small-*.onnx"))) == 1
    assert converted_model.converted.read_bytes() == before


# Libraries that recognition on a CPU does not need, and their own dependencies.
_ABSENT = ("torch", "onnx", "onnxscript", "onnxruntime", "lightning", "mediapipe", "safetensors", "PyQt5", "nncf")
_BLOCKER = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {_ABSENT}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
import importlib.metadata
installed = importlib.metadata.version
def version(name):
    if name in {_ABSENT}:
        raise importlib.metadata.PackageNotFoundError(name)
    return installed(name)
importlib.metadata.version = version
"""


@pytest.fixture
def lean(tmp_path: Path) -> Lean:
    """Runs Python lines with the arguments as sys.argv[1:], in a process without the libraries of _ABSENT."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "lean"), "HOME": str(tmp_path)}

    def run(work: str, *arguments: object) -> subprocess.CompletedProcess:
        command = [sys.executable, "-c", _BLOCKER + work, *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    return run


_CLASSIFYING = """
import numpy as np
from live_stf.engine import open_classifier
from live_stf.model import load_model
from live_stf.recognizer import Recognizer
from live_stf.types import Window
joints = np.load(sys.argv[1])
classifier = open_classifier(load_model("everyday"), sys.argv[2])
scores = classifier.classify([Window(1, 1.0, joints, (640, 360), 1.0)])[0]
np.savez(sys.argv[3], probabilities=scores.probabilities, attention=np.concatenate(scores.attention, axis=1))
with Recognizer(engine=sys.argv[2]) as recognizer:
    for index, points in enumerate(joints):
        events = recognizer.push_keypoints([points], (640, 360), index / 30)
print(classifier.engine_name, len(events))
"""


@pytest.mark.parametrize("engine", ["auto", "openvino"])
def test_everyday_recognises_without_torch_onnx_or_mediapipe(engine: str, lean: Lean, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    joints = np.empty((150, 18, 3), np.float32)
    joints[..., :2] = rng.uniform(100, 300, (18, 2)) + rng.normal(0, 2, (150, 18, 2)).cumsum(axis=0)
    joints[..., :2] = joints[..., :2].clip(0, (639, 359))
    joints[..., 2] = 1
    np.save(tmp_path / "joints.npy", joints)
    done = lean(_CLASSIFYING, tmp_path / "joints.npy", engine, tmp_path / "scores.npz")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["OpenVINO", "CPU", "fp32", "1"]
    assert not (tmp_path / "lean" / "live-stf" / "openvino").exists()
    found = np.load(tmp_path / "scores.npz")
    model = load_model("everyday")
    logits, attention = TorchEngine(model, device="cpu").run(model.preparation(joints, (640, 360))[None])
    expected = np.exp(logits[0] / model.temperature)
    np.testing.assert_allclose(found["probabilities"], expected / expected.sum(), atol=TOLERANCE)
    np.testing.assert_allclose(found["attention"], attention[0, 0, -1], atol=TOLERANCE)


_OPENING = """
from live_stf.cli.main import main
from live_stf.cli.program import run_command
from live_stf.engine import open_engine
from live_stf.model import load_model
sys.exit(run_command(lambda: print(open_engine(load_model(sys.argv[1]), sys.argv[2]).name)))
"""


@pytest.mark.parametrize("engine", ["auto", "openvino"])
def test_a_missing_file_is_reported_with_the_command_that_writes_it(
    engine: str, lean: Lean, small_model: Model
) -> None:
    done = lean(_OPENING, small_model.folder, engine)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    for part in ("has no network.onnx", "torch", f"live-stf convert {small_model.folder}", "'live-stf[train]'"):
        assert part in line


def test_the_command_reports_a_missing_library_in_one_line(lean: Lean, small_model: Model) -> None:
    done = lean("from live_stf.cli.main import main; sys.exit(main(['convert', *sys.argv[1:]]))", small_model.folder)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "torch, which is not installed" in line
    assert "pip install 'live-stf[train]'" in line


def test_a_read_only_folder_is_named_and_its_converted_network_still_runs(
    converted_model: Model, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(converted_model.converted))

    for path in (*converted_model.folder.iterdir(), converted_model.folder):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    try:
        open_engine(converted_model, "openvino")
        monkeypatch.setattr(conversion, "save_onnx", refuse)  # because root may write everywhere
        assert main(["convert", str(converted_model.folder)]) == 2
        assert f"{converted_model.converted}: Permission denied" in capsys.readouterr().err
    finally:
        converted_model.folder.chmod(0o755)


def test_unfit_weights_are_refused_in_one_line(small_model: Model) -> None:
    small_model.weights.write_bytes(b"no weights")
    with pytest.raises(ModelError, match="does not fit the network") as problem:
        convert(small_model)
    assert "\n" not in str(problem.value)
