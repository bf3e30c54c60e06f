"""Trainings that begin with the weights of a model."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, load_file, save

from live_stf.cli import train
from live_stf.engine.fingerprint import model_hash
from live_stf.errors import DataError
from live_stf.model import Model, load_model
from live_stf.network import build_network
from live_stf.training.model_card import model_card
from live_stf.training.recipe import load_recipe
from live_stf.training.start import Start


@pytest.fixture(scope="module")
def first(recipe_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model that was trained for one epoch."""
    output = tmp_path_factory.mktemp("first")
    assert train.main([str(recipe_file), "training.epochs=1", f"output={output}"]) == 0
    return load_model(output / "model")


def test_shared_labels_keep_their_weights_and_new_labels_start_from_random_ones(
    first: Model, recipe_file: Path
) -> None:
    recipe = load_recipe(recipe_file)
    recipe.labels = ["none of these", "fly", "wave"]
    torch.manual_seed(5)
    network = build_network(recipe.network, 3)
    fresh = {name: value.clone() for name, value in network.state_dict().items()}
    assert Start(first, recipe).load_into(network) == ["fly"]
    old = load_file(first.weights)
    for name, value in network.state_dict().items():
        if name.startswith("classify"):
            torch.testing.assert_close(value[[0, 2]], old[name][[2, 0]], rtol=0, atol=0)
            torch.testing.assert_close(value[1], fresh[name][1], rtol=0, atol=0)
        else:
            torch.testing.assert_close(value, old[name], rtol=0, atol=0)


def test_trained_weights_are_mixed_with_the_starting_ones(first: Model, recipe_file: Path) -> None:
    recipe = load_recipe(recipe_file)
    recipe.labels = ["none of these", "fly", "wave"]
    torch.manual_seed(5)
    network = build_network(recipe.network, 3)
    trained = {name: value.clone() for name, value in network.state_dict().items()}
    Start(first, recipe).mix(network, 0.25)
    old = load_file(first.weights)
    for name, value in network.state_dict().items():
        expected = trained[name].clone()
        if name.startswith("classify"):
            expected[[0, 2]] = 0.75 * expected[[0, 2]] + 0.25 * old[name][[2, 0]]
        elif "num_batches" not in name:
            expected = 0.75 * expected + 0.25 * old[name]
        torch.testing.assert_close(value, expected)


def test_the_share_of_the_starting_weights_can_be_set_after_a_training(
    first: Model, recipe_file: Path, tmp_path: Path
) -> None:
    command = [str(recipe_file), "training.epochs=1", f"training.start_from={first.folder}", f"output={tmp_path}"]
    assert train.main(command) == 0
    # From bytes: load_file maps the file, which is written again below.
    trained = load((tmp_path / "model" / "weights.safetensors").read_bytes())
    assert train.main([*command, "training.start_share=0.5"]) == 0
    model, old = load_model(tmp_path / "model"), load_file(first.weights)
    assert "training.start_share=0.5" in model.training["command"]
    mixed = load_file(model.weights)
    different = [name for name in old if not torch.equal(old[name], trained[name]) and "num_batches" not in name]
    assert len(different) > 10
    for name in different:
        torch.testing.assert_close(mixed[name], (old[name] + trained[name]) / 2)


def test_a_continued_training_records_the_weights_it_started_from_even_if_they_have_changed(
    first: Model, recipe_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = tmp_path / "start"
    shutil.copytree(first.folder, folder)
    command = [str(recipe_file), "training.epochs=1", f"training.start_from={folder}", f"output={tmp_path / 'run'}"]
    assert train.main(command) == 0
    begun = load_model(tmp_path / "run" / "model").training["start_from"]
    assert begun["hash"] == model_hash(first)

    weights = load((folder / "weights.safetensors").read_bytes())
    (folder / "weights.safetensors").write_bytes(save({name: value + 1 for name, value in weights.items()}))
    other = model_hash(load_model(folder))
    assert other != begun["hash"]
    capsys.readouterr()
    assert train.main([*command, "training.start_share=0.5"]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: training.start_from: tiny has other weights (")
    assert f"({other[:8]}) than this training began with ({begun['hash'][:8]})" in error
    assert load_model(tmp_path / "run" / "model").training["start_from"] == begun

    shutil.rmtree(folder)
    assert train.main(command) == 0
    assert load_model(tmp_path / "run" / "model").training["start_from"] == begun


def test_a_training_starts_from_a_models_weights_and_its_description_says_so(
    first: Model, recipe_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    changes = ["training.epochs=1", "training.learning_rate=1e-9", f"training.start_from={first.folder}"]
    assert train.main([str(recipe_file), *changes, f"output={tmp_path}"]) == 0
    assert f"starting from the weights of {first.folder}" in capsys.readouterr().out
    model = load_model(tmp_path / "model")
    old, new = load_file(first.weights), load_file(model.weights)
    for name, value in old.items():
        if "running" not in name and "num_batches" not in name:  # a batch norm's statistics follow the windows
            torch.testing.assert_close(new[name], value, rtol=0, atol=1e-6)
    begun = model.training["start_from"]
    assert (begun["model"], begun["command"], begun["data"]) == (
        "tiny", first.training["command"], {"made": "made by a test"}
    )  # fmt: skip
    before = f"- tiny ({begun['hash'][:8]}): `{begun['command']}`, 64 windows"
    card = (model.folder / "README.md").read_text()
    assert "| made by a test |" in card
    assert f"started from the first of these weights, each of them from the next:\n\n{before}\n" in card

    earlier = {**begun, "hash": "0123456789", "data": {"made": "made by a test", "found": "found by a test"}}
    model.training["start_from"]["start_from"] = earlier
    items = [line for line in model_card(model).splitlines() if line.startswith("- ")]
    assert items == [before, f"- tiny (01234567): `{begun['command']}`, 64 windows, also from data sets whose terms "
                             "apply as well: found (found by a test)"]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["network.grains=1"], "only the same network can take its weights"),
        (["training.start_from=nobody"], "no model 'nobody'"),
        (["training.start_from=null", "training.start_share=0.5"], "training.start_share needs training.start_from"),
        (["training.start_share=1.5"], "training.start_share is 1.5; it must be from 0 to 1"),
    ],
)
def test_unsuitable_starting_weights_are_refused_in_one_line(
    changes: list[str], message: str, first: Model, recipe_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    command = [str(recipe_file), f"training.start_from={first.folder}", *changes, f"output={tmp_path}"]
    assert train.main(command) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert message in error


def test_weights_of_another_stream_can_be_started_from(first: Model, recipe_file: Path) -> None:
    recipe = load_recipe(recipe_file, ["preparation.stream=bone"])
    assert first.preparation.stream == "joint"
    assert Start(first, recipe).load_into(build_network(recipe.network, 3)) == []
    assert recipe.preparation.stream == "bone"
    with pytest.raises(DataError, match="only the same network"):
        Start(first, load_recipe(recipe_file, ["network.tdf=false"]))
