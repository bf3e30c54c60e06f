"""A model's description is the same after writing and reading, and errors in it are reported in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from live_stf.decision import DecisionSettings
from live_stf.errors import ModelError
from live_stf.model import DESCRIPTION, WEIGHTS, Model, available_models, load_model
from live_stf.preparation import Preparation


@pytest.fixture
def model(tmp_path: Path) -> Model:
    model = Model(
        folder=tmp_path / "some",
        name="some",
        labels=("walk", "none of these"),
        network={"architecture": "stf-net", "skeleton": "openpose18", "grains": 2},
        preparation=Preparation(span=4.0, stream="bone"),
        decision=DecisionSettings(enter=0.7, none_label="none of these"),
        measured={"top1": 0.5},
    )
    model.save_description()
    model.weights.write_bytes(b"")
    return model


def test_a_model_is_read_as_it_was_written(model: Model) -> None:
    assert load_model(model.folder) == model
    assert [len(grain.parts) for grain in model.grains] == [18, 6]


def test_a_network_without_mcf_has_no_grains(model: Model) -> None:
    for network in ({"architecture": "st-gcn"}, {"architecture": "stf-net", "mcf": False}):
        assert Model(model.folder, "x", model.labels, network, model.preparation).grains == ()


def test_every_model_of_the_project_loads_and_names_its_training_data() -> None:
    for name in available_models():
        model = load_model(name)
        assert model.training["data"]
        assert all(source["terms"] for source in model.training["data"].values())
        assert 0 < model.measured["top1"] <= 1
        assert (model.folder / "README.md").is_file()


def _spoil(content: dict, key: str, value: object) -> dict:
    spoiled = dict(content)
    if value is None:
        del spoiled[key]
    else:
        spoiled[key] = value
    return spoiled


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("labels", None, "labels"),
        ("format", 99, "format 99"),
        ("none_label", "fly", "fly"),
        ("decision", {"enter": 2}, "enter is 2"),
        ("decision", {"dwell": "long"}, "dwell is 'long'"),
        ("decision", {"colour": "red"}, "unknown setting colour"),
        ("decision", [1], "decision"),
        ("preparation", {"span": -1}, "span"),
        ("preparation", {"colour": "red"}, "colour"),
        ("preparation", {"stream": "dreams"}, "dreams"),
    ],
)
def test_an_invalid_description_is_reported_in_one_line(model: Model, key: str, value: object, message: str) -> None:
    path = model.folder / DESCRIPTION
    path.write_text(json.dumps(_spoil(json.loads(path.read_text()), key, value)))
    with pytest.raises(ModelError, match=message) as problem:
        load_model(model.folder)
    assert "\n" not in str(problem.value)


def test_a_missing_model_names_the_available_ones(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model 'nothing'"):
        load_model("nothing")
    with pytest.raises(ModelError, match="no model"):
        load_model(tmp_path)


def test_missing_weights_and_broken_json_are_reported(model: Model) -> None:
    (model.folder / WEIGHTS).unlink()
    with pytest.raises(ModelError, match="no weights"):
        load_model(model.folder)
    (model.folder / DESCRIPTION).write_text("{")
    with pytest.raises(ModelError, match="is not JSON"):
        load_model(model.folder)
