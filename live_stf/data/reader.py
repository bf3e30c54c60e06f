"""Shared by all readers: their interface, finding files, and deciding which joints are present."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from live_stf.data.clip import Clip, Damaged
from live_stf.errors import DataError

READERS = "live_stf.data.readers"  # the package of the readers, a module each


class Reader(Protocol):
    """The two functions of a module of live_stf.data.readers. Several processes share the reading of its items."""

    def items(self, root: Path, **options: Any) -> Sequence[Any]:
        """All items below `root`, in a fixed order, without reading any data.

        An item is small, can be pickled, and holds everything that `read_item` needs apart from the options: a path,
        or a tuple of a path, a label and the like. Its repr identifies it. Raises DataError if the data set is missing.
        """

    def read_item(self, item: Any, **options: Any) -> Iterable[Clip | Damaged]:
        """The clips of one item. A file that cannot be used gives a Damaged, not an exception."""


class _WholeFolder:
    """A reader with a function `read(root, **options)` only: the folder is its one item."""

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
        raise DataError(f"reader {name!r} is not known; choose one of {', '.join(reader_names())}")
    module: Any = importlib.import_module(f"{READERS}.{name}")
    return module if hasattr(module, "items") else _WholeFolder(module.read)


def check_options(name: str, options: dict[str, Any]) -> None:
    """Check the options of a reader. Raises DataError if it does not take them, or needs others."""
    try:
        inspect.signature(open_reader(name).read_item).bind(None, **options)
    except TypeError as problem:
        raise DataError(f"reader {name}: options {options} do not fit: {problem}") from problem


def require(path: Path, source: str) -> Path:
    """`path`, a folder or file of the data set `source`. Raises DataError if it does not exist."""
    if not path.exists():
        raise DataError(f"{source}: {path} is not there; name the folder that holds the data set")
    return path


def only_file(path: Path, suffix: str, source: str) -> Path:
    """`path` itself, or the only file with that suffix in a folder. Raises DataError if there is none or several."""
    if not require(path, source).is_dir():
        return path
    files = sorted(path.glob(f"*{suffix}"))
    if len(files) != 1:
        names = f"has {', '.join(file.name for file in files)}" if files else f"has no {suffix} file"
        raise DataError(f"{source}: {path} {names}; name the file to read")
    return files[0]


def present(coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (T, S, D), zero for absent joints, and scores (T, S), 1 or 0, from coordinates (T, S, D).

    A joint is absent if one of its coordinates is not finite, or if all are exactly zero.
    """
    seen = np.isfinite(coordinates).all(axis=-1) & (coordinates != 0).any(axis=-1)
    return np.where(seen[..., None], coordinates, 0.0), seen.astype(np.float32)


def trim(coordinates: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (T, S, D) and scores (T, S) without the frames at both ends in which no joint is present."""
    seen = np.flatnonzero((scores > 0).any(axis=1))
    kept = slice(seen[0], seen[-1] + 1) if len(seen) else slice(0, 0)
    return coordinates[kept], scores[kept]
