"""What the readers of all sources share: their two steps, finding files, and what counts as a present joint."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from live_stf.data.clip import Clip, Damaged
from live_stf.errors import DataError

READERS = "live_stf.data.readers"  # the package of the readers, a module each


class Reader(Protocol):
    """What a module of live_stf.data.readers reads a data set offers, so that several processes can share the reading.

    items: what there is to read, in an order that does not change; no data is read for it. An item is small, can be
    pickled, and brings along what `read_item` needs beside the options: a path, or a tuple of a path, a label and the
    like. Its repr says what it is. DataError when the data set is not there.
    read_item: the clips of one item. What cannot be used is a Damaged, not an exception.
    """

    def items(self, root: Path, **options: Any) -> Sequence[Any]: ...

    def read_item(self, item: Any, **options: Any) -> Iterable[Clip | Damaged]: ...


class _WholeFolder:
    """A reader that has nothing but `read(root, **options)`: the folder is its one item."""

    def __init__(self, read: Callable[..., Iterable[Clip | Damaged]]) -> None:
        self.read_item = read

    def items(self, root: Path, **_: Any) -> Sequence[Path]:
        return [root]


def reader_names() -> list[str]:
    """The names of all readers, sorted: the modules of live_stf.data.readers."""
    return sorted(module.name for module in pkgutil.iter_modules(importlib.import_module(READERS).__path__))


def open_reader(name: str) -> Reader:
    """The reader live_stf.data.readers.NAME. Raises DataError if there is none."""
    if name not in reader_names():
        raise DataError(f"reader {name!r} is not known, it can be one of {', '.join(reader_names())}")
    module: Any = importlib.import_module(f"{READERS}.{name}")
    return module if hasattr(module, "items") else _WholeFolder(module.read)


def check_options(name: str, options: dict[str, Any]) -> None:
    """DataError when a reader does not take these options, or lacks one that it needs."""
    try:
        inspect.signature(open_reader(name).read_item).bind(None, **options)
    except TypeError as problem:
        raise DataError(f"reader {name}: options {options} do not fit: {problem}") from problem


def read_source(name: str, root: Path, **options: Any) -> Iterator[Clip | Damaged]:
    """Every clip of a data set, one after the other in this process."""
    reader = open_reader(name)
    for item in reader.items(root, **options):
        yield from reader.read_item(item, **options)


def require(path: Path, source: str) -> Path:
    """`path`, a folder or file of the data set `source`; DataError where there is none."""
    if not path.exists():
        raise DataError(f"{source}: {path} is not there; name the folder that holds the data set")
    return path


def only_file(path: Path, suffix: str, source: str) -> Path:
    """`path` itself, or the one file with that suffix in a folder; DataError where there is none, or several."""
    if not require(path, source).is_dir():
        return path
    files = sorted(path.glob(f"*{suffix}"))
    if len(files) != 1:
        names = f"has {', '.join(file.name for file in files)}" if files else f"has no {suffix} file"
        raise DataError(f"{source}: {path} {names}; name the file that is to be read")
    return files[0]


def present(coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, S, D) coordinates -> (the same with zeros for what is absent, (T, S) scores 1 or 0).

    A joint is absent where a coordinate is not finite or where all are exactly zero.
    """
    seen = np.isfinite(coordinates).all(axis=-1) & (coordinates != 0).any(axis=-1)
    return np.where(seen[..., None], coordinates, 0.0), seen.astype(np.float32)


def trim(coordinates: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Motion without the frames at its start and end in which no joint is present; those between stay."""
    seen = np.flatnonzero((scores > 0).any(axis=1))
    kept = slice(seen[0], seen[-1] + 1) if len(seen) else slice(0, 0)
    return coordinates[kept], scores[kept]
