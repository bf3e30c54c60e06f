"""The data settings of a recipe: its data sets, their folders, and the labels and subjects that it uses."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from live_stf.errors import DataError

ROOT_VARIABLE = "LIVE_STF_DATA"  # environment variable with the folder of the data sets


@dataclass(kw_only=True)
class SourceSettings:
    """One data set of a recipe.

    Attributes:
        reader: name of a module of live_stf.data.readers.
        options: keyword arguments of the reader.
        folder: folder or file below `data.root`.
        terms: licence, as its owner states it.
        held_out: subjects that are never trained on.
        held_out_every: n, for a data set that names no people: every n-th of its subjects is held out.
        labels: the data set's own label -> class. If it is empty and `rest` is None, the labels are the classes.
        left_out: labels that are not used.
        rest: class of all other labels; None leaves them out.
        weight: how often the data set is drawn, relative to others of the same class.
        filmed: the joints were found in images of people, by a pose estimator or by hand. Reports separate these from
            motion that is seen through virtual cameras.

    Raises DataError if a number is out of its range.
    """

    reader: str
    options: dict[str, Any] = field(default_factory=dict)
    folder: str
    terms: str
    held_out: list[str] = field(default_factory=list)
    held_out_every: int | None = None
    labels: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    rest: str | None = None
    weight: float = 1.0
    filmed: bool = False

    def __post_init__(self) -> None:
        if self.held_out_every is not None and self.held_out_every < 1:
            raise DataError(f"held_out_every of a source is {self.held_out_every}; it must be 1 or more")
        if not 0 < self.weight < math.inf:
            raise DataError(f"weight of a source is {self.weight}; it must be above 0")


@dataclass(kw_only=True)
class DataSettings:
    """The data of a recipe.

    Attributes:
        root: folder of the data sets; None takes it from the environment variable LIVE_STF_DATA.
        store: folder of the array store that holds their clips.
        protocol: name of a published split in live_stf.data.protocols. It decides which clips are tested on, in place
            of the sources' `held_out`.
        shortest: clips shorter than this many seconds are not used: they show a pose, not an action.
        sources: the data sets. Their names are free; several may have the same reader.

    Raises DataError if `shortest` is negative.
    """

    root: str | None = None
    store: str
    protocol: str | None = None
    shortest: float = 0.0
    sources: dict[str, SourceSettings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.shortest < math.inf:
            raise DataError(f"data.shortest is {self.shortest}; it must be 0 seconds or more")

    def root_folder(self) -> Path:
        """The folder of the data sets. Raises DataError if neither `root` nor the environment names one."""
        root = self.root or os.environ.get(ROOT_VARIABLE)
        if not root:
            raise DataError(
                f"data.root is not set: give data.root=DIR or set {ROOT_VARIABLE} to the folder of the data sets; "
                "docs/data.md describes its content"
            )
        return Path(root)
