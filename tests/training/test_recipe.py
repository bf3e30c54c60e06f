"""Recipes are checked before anything is computed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml

from live_stf.errors import DataError
from live_stf.network import build_network
from live_stf.training.recipe import RECIPES, load_recipe


@pytest.mark.parametrize("file", sorted(RECIPES.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_recipe_of_the_project_is_valid(file: Path) -> None:
    recipe = load_recipe(file.stem)
    assert recipe.name == file.stem
    assert len(set(recipe.labels)) == len(recipe.labels)
    build_network(recipe.network, len(recipe.labels) or 2)  # without labels they come from the data
    for source in recipe.data.sources.values():
        assert source.terms
        assert recipe.data.protocol or source.held_out or source.held_out_every


def test_the_everyday_recipe_has_everyday_classes_and_a_none_label() -> None:
    recipe = load_recipe("everyday")
    assert len(recipe.labels) >= 16
    assert recipe.none_label in recipe.labels


def test_a_change_of_architecture_drops_the_switches_of_the_old_one() -> None:
    assert load_recipe("nw-ucla").network["attention_scale"] == "cosine"
    other = load_recipe("nw-ucla", ["network.architecture=st-gcn"]).network
    assert other == {"architecture": "st-gcn", "skeleton": "kinect20"}
    same = load_recipe("nw-ucla", ["network.architecture=stf-net", "network.grains=1"]).network
    assert same == {**load_recipe("nw-ucla").network, "grains": 1}


@pytest.mark.parametrize(
    ("changes", "shape"),
    [
        (["network.architecture=st-gcn"], (0, 0)),
        (["network.mcf=false", "network.tdf=false"], (0, 0)),
        (["network.mcf=false"], (0, 0)),
        (["network.tdf=false"], (6, 36)),
        ([], (6, 36)),
        (["network.grains=1"], (6, 20)),
        (["network.grains=2"], (6, 31)),
        (["network.grains=3"], (6, 36)),
        (["network.attention_scale=none"], (6, 36)),
        (["network.attention_scale=terms"], (6, 36)),
        (["network.present_only=true"], (6, 36)),
        (["network.tdf_kernel=3", "network.tdf_motion=true"], (6, 36)),
    ],
    ids=lambda value: " ".join(map(str, value)) or "full",
)
def test_every_ablation_can_be_set_by_changes_to_a_recipe(changes: list[str], shape: tuple[int, int]) -> None:
    recipe = load_recipe("nw-ucla", changes)
    network = build_network(recipe.network, len(recipe.labels)).eval()
    logits, attention = network(torch.zeros(1, *recipe.preparation.shape), attention=True)
    assert logits.shape == (1, 10)
    assert (attention.shape[2], attention.shape[4]) == shape


def test_changes_on_the_command_line_override_the_file(recipe_file: Path) -> None:
    recipe = load_recipe(recipe_file, ["training.epochs=7", "data.root=/elsewhere", "preparation.stream=bone"])
    assert (recipe.training.epochs, recipe.data.root, recipe.preparation.stream) == (7, "/elsewhere", "bone")
    assert recipe.output == "runs/tiny"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        (["training.epochs"], "key=value"),
        (["training.epochs=many"], "epochs"),
        (["training.colour=red"], "colour"),
        (["none_label=fly"], "fly"),
        (["data.sources.made.rest=fly"], "fly"),
        (["training.batch=0"], "training.batch is 0; it must be 1 or more"),
        (["training.learning_rate=0"], "training.learning_rate is 0.0; it must be above 0"),
        (["training.none_share=1.5"], "training.none_share is 1.5; it must be from 0 to 1"),
        (["training.told_by_legs=[fly]"], "training.told_by_legs has 'fly'"),
        (["training.other_arms=2"], "training.other_arms is 2.0; it must be from 0 to 1"),
        (["training.lean=-1"], "training.lean is -1.0; it must be 0 or more"),
        (["training.gradient_clip=-1"], "training.gradient_clip is -1.0; it must be 0 or more"),
        (["data.shortest=-1"], "data.shortest is -1.0; it must be 0 seconds or more"),
        (["data.sources.made.weight=0"], "weight of a source is 0.0; it must be above 0"),
        (["data.sources.made.held_out_every=0"], "held_out_every of a source is 0; it must be 1 or more"),
        (["preparation.colour=red"], "colour"),
        (["preparation.frames=many"], "frames"),
        (["preparation.frames=0"], "frames >= 1"),
        (["decision.colour=red"], "colour"),
        (["decision.none_label=x"], "decision has no setting none_label"),
        (["decision.enter=2"], "enter is 2.0"),
        (["windows.colour=red"], "colour"),
        (["windows.still=often"], "still"),
        (["windows.still=2"], "windows.still is 2.0; it must be a probability"),
        (["windows.slowest=2"], "slowest and fastest are 2.0 and 1.25"),
        (["windows.drops=1"], "windows.drops is 1.0"),
        (["windows.noise.colour=red"], "colour"),
        (["windows.noise.memory=0"], "windows.noise.memory is 0.0"),
        (["windows.noise.jitter=-1"], "windows.noise.jitter is -1.0"),
        (["windows.noise.lost=2"], "windows.noise.lost is 2.0"),
    ],
)
def test_an_invalid_change_is_reported_in_one_line(recipe_file: Path, changes: list[str], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint) as problem:
        load_recipe(recipe_file, changes)
    assert "\n" not in str(problem.value)


def test_values_written_as_text_are_converted_to_their_types(recipe_file: Path) -> None:
    recipe = load_recipe(recipe_file, ["preparation.frames='20'", "windows.noise.jitter=0", "decision.enter='0.7'"])
    assert (recipe.preparation.frames, recipe.windows.noise.jitter, recipe.decision.enter) == (20, 0.0, 0.7)


def test_a_missing_or_broken_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no recipe 'dinner'.*everyday"):
        load_recipe("dinner")
    file = tmp_path / "broken.yaml"
    file.write_text("name: [1, 2")
    with pytest.raises(DataError, match=r"broken\.yaml"):
        load_recipe(file)
    file.write_text(yaml.safe_dump({"labels": ["a"]}))
    with pytest.raises(DataError, match=r"broken\.yaml"):
        load_recipe(file)


def test_a_recipe_with_a_base_holds_only_the_differences(recipe_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "smaller.yaml"
    file.write_text(yaml.safe_dump({"base": str(recipe_file), "name": "smaller", "training": {"batch": 4}}))
    base, recipe = load_recipe(recipe_file), load_recipe(file, ["training.seed=3"])
    assert (recipe.name, recipe.output) == ("smaller", "runs/smaller")
    assert (recipe.training.batch, recipe.training.seed) == (4, 3)
    assert recipe.training.epochs == base.training.epochs
    assert (recipe.data, recipe.labels) == (base.data, base.labels)


def test_an_invalid_base_is_reported_in_one_line(tmp_path: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(yaml.safe_dump({"base": str(second)}))
    second.write_text(yaml.safe_dump({"base": str(first)}))
    with pytest.raises(DataError, match="its own base"):
        load_recipe(first)
    first.write_text(yaml.safe_dump({"base": "dinner"}))
    with pytest.raises(DataError, match="no recipe 'dinner'"):
        load_recipe(first)
