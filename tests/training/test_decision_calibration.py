"""Simulated live streams of held-out clips, and the temperature and thresholds that follow from them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from scipy.special import softmax

from live_stf.decision import DecisionSettings
from live_stf.engine import Classifier
from live_stf.errors import ModelError
from live_stf.evaluation.simulated_streams import AFTER, BEFORE, Live, judge, simulate, subject_groups
from live_stf.model import Model, load_model
from live_stf.network import build_network
from live_stf.training.recipe import Recipe
from live_stf.training.samples import held_out_windows
from live_stf.training.selection import open_store, select
from live_stf.types import Window

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def program() -> ModuleType:
    import importlib.util

    spec = importlib.util.spec_from_file_location("decision_calibration", ROOT / "calibration" / "thresholds.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["decision_calibration"] = module
    spec.loader.exec_module(module)
    return module


class Duck:
    """An engine that classifies everybody whose head goes down in the window as ducking."""

    name = "by hand"

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        nose = x[:, 1, :, 0, 0]
        ducks = np.ptp(nose, axis=1) > 0.5
        return np.stack([np.zeros(len(x)), 9.0 * ducks, 4.0 * np.ones(len(x))], axis=1).astype(np.float32), x


def test_streams_are_simulated_from_held_out_clips(recipe: Recipe) -> None:
    store = open_store(recipe)
    windows = held_out_windows(store, select(store, recipe), recipe)
    answers = simulate(windows, Duck(), streams=6, rate=4.0)
    assert [one.target for one in answers] == [0, 1, 2, 0, 1, 2]
    for one in answers:
        assert one.onset == BEFORE
        assert one.times[-1] == pytest.approx(one.end + AFTER, abs=0.3)
        assert 0.2 < np.median(np.diff(one.times)) < 0.3
        assert (np.diff(one.seen) >= -0.51).all()
    ducks = [one for one in answers if one.target == 1]
    live = judge(ducks, recipe.labels, DecisionSettings(none_label="none of these"))
    assert live.found == 1
    assert 0 < live.onset < 3
    again = simulate(windows, Duck(), streams=6, rate=4.0)
    for one, other in zip(answers, again, strict=True):
        np.testing.assert_array_equal(one.logits, other.logits)


def test_all_clips_of_a_subject_are_in_one_half(recipe: Recipe) -> None:
    store = open_store(recipe)
    windows = held_out_windows(store, select(store, recipe), recipe)
    groups = subject_groups(windows)
    by_subject: dict[str, set[int]] = {}
    for index, group in groups.items():
        by_subject.setdefault(str(store.subjects[index]), set()).add(group)
    assert all(len(found) == 1 for found in by_subject.values())


def test_a_network_three_times_too_sure_gets_a_temperature_of_three(program: ModuleType) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (4000, 5))
    targets = np.array([rng.choice(5, p=row) for row in softmax(logits, axis=1)])
    sure = (3 * logits).astype(np.float32)
    temperature = program.fit_temperature(sure, targets)
    assert temperature == pytest.approx(3, rel=0.05)
    before, after = (program.calibration_error(sure, targets, value) for value in (1.0, temperature))
    assert after < 0.03 < 0.1 < before


def test_the_threshold_is_the_largest_that_keeps_the_recall_or_else_has_few_false_labels(program: ModuleType) -> None:
    def live(false: float, found: float = 0.5) -> Live:
        return Live(9, 1.0, 2.0, found, false, 0.1, 3.0)

    assert program.choose({0.4: live(0.9, 0.9), 0.5: live(0.5, 0.86), 0.6: live(0.1, 0.85)}, 0.9) == 0.5
    assert program.choose({0.4: live(3.0, 0.9), 0.5: live(1.0), 0.6: live(0.2)}, 0.9) == 0.5
    assert program.choose({0.4: live(3.0), 0.5: live(1.5), 0.6: live(1.5)}, 0.9) == 0.5


@pytest.fixture
def model(recipe: Recipe, tmp_path: Path) -> Model:
    """The recipe's model with random weights."""
    model = Model(
        tmp_path / "model", "tiny", tuple(recipe.labels), recipe.network, recipe.preparation,
        decision=DecisionSettings(enter=0.6, leave=0.3, none_label=recipe.none_label), training={"split": "by subject"},
    )  # fmt: skip
    model.save_description()
    torch.manual_seed(0)
    save_file(build_network(recipe.network, len(recipe.labels)).state_dict(), model.weights)
    return load_model(model.folder)


def test_the_program_writes_its_measurements_into_the_model(
    program: ModuleType, recipe_file: Path, model: Model, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    two = "data.sources.made.held_out=[p2,p3]"
    output = tmp_path / "decision.json"
    command = [str(model.folder), str(recipe_file), two, "--streams", "12", "--rate", "2", "--output", str(output)]
    assert program.main([*command, "--write"]) == 0
    assert "expected calibration error" in capsys.readouterr().out
    written = json.loads(output.read_text())
    assert written["windows"]["choosing"] > 0
    assert written["windows"]["reporting"] > 0
    assert set(written["curve"]) > {"0.01", "0.5", "0.95"}
    carried = load_model(model.folder)
    assert carried.temperature == written["temperature"] != 1.0
    assert carried.decision.as_dict() == written["decision"]
    assert carried.decision.leave == pytest.approx(carried.decision.enter / 2, abs=1e-3)
    assert carried.measured["live"]["streams"] > 0
    assert not (model.folder / "README.md").exists()  # it is only written for a model with a measured accuracy


def test_a_single_held_out_subject_is_refused(
    program: ModuleType, recipe_file: Path, model: Model, capsys: pytest.CaptureFixture
) -> None:
    assert program.main([str(model.folder), str(recipe_file)]) == 2
    assert "too few subjects" in capsys.readouterr().err


def test_a_benchmark_is_refused(program: ModuleType, model: Model, capsys: pytest.CaptureFixture) -> None:
    assert program.main([str(model.folder), "nw-ucla"]) == 2
    assert "benchmark" in capsys.readouterr().err


def test_probabilities_come_from_logits_divided_by_the_temperature(model: Model) -> None:
    class Fixed:
        name = "fixed"

        def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return np.tile(np.float32([[2, 0, -1]]), (len(x), 1)), np.zeros((len(x), 1, 0, 18, 0), np.float32)

    content = json.loads((model.folder / "model.json").read_text())
    (model.folder / "model.json").write_text(json.dumps({**content, "temperature": 2.0}))
    window = Window(1, 1.0, np.ones((model.preparation.frames, 18, 3), np.float32), (64, 48), 1.0)
    (scores,) = Classifier(load_model(model.folder), Fixed()).classify([window])
    np.testing.assert_allclose(scores.probabilities, softmax([1.0, 0.0, -0.5]), rtol=1e-5)


@pytest.mark.parametrize("value", [0, -1, "warm", None, True, float("inf")])
def test_an_invalid_temperature_is_refused_in_one_line(model: Model, value: object) -> None:
    content = json.loads((model.folder / "model.json").read_text())
    (model.folder / "model.json").write_text(json.dumps({**content, "temperature": value}))
    with pytest.raises(ModelError, match=r"temperature is .* a number above 0"):
        load_model(model.folder)


def test_models_without_a_temperature_have_a_temperature_of_one(model: Model) -> None:
    content = json.loads((model.folder / "model.json").read_text())
    del content["temperature"]
    (model.folder / "model.json").write_text(json.dumps(content))
    assert load_model(model.folder).temperature == 1.0
