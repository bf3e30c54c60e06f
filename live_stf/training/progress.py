"""What lies in the output folder of a training while it runs, and whether a training may go on from it."""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from omegaconf import OmegaConf

from live_stf.errors import DataError, one_line
from live_stf.recipe import Recipe

# What may differ between the start of a training and its continuation: where things lie, and how fast it goes.
_FREE = {"output", "data.root", "data.store", "training.threads", "training.workers", "training.validate_every"}


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

    @property
    def last(self) -> Path | None:
        """The newest checkpoint, None when nothing was learned yet."""
        path = self.checkpoints / "last.ckpt"
        return path if path.is_file() else None

    def newest_whole(self) -> Path | None:
        """The newest checkpoint that can be read: `last`, or the one before it where that is damaged.

        DataError when there are some and none is whole.
        """
        found = sorted(self.checkpoints.glob("*.ckpt"), key=lambda file: file.stat().st_mtime, reverse=True)
        found.sort(key=lambda file: file != self.last)
        reason = ""
        for file in found:
            try:
                torch.load(file, map_location="cpu", weights_only=True, mmap=True)
            except (RuntimeError, EOFError, OSError, UnpicklingError, KeyError) as problem:
                reason = reason or f"{file} is damaged ({one_line(problem, 100)})"
            else:
                return file
        if found:
            raise DataError(f"{reason}: remove {self.checkpoints} to begin the training again")
        return None

    def begin(self, recipe: Recipe) -> None:
        """Keep the recipe beside the checkpoints.

        DataError when the checkpoints that are there already are of a training by another recipe, or the folder
        cannot be written.
        """
        file = self.folder / "recipe.yaml"
        now = OmegaConf.structured(recipe)
        if self.last is not None and file.is_file():
            before = OmegaConf.to_container(OmegaConf.load(file))
            different = sorted(_differences(before, OmegaConf.to_container(now)) - _FREE)
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


def _differences(one: Any, other: Any, prefix: str = "") -> set[str]:
    """Dotted names of the values that are not alike."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return set() if one == other else {prefix}
    names = {*one, *other}
    return set().union(
        *(_differences(one.get(name), other.get(name), f"{prefix}.{name}" if prefix else str(name)) for name in names)
    )
