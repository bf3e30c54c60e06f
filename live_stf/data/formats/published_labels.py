"""Names of the actions that published arrays and pickles number from 0."""

from __future__ import annotations

from pathlib import Path

from live_stf.data.formats.ntu_labels import ACTIONS
from live_stf.data.formats.ntu_names import parse_name
from live_stf.data.reader import require
from live_stf.errors import DataError


def read_label_names(root: Path, file: str | None, source: str) -> tuple[str, ...]:
    """The lines of a text file below `root` or at an absolute path, () for None. Raises DataError if there are none."""
    if file is None:
        return ()
    path = require(root / file, source)
    try:
        names = tuple(line.strip() for line in path.read_text().splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{source}: {path} cannot be read: {error}") from error
    if not names or len(set(names)) < len(names):
        raise DataError(f"{source}: {path} is not a list of names, each on a line of its own")
    return names


def label_of(number: int, clip: str, names: tuple[str, ...]) -> str:
    """The name of action `number`: from `names` or, if these are empty, NTU RGB+D's for its clips, else "class 007".

    Raises ValueError if the list ends before it, or the clip's own name says something else.
    """
    if number < 0:
        raise ValueError(f"its label is {number}")
    if names:
        if number >= len(names):
            raise ValueError(f"its label is {number}, and the list of label names has {len(names)}")
        return names[number]
    sample = parse_name(clip)
    if sample is None:
        return f"class {number:03d}"
    if sample.action != number + 1 or number >= len(ACTIONS):
        raise ValueError(f"its label is {number}, and its name says action {sample.action}")
    return ACTIONS[number]


def subject_of(clip: str) -> str:
    """The performer if the clip has an NTU RGB+D name ("P001"), else the clip's own name."""
    sample = parse_name(clip)
    return f"P{sample.performer:03d}" if sample else clip
