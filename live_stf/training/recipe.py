"""Recipes: one YAML file describes a training completely; `key=value` on the command line changes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from live_stf.data.sources import DataSettings
from live_stf.data.windows import WindowSettings
from live_stf.decision import DecisionSettings
from live_stf.errors import DataError, LiveStfError
from live_stf.preparation import Preparation
from live_stf.training.settings import TrainingSettings

RECIPES = Path(__file__).resolve().parent.parent / "recipes"


@dataclass(kw_only=True)
class Recipe:
    """The description of one model and its training; live_stf/recipes has examples.

    Attributes:
        name: name of the model, and of its folder below runs/.
        labels: the classes. If there are none, they are the labels of the store's clips, sorted.
        none_label: the class of all other actions, which is never shown; None if there is none.
        network: arguments of `live_stf.network.build_network`.
        preparation: how a window becomes the network's input.
        windows: how windows are cut out of clips, as a live program would see them.
        augmentation: how training clips of a benchmark are varied, names of live_stf.training.protocol_windows.
        decision: when a label begins and ends in live use.
        data: the data sets.
        training: how weights are learned.
        output: folder of checkpoints, logs and the model.
    """

    name: str
    labels: list[str] = field(default_factory=list)
    none_label: str | None = None
    network: dict[str, Any] = field(default_factory=dict)
    preparation: Preparation = field(default_factory=Preparation)
    windows: WindowSettings = field(default_factory=WindowSettings)
    augmentation: list[str] = field(default_factory=list)
    decision: DecisionSettings = field(default_factory=DecisionSettings)
    data: DataSettings
    training: TrainingSettings = field(default_factory=TrainingSettings)
    output: str = "runs/${name}"


def recipe_schema() -> DictConfig:
    """The keys of a recipe with their types and defaults, to merge values into."""
    schema = OmegaConf.structured(Recipe)
    for name in ("preparation", "decision"):  # OmegaConf marks the fields of frozen dataclasses as read-only
        OmegaConf.set_readonly(schema[name], False)
    return schema


def load_recipe(name_or_file: str | Path, changes: Sequence[str] = ()) -> Recipe:
    """The recipe of that name in live_stf/recipes, or in that file, with `key=value` changes.

    A file that names another recipe as its `base` holds only the differences. A change of network.architecture drops
    the switches of the file's own network.

    Raises DataError if there is no such recipe, or a value in it is not allowed.
    """
    file = _find(name_or_file)
    for change in changes:
        if "=" not in change:
            raise DataError(f"{change!r} is not of the form key=value, for example training.epochs=10")
    try:
        content, changed = _read(file), OmegaConf.from_dotlist(list(changes))
        _drop_switches(content, changed)
        recipe = OmegaConf.to_object(OmegaConf.merge(recipe_schema(), content, changed))
    except (OmegaConfBaseException, YAMLError, LiveStfError) as problem:
        raise DataError(f"recipe {file}: {' '.join(str(problem).split())}") from problem
    if not isinstance(recipe, Recipe):
        raise TypeError(f"{file} became a {type(recipe).__name__}")
    _check(recipe, file)
    return recipe


def _drop_switches(content: DictConfig, changed: DictConfig) -> None:
    wanted = OmegaConf.select(changed, "network.architecture")
    if wanted is not None and wanted != OmegaConf.select(content, "network.architecture"):
        content.network = {"skeleton": OmegaConf.select(content, "network.skeleton")}


def _find(name_or_file: str | Path) -> Path:
    file = Path(name_or_file)
    if not file.is_file():
        file = RECIPES / f"{name_or_file}.yaml"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in RECIPES.glob("*.yaml")))
        raise DataError(f"no recipe {str(name_or_file)!r}: give a YAML file or one of {known}")
    return file


def _read(file: Path, derived: tuple[Path, ...] = ()) -> DictConfig:
    """The file's content, merged over that of its base. derived: the recipes that have this one as their base."""
    if file in derived:
        raise DataError(f"recipe {file} is its own base")
    content = OmegaConf.load(file)
    if not isinstance(content, DictConfig):
        raise DataError(f"recipe {file} is a list; it must be a mapping")
    if "base" not in content:
        return content
    merged = OmegaConf.merge(_read(_find(content.pop("base")), (*derived, file)), content)
    if not isinstance(merged, DictConfig):
        raise TypeError(f"{file} merged with its base is no mapping")
    return merged


def _check(recipe: Recipe, file: Path) -> None:
    classes = set(recipe.labels)
    if recipe.none_label is not None and recipe.none_label not in classes:
        raise DataError(f"recipe {file}: none_label {recipe.none_label!r} is not one of its labels")
    if recipe.decision.none_label is not None:
        raise DataError(f"recipe {file}: decision has no setting none_label; none_label is a key of the recipe itself")
    for label in recipe.training.told_by_legs:
        if label not in classes:
            raise DataError(f"recipe {file}: training.told_by_legs has {label!r}, which is not one of its labels")
    for name, source in recipe.data.sources.items():
        for label in {*source.labels.values(), *([source.rest] if source.rest else [])}:
            if label not in classes:
                raise DataError(f"recipe {file}: source {name} maps to {label!r}, which is not one of its labels")
