"""Reading whole data sets in tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from live_stf.data.clip import Clip, Damaged
from live_stf.data.reader import open_reader


def read_source(name: str, root: Path, **options: Any) -> Iterator[Clip | Damaged]:
    """All clips of a data set, read one after the other in this process."""
    reader = open_reader(name)
    for item in reader.items(root, **options):
        yield from reader.read_item(item, **options)
