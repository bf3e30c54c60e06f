"""A store that grows chunk by chunk and survives the end of its process at any point."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import orjson

from live_stf.data.clip import Damaged
from live_stf.data.store import (
    COLUMNS,
    COORDINATES,
    SCORES,
    GrowingArray,
    Store,
    StoreReport,
    finish,
    read_damaged,
    read_index,
)
from live_stf.skeleton import Skeleton

_JOURNAL, _STORE, _REPLACED = "journal.jsonl", "store", "replaced"


class GrowingStore:
    """The store in WORKPLACE/store, and WORKPLACE/journal.jsonl: a line for each chunk that the store holds.

    A chunk's rows are on the disk before its line is written. A killed process may leave rows without a line, or an
    incomplete line; they are dropped when the store is opened again.
    """

    def __init__(self, workplace: Path, skeleton: Skeleton) -> None:
        self.workplace, self.skeleton = workplace, skeleton
        (workplace / _STORE).mkdir(exist_ok=True)
        rows, length, self.chunks = 0, 0, 0
        journal = workplace / _JOURNAL
        journal.touch()
        for line, entry in _whole_lines(journal):
            rows, length, self.chunks = entry["rows"], length + len(line), self.chunks + 1
        self._journal = journal.open("r+b")
        self._journal.truncate(length)
        self._journal.seek(length)
        joints = len(skeleton)
        self._coordinates = GrowingArray(workplace / _STORE / COORDINATES, (joints, 3), rows)
        self._scores = GrowingArray(workplace / _STORE / SCORES, (joints,), rows)

    def append(self, folder: Path) -> None:
        """Append the clips of a chunk's store, and remove its folder."""
        chunk = Store(folder)
        _, columns = read_index(folder)
        columns["offset"] = [offset + len(self._scores) for offset in columns["offset"]]
        self._coordinates.append(chunk.coordinates)
        self._scores.append(chunk.scores)
        self._coordinates.sync()
        self._scores.sync()
        damaged = [[item.source, item.name, item.reason] for item in read_damaged(folder)]
        entry = {"rows": len(self._scores), "columns": [columns[name] for name in COLUMNS], "damaged": damaged}
        self._journal.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))
        self._journal.flush()
        self.chunks += 1
        shutil.rmtree(folder)

    def finish(self, folder: Path) -> StoreReport:
        """Move the store to `folder`, where it replaces an existing one, and return its report."""
        self.close()
        columns: dict[str, list] = {name: [] for name in COLUMNS}
        damaged: list[Damaged] = []
        for _, entry in _whole_lines(self.workplace / _JOURNAL):
            for name, values in zip(COLUMNS, entry["columns"], strict=True):
                columns[name].extend(values)
            damaged.extend(Damaged(*item) for item in entry["damaged"])
        report = finish(self.workplace / _STORE, self.skeleton, columns, damaged)
        if folder.exists():
            folder.rename(self.workplace / _REPLACED)
        (self.workplace / _STORE).rename(folder)
        return report

    def close(self) -> None:
        """Close the files; a second call does nothing."""
        if not self._journal.closed:
            self._journal.close()
            self._coordinates.close()
            self._scores.close()


def _whole_lines(journal: Path) -> Iterator[tuple[bytes, dict]]:
    with journal.open("rb") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                return
            yield line, orjson.loads(line)
