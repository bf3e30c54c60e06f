"""The output folder of a training, and the check whether a training may continue from it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from live_stf.errors import DataError
from live_stf.training.checkpoint import newest_whole
from live_stf.training.recipe import Recipe, recipe_schema

# Settings that may differ when a training is continued: folders, speed, and the use of the final weights.
_FREE = {
    "output",
    "data.root",
    "data.store",
    "training.threads",
    "training.workers",
    "training.validate_every",
    "training.start_share",
}


@dataclass(frozen=True)
class Checkpoint:
    """A whole checkpoint to continue from. problem: why it is not last.ckpt; empty if it is."""

    path: Path
    problem: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}" if self.problem else str(self.path)


class Progress:
    """The folder OUTPUT: recipe.yaml, checkpoints/last.ckpt, log/ and, at the end, model/."""

    def __init__(self, output: Path | str) -> None:
        self.folder = Path(output)

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.folder / "checkpoints"

    @property
    def model(self) -> Path:
        """Folder of the model."""
        return self.folder / "model"

    def last(self) -> Checkpoint | None:
        """The checkpoint to continue from; None if nothing has been learned yet.

        If last.ckpt is damaged or missing, it is the newest other one that is whole. Raises DataError if there are
        checkpoints but none of them is whole.
        """
        last, others = self.checkpoints / "last.ckpt", self._kept()
        if not others:
            return None
        problem = f"{last} is missing"
        if last in others:
            others.remove(last)
            path, problems = newest_whole([last])
            if path is not None:
                return Checkpoint(path)
            (problem,) = problems
        path, _ = newest_whole(others)
        if path is None:
            raise DataError(
                f"{problem}, and no other checkpoint beside it is whole: put a copy back if there is one, or remove "
                f"{self.checkpoints} to start again"
            )
        return Checkpoint(path, problem)

    def _kept(self) -> list[Path]:
        return sorted(path for path in self.checkpoints.glob("*.ckpt") if path.is_file())

    def begin(self, recipe: Recipe) -> None:
        """Write the recipe beside the checkpoints.

        Raises DataError if the folder has checkpoints of a training by another recipe, or cannot be written to.
        """
        file = self.folder / "recipe.yaml"
        now = OmegaConf.structured(recipe)
        if self._kept() and file.is_file():
            different = sorted(_differences(_kept_recipe(file), OmegaConf.to_container(now)) - _FREE)
            if different:
                raise DataError(
                    f"{self.folder} holds a training in which {', '.join(different)} was different: "
                    "name another output, or remove that folder"
                )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            OmegaConf.save(now, file)
        except OSError as error:
            raise DataError(f"cannot write into {self.folder}: {error}") from error


def _kept_recipe(file: Path) -> Any:
    """The recipe in the file. Options that are newer than the file have their defaults."""
    kept = OmegaConf.load(file)
    with suppress(OmegaConfBaseException):  # an option of the file no longer exists; it counts as a difference
        kept = OmegaConf.merge(recipe_schema(), kept)
    return OmegaConf.to_container(kept)


def _differences(one: Any, other: Any, prefix: str = "") -> set[str]:
    """Dotted names of the values that differ."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return set() if one == other else {prefix}
    names = {*one, *other}
    return set().union(
        *(_differences(one.get(name), other.get(name), f"{prefix}.{name}" if prefix else str(name)) for name in names)
    )
