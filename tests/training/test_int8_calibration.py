"""Calibration windows of int8, and int8 compared with torch on held-out windows."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from live_stf.data.store import Store
from live_stf.decision import DecisionSettings
from live_stf.engine.fingerprint import model_hash
from live_stf.model import Model, load_model
from live_stf.network import build_network, stf_net
from live_stf.training.recipe import Recipe
from live_stf.training.samples import HeldOutWindows
from live_stf.training.selection import open_store, select

ROOT = Path(__file__).resolve().parent.parent.parent


def program(name: str) -> ModuleType:
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, ROOT / "calibration" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a network of three blocks, because each of its products is tried by itself in int8."""
    monkeypatch.setattr(stf_net, "WIDTHS", (64, 64, 128))
    monkeypatch.setattr(stf_net, "STRIDES", (1, 1, 2))


@pytest.fixture
def model(recipe: Recipe, tmp_path: Path) -> Model:
    """The recipe's model with random weights."""
    network = dict(recipe.network)
    made = Model(
        tmp_path / "tiny",
        "tiny",
        tuple(recipe.labels),
        network,
        recipe.preparation,
        decision=DecisionSettings(none_label=recipe.none_label),
    )
    made.save_description()
    torch.manual_seed(0)
    save_file(build_network(network, len(recipe.labels)).state_dict(), made.weights)
    return load_model(made.folder)


def drawn(recipe_file: Path, model: Model, path: Path, *more: str) -> int:
    return program("int8_windows").main(
        [str(recipe_file), "--model", str(model.folder), "--output", str(path), "--windows", "12", *more]
    )


def test_windows_are_of_training_subjects_and_the_same_every_time(
    recipe_file: Path, recipe: Recipe, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(recipe)
    held_out = {one.index for one in select(store, recipe) if one.held_out}
    assert held_out
    read: list[int] = []
    original = Store.__getitem__

    def reading(self: Store, index: int) -> object:
        read.append(int(index))
        return original(self, index)

    monkeypatch.setattr(Store, "__getitem__", reading)
    assert drawn(recipe_file, model, tmp_path / "one.npy") == 0
    assert len(read) == 12
    assert not held_out & set(read)
    assert drawn(recipe_file, model, tmp_path / "two.npy") == 0
    windows = np.load(tmp_path / "one.npy")
    assert (windows.shape, windows.dtype) == ((12, 3, recipe.preparation.frames, 18, 1), np.float32)
    np.testing.assert_array_equal(windows, np.load(tmp_path / "two.npy"))


@pytest.mark.parametrize("count", ["0", "65"])
def test_a_number_of_windows_that_an_epoch_does_not_have_is_refused(
    count: str, recipe_file: Path, model: Model, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert drawn(recipe_file, model, tmp_path / "x.npy", "--windows", count) == 2
    assert f"error: --windows is {count}; it must be 1 to 64, the windows of an epoch\n" in capsys.readouterr().err
    assert not (tmp_path / "x.npy").exists()


def test_agreement_equals_the_value_computed_by_hand() -> None:
    expected = np.log([[0.7, 0.2, 0.1], [0.3, 0.5, 0.2], [0.1, 0.3, 0.6], [0.35, 0.4, 0.25]])
    logits = expected.copy()
    logits[3] = [3.0, 0.0, 0.0]
    found = program("int8_agreement").compared(logits, expected, np.array([0, 1, 0, 0]))
    assert (found.windows, found.agreement, found.top1, found.int8_top1) == (4, 0.75, 0.5, 0.75)
    assert found.margin == pytest.approx(0.25)
    assert found.margin_of_others == pytest.approx(0.05)


def test_int8_is_compared_with_torch_on_held_out_windows(
    recipe_file: Path, recipe: Recipe, model: Model, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name, reason=f"needs {name} (pip install 'live-stf[onnx]')")
    assert drawn(recipe_file, model, tmp_path / "x.npy") == 0
    arguments = [str(model.folder), str(recipe_file), "--calibration", str(tmp_path / "x.npy"), "--every", "2"]
    result = tmp_path / "result.json"
    assert program("int8_agreement").main([*arguments, "--output", str(result)]) == 0
    store = open_store(recipe)
    windows = -(-len(HeldOutWindows(store, select(store, recipe), recipe)) // 2)
    assert f"{windows} held-out windows: best class the same on " in capsys.readouterr().out
    content = json.loads(result.read_text())
    assert (content["format"], content["windows"], content["calibration_windows"]) == (1, windows, 12)
    assert content["model_hash"] == model_hash(model)
    assert 0 < content["logits_rms"] < 0.1 * content["largest_logit"]  # close to torch but not equal, so int8 was used


def test_calibration_of_another_shape_is_refused(
    recipe_file: Path, model: Model, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    np.save(tmp_path / "x.npy", np.zeros((2, 3, 25, 18, 1), np.float32))
    arguments = [str(model.folder), str(recipe_file), "--calibration", str(tmp_path / "x.npy")]
    assert program("int8_agreement").main(arguments) == 2
    assert "error: calibration windows must be N x 3 x 8 x 18 x 1 float32" in capsys.readouterr().err
