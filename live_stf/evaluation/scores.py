"""Scores of models on windows, stored in files so that nothing is computed twice."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from torch.utils.data import DataLoader, Dataset, Subset

from live_stf.engine import Engine, open_engine
from live_stf.engine.fingerprint import model_hash
from live_stf.errors import DataError, ModelError
from live_stf.model import Model
from live_stf.training.recipe import Recipe
from live_stf.training.samples import HeldOut, held_out_windows, training_windows
from live_stf.training.selection import open_store, select, with_labels

# Fusion weights are fitted on the training windows of this epoch. No training reaches it, so no network has learned
# from these cuts and turns of the training clips.
UNTRAINED_EPOCH = 1_000_000


@dataclass(frozen=True, eq=False)
class ModelScores:
    """Scores of one model on the windows of the test side, and on windows of the training side.

    The arrays of the training side are empty if they were not asked for: (0, classes) and (0,). model_hash: of the
    weights. windows_hash: of everything that decides the windows, and of the requested engine. engine: the engine that
    ran the model. copied: windows of clips that are also on the training side.
    """

    model: str
    stream: str
    model_hash: str
    windows_hash: str
    engine: str
    labels: tuple[str, ...]
    logits: np.ndarray  # (n, classes) float32
    targets: np.ndarray  # (n,) int64
    sources: tuple[str, ...]  # n
    copied: np.ndarray  # (n,) bool
    training_logits: np.ndarray  # (m, classes) float32
    training_targets: np.ndarray  # (m,) int64

    @property
    def name(self) -> str:
        """Name of the file. It has the hash, because a folder may hold the scores of several models of a stream."""
        return _file_name(self.stream, self.model_hash)

    def save(self, folder: Path) -> Path:
        """Write FOLDER/NAME, NumPy arrays without pickles, into a folder that exists. Returns the file."""
        file = folder / self.name
        arrays: dict[str, Any] = {key: np.asarray(value) for key, value in vars(self).items()}
        np.savez_compressed(file, allow_pickle=False, **arrays)
        return file


def _file_name(stream: str, weights: str) -> str:
    return f"{stream}-{weights[:8]}.npz"


def load_scores(file: Path) -> ModelScores:
    """The scores that `ModelScores.save` wrote. Raises DataError if the file has none."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            content = {key: arrays[key] for key in ModelScores.__dataclass_fields__}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as problem:
        raise DataError(f"{file} is not a file of scores ({problem}): remove it, and it is written again") from problem
    texts = {key: str(content[key]) for key in ("model", "stream", "model_hash", "windows_hash", "engine")}
    lists = {key: tuple(str(one) for one in content[key]) for key in ("labels", "sources")}
    return ModelScores(**{**content, **texts, **lists})


def run_windows(
    engine: Engine, windows: Dataset, batch: int, description: str = "held-out windows"
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, classes) float32 and class numbers (n,) of the windows. Raises DataError if there are none."""
    logits, targets = [], []
    for x, target in track(
        DataLoader(windows, batch_size=batch), description=description, console=Console(stderr=True)
    ):
        logits.append(engine.run(x.numpy())[0])
        targets.append(target.numpy())
    if not targets:
        raise DataError("the recipe has no test side: name a data.protocol, or hold out subjects of its sources")
    return np.concatenate(logits), np.concatenate(targets)


def held_out_side(model: Model, recipe: Recipe) -> HeldOut:
    """The held-out windows of the recipe in the model's own preparation, so that a model of any stream can be tested.

    Raises ModelError if the labels are not the model's.
    """
    own = replace(recipe, preparation=model.preparation)
    check_labels(model, own)
    store = open_store(own)
    own = with_labels(own, store)
    check_labels(model, own)
    return held_out_windows(store, select(store, own), own)


def check_labels(model: Model, recipe: Recipe) -> None:
    """Raises ModelError if the recipe names other classes than the model's. One without labels fits every model."""
    if recipe.labels and list(model.labels) != list(recipe.labels):
        raise ModelError(
            f"{model.name} and the recipe {recipe.name} do not have the same labels: use the model's recipe"
        )


def compute_scores(
    model: Model,
    recipe: Recipe,
    engine: str = "auto",
    training: int = 0,
    folder: Path | None = None,
    batch: int = 16,
) -> ModelScores:
    """Scores of the model on the recipe's test side, and on `training` windows of its training side.

    folder: where the scores are written. Scores of the same weights and windows in it are read and not computed again.
    Raises DataError if it cannot be created, before anything is computed.
    """
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise DataError(f"{folder} cannot be written to: {problem}") from problem
    tested = held_out_side(model, recipe)
    own = tested.recipe
    tag, windows_tag = model_hash(model), _windows_hash(tested, engine, training)
    stream = model.preparation.stream
    if folder is not None:
        file = folder / _file_name(stream, tag)
        if file.is_file():
            found = load_scores(file)
            if (found.model_hash, found.windows_hash) == (tag, windows_tag):
                return found
    runner = open_engine(model, engine)
    logits, targets = run_windows(runner, tested, batch, f"{stream}: test side")
    training_logits, training_targets = np.zeros((0, logits.shape[1]), np.float32), np.zeros(0, np.int64)
    if training:
        windows = training_windows(tested.store, select(tested.store, own), own, UNTRAINED_EPOCH)
        part = Subset(windows, range(min(training, len(windows))))
        training_logits, training_targets = run_windows(runner, part, batch, f"{stream}: training side")
    scores = ModelScores(
        model.name,
        stream,
        tag,
        windows_tag,
        runner.name,
        tuple(own.labels),
        logits,
        targets,
        tuple(tested.sources),
        tested.copied,
        training_logits,
        training_targets,
    )
    if folder is not None:
        scores.save(folder)
    return scores


def _windows_hash(tested: HeldOut, engine: str, training: int) -> str:
    """Hash of everything that decides the windows, and of the engine, but not of the place of the data."""
    recipe, store = tested.recipe, tested.store
    parts = {
        "clips": [list(map(str, column)) for column in (store.sources, store.names, store.labels)],
        "lengths": list(map(int, store.lengths)),
        "labels": recipe.labels,
        "none": recipe.none_label,
        "preparation": recipe.preparation.as_dict(),
        "windows": asdict(recipe.windows),
        "augmentation": recipe.augmentation,
        "protocol": recipe.data.protocol,
        "shortest": recipe.data.shortest,
        "sources": {name: asdict(source) for name, source in recipe.data.sources.items()},
        "drawn": {key: getattr(recipe.training, key) for key in ("seed", "views", "none_share", "samples")},
        "engine": engine,
        "training": training,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
