"""Checkpoints of a training, checked for damage. They are read as data; code in them is never run."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

import torch

from live_stf.errors import DataError
from live_stf.training.learner import STARTED_FROM

# Keys that Lightning needs to continue exactly, and the key that the learner adds.
_NEEDED = {"state_dict", "optimizer_states", "lr_schedulers", "callbacks", "loops", "epoch", STARTED_FROM}


def steps_learned(path: Path) -> int:
    """Number of steps of the training at `path`. Raises DataError if the file is damaged or is not a checkpoint."""
    try:
        if not path.stat().st_size:
            raise DataError(f"{path} is empty")
        # torch does not check the checksums of the archive itself.
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                raise DataError(f"{path} is cut off or overwritten")
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error})") from error
    except zipfile.BadZipFile as error:
        raise DataError(f"{path} is cut off or overwritten") from error
    except DataError:
        raise
    except Exception as error:  # other content can raise nearly any exception
        raise DataError(f"{path} is not a checkpoint of a training") from error
    steps = content.get("global_step") if isinstance(content, dict) and set(content) >= _NEEDED else None
    if not isinstance(steps, int):
        raise DataError(f"{path} is not a checkpoint of a training")
    return steps


def newest_whole(paths: Iterable[Path]) -> tuple[Path | None, list[str]]:
    """The whole checkpoint with the most steps, or None, and one line on each damaged one."""
    whole: list[tuple[int, Path]] = []
    problems = []
    for path in paths:
        try:
            whole.append((steps_learned(path), path))
        except DataError as problem:
            problems.append(str(problem))
    return max(whole)[1] if whole else None, problems
