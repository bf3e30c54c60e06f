"""What lies in the output folder of a training while it runs, and whether a training may go on from it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from live_stf.errors import DataError
from live_stf.training.checkpoint import newest_whole
from live_stf.training.recipe import Recipe

# What may differ between the start of a training and its continuation: where things lie, how fast it goes, and what is
# made of the weights afterwards.
_FREE = {
    "output",
    "data.root",
    "data.store",
    "training.threads",
    "training.workers",
    "training.validate_every",
    "training.start_share",
}


class Progress:
    """The folder OUTPUT: recipe.yaml, checkpoints/last.ckpt, log/ and, at the end, model/."""

    def __init__(self, output: Path | str) -> None:
        self.folder = Path(output)

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def model(self) -> Path:
        return self.folder / "model"

    def last(self) -> tuple[Path | None, str]:
        """The checkpoint to go on from, None when nothing was learned yet; and why it is not last.ckpt, "" where it is.

        Where last.ckpt is damaged or gone it is the newest other that is whole. DataError when there are checkpoints
        and none of them is whole.
        """
        last, others = self.checkpoints / "last.ckpt", self._kept()
        if not others:
            return None, ""
        problem = f"{last} is not there"
        if last in others:
            others.remove(last)
            path, problems = newest_whole([last])
            if path is not None:
                return path, ""
            (problem,) = problems
        path, _ = newest_whole(others)
        if path is None:
            raise DataError(
                f"{problem}, and no other checkpoint beside it is whole: put a copy back if there is one, or remove "
                f"{self.checkpoints} to begin again"
            )
        return path, problem

    def _kept(self) -> list[Path]:
        return sorted(path for path in self.checkpoints.glob("*.ckpt") if path.is_file())

    def begin(self, recipe: Recipe) -> None:
        """Keep the recipe beside the checkpoints.

        DataError when the checkpoints that are there already are of a training by another recipe, or the folder
        cannot be written.
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
    """What the file says; options that came up after it was written are at their defaults, as they were for it."""
    kept = OmegaConf.load(file)
    with suppress(OmegaConfBaseException):  # of an option that there is no more, which is among the differences then
        kept = OmegaConf.merge(OmegaConf.structured(Recipe), kept)
    return OmegaConf.to_container(kept)


def _differences(one: Any, other: Any, prefix: str = "") -> set[str]:
    """Dotted names of the values that are not alike."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return set() if one == other else {prefix}
    names = {*one, *other}
    return set().union(
        *(_differences(one.get(name), other.get(name), f"{prefix}.{name}" if prefix else str(name)) for name in names)
    )
