"""Recipes: one YAML file says everything about a training, and can be changed on the command line as key=value."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from live_stf.data.windows import WindowSettings
from live_stf.decision import DecisionSettings
from live_stf.errors import DataError, LiveStfError
from live_stf.preparation import Preparation

RECIPES = Path(__file__).resolve().parent.parent / "recipes"


@dataclass
class SourceRecipe:
    """One data set.

    reader: module of live_stf.data.readers. options: what its `read` is told beside the folder. folder: below
    `data.root`. terms: licence, as its owner states it. held_out: subjects that are never trained on; held_out_every:
    n, for a source that names nobody: every n-th of its subjects. labels: the source's own label -> class; without any,
    and without rest, its labels are the classes. left_out: labels that are not used. rest: class of all other labels;
    without it they are not used either. weight: how often the source is drawn beside others of the same class. filmed:
    its joints are of pictures of people, as a pose estimator or somebody by hand found them; reports tell these apart
    from motion that is seen through virtual cameras.
    """

    reader: str = MISSING
    options: dict[str, Any] = field(default_factory=dict)
    folder: str = MISSING
    terms: str = MISSING
    held_out: list[str] = field(default_factory=list)
    held_out_every: int | None = None
    labels: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    rest: str | None = None
    weight: float = 1.0
    filmed: bool = False


@dataclass
class DataRecipe:
    """root: folder of the data sets. store: where their clips are kept together. protocol: name of a published split in
    live_stf.data.protocols; it says which clips are tested on, in place of the sources' held_out. shortest: seconds
    that a clip needs to be used: what is shorter shows a pose, not an action."""

    root: str = MISSING
    store: str = MISSING
    protocol: str | None = None
    shortest: float = 0.0
    sources: dict[str, SourceRecipe] = field(default_factory=dict)


@dataclass
class TrainingRecipe:
    """How weights are learned.

    samples: windows that are drawn in one epoch; none_share: share of them of the class for everything else. With
    data.protocol an epoch is every training clip, `repeats` times, instead. batch: windows of a step, of all processes
    together. optimizer: "adamw", or "sgd" with momentum and nesterov. learning_rate: the highest. schedule: how it
    runs, one of live_stf.training.optimizer.SCHEDULES; warm_up: share of the steps in which one-cycle rises;
    warm_up_epochs: epochs in which the others rise; milestones: epochs from which the learning rate is `gamma` times
    what it was. gradient_clip: largest norm of the gradient; 0 leaves it as it is. views: windows of every held-out clip, where
    they are random. validate_every: epochs between validations. start_from: a model, by name or folder, whose weights
    the network begins with; labels that it lacks begin anew. start_share: how much of these weights goes into the
    final ones, which are their mean with the trained ones. told_by_legs: classes that legs and trunk tell; other_arms:
    probability that a window of theirs has the arms of another clip, of one of these classes or of everything else;
    lean: radians by which who crouches in them leans further or less far forward, at most. Both are for motion
    measured in space, and not in windows.*, because people who are held out stay as they are.
    """

    epochs: int = 40
    samples: int = 1600
    repeats: int = 1
    batch: int = 16
    optimizer: str = "adamw"
    learning_rate: float = 0.0007
    weight_decay: float = 0.01
    momentum: float = 0.9
    nesterov: bool = True
    schedule: str = "one-cycle"
    warm_up: float = 0.15
    warm_up_epochs: int = 0
    milestones: list[int] = field(default_factory=list)
    gamma: float = 0.1
    gradient_clip: float = 1.0
    label_smoothing: float = 0.05
    none_share: float = 0.15
    precision: str = "32-true"
    threads: int = 1
    workers: int = 1
    seed: int = 1
    views: int = 2
    validate_every: int = 5
    start_from: str | None = None
    start_share: float = 0.0
    told_by_legs: list[str] = field(default_factory=list)
    other_arms: float = 0.0
    lean: float = 0.0

    def __post_init__(self) -> None:
        one_at_least = ("epochs", "samples", "repeats", "batch", "threads", "views", "validate_every")
        none_at_least = ("weight_decay", "warm_up_epochs", "gradient_clip", "workers", "lean")
        shares = ("momentum", "warm_up", "label_smoothing", "none_share", "start_share", "other_arms")
        for names, fits, wanted in (
            (one_at_least, lambda value: value >= 1, "1 or more"),
            (none_at_least, lambda value: 0 <= value < math.inf, "0 or more"),
            (shares, lambda value: 0 <= value <= 1, "from 0 to 1"),
            (("learning_rate",), lambda value: 0 < value < math.inf, "above 0"),
        ):
            for name in names:
                if not fits(getattr(self, name)):
                    raise DataError(f"training.{name} is {getattr(self, name)}, it has to be {wanted}")
        if self.start_share and not self.start_from:
            raise DataError("training.start_share needs training.start_from, the model whose weights it is a share of")


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
    data: DataRecipe = field(default_factory=DataRecipe)
    training: TrainingRecipe = field(default_factory=TrainingRecipe)
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
