"""Recipes: one YAML file says everything about a training, and can be changed on the command line as key=value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from live_stf.data.sources import DataSettings
from live_stf.data.windows import WindowSettings
from live_stf.decision import DecisionSettings
from live_stf.errors import DataError, LiveStfError
from live_stf.preparation import Preparation
from live_stf.training.settings import TrainingSettings

RECIPES = Path(__file__).resolve().parent.parent / "recipes"


@dataclass
class Recipe:
    """Everything about one model. See live_stf/recipes/*.yaml.

    labels: the classes; without any they are the labels of the store's clips, sorted. windows: how windows are cut out
    of clips as a live program would (live_stf.data.windows). augmentation: how training windows of a benchmark are
    varied, names of live_stf.training.protocol_windows.
    """

    name: str = MISSING
    labels: list[str] = field(default_factory=list)
    none_label: str | None = None
    network: dict[str, Any] = field(default_factory=dict)
    preparation: dict[str, Any] = field(default_factory=dict)
    windows: WindowSettings = field(default_factory=WindowSettings)
    augmentation: list[str] = field(default_factory=list)
    decision: dict[str, Any] = field(default_factory=dict)
    data: DataSettings = MISSING
    training: TrainingSettings = field(default_factory=TrainingSettings)
    output: str = "runs/${name}"


def load_recipe(name_or_file: str, changes: Sequence[str] = ()) -> Recipe:
    """The recipe by name (live_stf/recipes/NAME.yaml) or file, with `key=value` changes. Raises DataError.

    A file that names another recipe as its `base` says only what is different there. Where a change names another
    network.architecture, the switches of the file's own do not count.
    """
    file = _find(name_or_file)
    for change in changes:
        if "=" not in change:
            raise DataError(f"{change!r} is not of the form key=value, for example training.epochs=10")
    try:
        content, changed = _read(file), OmegaConf.from_dotlist(list(changes))
        _drop_switches(content, changed)
        merged = OmegaConf.merge(OmegaConf.structured(Recipe), content, changed)
        recipe = OmegaConf.to_object(merged)
        recipe.preparation = _typed(Preparation, recipe.preparation)
        recipe.decision = _typed(DecisionSettings, recipe.decision)
        DecisionSettings.of(recipe.decision, recipe.none_label)
    except (OmegaConfBaseException, YAMLError, LiveStfError) as problem:
        raise DataError(f"recipe {file}: {' '.join(str(problem).split())}") from problem
    _check(recipe, file)
    return recipe


def _typed(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the fields of `kind`, a dataclass that also checks them. OmegaConf's and its own errors."""
    checked = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(kind), dict(values)))
    return {name: getattr(checked, name) for name in values}


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


def _read(file: Path, above: tuple[Path, ...] = ()) -> DictConfig:
    """The file's content over that of its base. above: the recipes that this one is the base of."""
    if file in above:
        raise DataError(f"recipe {file} is its own base")
    content = OmegaConf.load(file)
    if "base" not in content:
        return content
    base = content.pop("base")
    return OmegaConf.merge(_read(_find(base), (*above, file)), content)


def _check(recipe: Recipe, file: Path) -> None:
    classes = set(recipe.labels)
    if recipe.none_label is not None and recipe.none_label not in classes:
        raise DataError(f"recipe {file}: none_label {recipe.none_label!r} is not one of its labels")
    for label in recipe.training.told_by_legs:
        if label not in classes:
            raise DataError(f"recipe {file}: training.told_by_legs has {label!r}, which is not one of its labels")
    for name, source in recipe.data.sources.items():
        for label in {*source.labels.values(), *([source.rest] if source.rest else [])}:
            if label not in classes:
                raise DataError(f"recipe {file}: source {name} maps to {label!r}, which is not one of its labels")
