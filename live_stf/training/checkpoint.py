"""The checkpoints that a training left: which of them are whole. They are read as data, nothing in them is run."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

import torch

from live_stf.errors import DataError
from live_stf.training.learner import BEGUN

# What Lightning needs of a checkpoint to go on as if nothing had happened, and what the learner keeps in it.
_NEEDED = {"state_dict", "optimizer_states", "lr_schedulers", "callbacks", "loops", "epoch", BEGUN}


def steps_learned(path: Path) -> int:
    """Steps that the training at `path` had made. DataError when the file is damaged or no checkpoint of a training."""
    try:
        if not path.stat().st_size:
            raise DataError(f"{path} is empty")
        # torch itself does not look at the checksums of what it reads.
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
    except Exception as error:  # what is no state of a network can end in nearly any of them
        raise DataError(f"{path} is no checkpoint of a training") from error
    steps = content.get("global_step") if isinstance(content, dict) and set(content) >= _NEEDED else None
    if not isinstance(steps, int):
        raise DataError(f"{path} is no checkpoint of a training")
    return steps


def newest_whole(paths: Iterable[Path]) -> tuple[Path | None, list[str]]:
    """The checkpoint that had learned longest of those that are whole, None without any; and a line on every other."""
    whole: list[tuple[int, Path]] = []
    problems = []
    for path in paths:
        try:
            whole.append((steps_learned(path), path))
        except DataError as problem:
            problems.append(str(problem))
    return max(whole)[1] if whole else None, problems
