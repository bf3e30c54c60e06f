"""The array store: the clips of all sources in memory-mapped arrays, with an index and a report.

A store is a folder with four files. coordinates.npy (sum of M * T, V, 3) and scores.npy (sum of M * T, V), both
float32, hold the clips one after the other, and within a clip one body after the other. index.json has the version, the
skeleton and a column for each field of a clip. report.json lists what could not be used. A store is written into a
temporary folder beside its place and renamed when complete, so a store in its place is always complete.
"""

from __future__ import annotations

import math
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import orjson

from live_stf.data.clip import Clip, Damaged
from live_stf.errors import DataError
from live_stf.skeleton import OPENPOSE_18, SKELETONS, Skeleton

VERSION = 2

COORDINATES, SCORES, _INDEX, REPORT = "coordinates.npy", "scores.npy", "index.json", "report.json"
COLUMNS = ("offset", "length", "bodies", "rate", "dimensions", "source", "name", "subject", "label", "subset")


@dataclass(frozen=True)
class StoreReport:
    """Contents of a store: numbers of clips and frames, clips by source, and what could not be used."""

    clips: int
    frames: int
    sources: dict[str, int]
    damaged: tuple[Damaged, ...]

    @property
    def damaged_by_source(self) -> dict[str, int]:
        return dict(Counter(item.source for item in self.damaged))


class GrowingArray:
    """A float32 .npy file whose first axis grows while it is written.

    rows: number of rows of an existing file to keep. NumPy pads the header of a .npy file, so that the first axis can
    grow to any number of digits in place.
    """

    def __init__(self, path: Path, row: tuple[int, ...], rows: int = 0) -> None:
        self._row = row
        self._rows = rows
        self._file: BinaryIO = path.open("r+b" if rows else "wb")
        self._write_header()
        self._start = self._file.tell()
        if rows:
            end = self._start + rows * math.prod(row) * np.dtype("<f4").itemsize
            if self._file.seek(0, os.SEEK_END) < end:
                self._file.close()
                raise DataError(f"{path} has lost some of its rows; remove {path.parent} and start over")
            self._file.truncate(end)
            self._file.seek(end)

    def __len__(self) -> int:
        return self._rows

    def _write_header(self) -> None:
        header = {"descr": "<f4", "fortran_order": False, "shape": (self._rows, *self._row)}
        np.lib.format.write_array_header_1_0(self._file, header)

    def append(self, values: np.ndarray) -> None:
        """Append rows; all axes before those of a row are flattened into one."""
        self._file.write(np.ascontiguousarray(values, dtype="<f4").data)
        self._rows += values.size // math.prod(self._row)

    def sync(self) -> None:
        """Flush all rows to the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Write the final number of rows into the header and close the file."""
        self._file.seek(0)
        self._write_header()
        if self._file.tell() != self._start:
            raise RuntimeError("the .npy header changed its length")
        self._file.close()


def _reason_against(clip: Clip, skeleton: Skeleton) -> str | None:
    """The reason why a clip cannot be stored; None if it can."""
    if clip.skeleton != skeleton:
        raise ValueError(f"{clip.source}/{clip.name} is {clip.skeleton.name}, the store holds {skeleton.name}")
    if not clip.scores.size:
        return "no frames"
    if not (np.isfinite(clip.coordinates).all() and np.isfinite(clip.scores).all()):
        return "coordinates or scores are not finite"
    return None


def _fill(clips: Iterable[Clip | Damaged], folder: Path, skeleton: Skeleton) -> StoreReport:
    joints = len(skeleton)
    coordinates = GrowingArray(folder / COORDINATES, (joints, 3))
    scores = GrowingArray(folder / SCORES, (joints,))
    columns: dict[str, list] = {name: [] for name in COLUMNS}
    damaged: list[Damaged] = []
    offset = 0
    try:
        for clip in clips:
            if isinstance(clip, Damaged):
                damaged.append(clip)
                continue
            reason = _reason_against(clip, skeleton)
            if reason is not None:
                damaged.append(Damaged(clip.source, clip.name, reason))
                continue
            coordinates.append(clip.coordinates)
            scores.append(clip.scores)
            for column in COLUMNS[2:]:
                columns[column].append(getattr(clip, column))
            columns["offset"].append(offset)
            columns["length"].append(clip.frames)
            offset += clip.bodies * clip.frames
    finally:
        coordinates.close()
        scores.close()
    return finish(folder, skeleton, columns, damaged)


def finish(folder: Path, skeleton: Skeleton, columns: dict[str, list], damaged: list[Damaged]) -> StoreReport:
    """Write the index and the report beside the arrays of a store."""
    clips_by_source = dict(Counter(columns["source"]))
    report = StoreReport(len(columns["offset"]), sum(columns["length"]), clips_by_source, tuple(damaged))
    (folder / REPORT).write_bytes(
        orjson.dumps(
            {
                "clips": report.clips,
                "frames": report.frames,
                "sources": report.sources,
                "damaged": len(damaged),
                "damaged_by_source": report.damaged_by_source,
                "damaged_files": [{"source": d.source, "name": d.name, "reason": d.reason} for d in damaged],
            },
            option=orjson.OPT_INDENT_2,
        )
    )
    (folder / _INDEX).write_bytes(orjson.dumps({"version": VERSION, "skeleton": skeleton.name, "clips": columns}))
    return report


def refuse_others(folder: Path) -> None:
    """Raises DataError if `folder` exists and is not a store: it must not be replaced by one."""
    if folder.exists() and not (folder / _INDEX).is_file():
        raise DataError(f"{folder} exists and is not an array store; name another folder or remove it")


def write_store(clips: Iterable[Clip | Damaged], folder: Path | str, skeleton: Skeleton = OPENPOSE_18) -> StoreReport:
    """Write clips into a new store at `folder`, one clip in memory at a time, and put it in place when it is complete.

    An existing store is replaced. Raises DataError if `folder` is something other than a store or the disk cannot be
    written, and ValueError if a clip has another skeleton.
    """
    folder = Path(folder)
    refuse_others(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        workplace = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise DataError(f"cannot write an array store at {folder}: {error}") from error
    try:
        made = workplace / "new"
        made.mkdir()
        report = _fill(clips, made, skeleton)
        if folder.exists():
            folder.rename(workplace / "old")
        made.rename(folder)
    except OSError as error:
        raise DataError(f"cannot write an array store at {folder}: {error}") from error
    finally:
        shutil.rmtree(workplace, ignore_errors=True)
    return report


def read_index(folder: Path) -> tuple[Skeleton, dict[str, list]]:
    """The skeleton and the columns of a store. Raises DataError if it is incomplete or of another version."""
    broken = f"{folder} is not a complete array store, prepare it again: {_INDEX}"
    try:
        index = orjson.loads((folder / _INDEX).read_bytes())
    except OSError as error:
        raise DataError(f"{broken} cannot be read") from error
    except orjson.JSONDecodeError as error:
        raise DataError(f"{broken} is damaged") from error
    version = index.get("version") if isinstance(index, dict) else None
    if version != VERSION:
        raise DataError(f"{folder} is an array store of version {version}, not {VERSION}: prepare it again")
    columns = index.get("clips")
    if not isinstance(columns, dict) or index.get("skeleton") not in SKELETONS:
        raise DataError(f"{broken} is damaged")
    lists = [column for name in COLUMNS if isinstance(column := columns.get(name), list)]
    if len(lists) < len(COLUMNS) or len({len(column) for column in lists}) != 1:
        raise DataError(f"{broken} is damaged")
    return SKELETONS[index["skeleton"]], columns


def read_damaged(folder: Path) -> list[Damaged]:
    """The files that could not be used when the store was written."""
    return [Damaged(**item) for item in orjson.loads((folder / REPORT).read_bytes())["damaged_files"]]


class Store:
    """The clips of a store as a sequence, read through memory maps.

    Attributes:
        skeleton: layout of the joints.
        offsets, lengths, bodies, rates, dimensions, sources, names, subjects, labels, subsets: (clips,) arrays with the
            fields of each clip (`Clip`); an offset is the clip's first row in the arrays below, a length is its T.
        coordinates: (sum of M * T, V, 3) float32, the frames of all clips, those of one body together.
        scores: (sum of M * T, V) float32.

    Raises DataError if the folder is not a complete store of this version.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.skeleton, columns = read_index(self.folder)
        self.offsets = np.array(columns["offset"], dtype=np.int64)
        self.lengths = np.array(columns["length"], dtype=np.int64)
        self.bodies = np.array(columns["bodies"], dtype=np.int64)
        self.rates = np.array(columns["rate"], dtype=np.float64)
        self.dimensions = np.array(columns["dimensions"], dtype=np.int64)
        self.sources = np.array(columns["source"], dtype=np.str_)
        self.names = np.array(columns["name"], dtype=np.str_)
        self.subjects = np.array(columns["subject"], dtype=np.str_)
        self.labels = np.array(columns["label"], dtype=np.str_)
        self.subsets = np.array(columns["subset"], dtype=np.str_)
        rows = int((self.lengths * self.bodies).sum())
        self.coordinates = self._map(COORDINATES, (rows, len(self.skeleton), 3))
        self.scores = self._map(SCORES, (rows, len(self.skeleton)))

    def _map(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        broken = f"{self.folder} is not a complete array store, prepare it again: {name}"
        try:
            # An array without rows cannot be mapped.
            array = np.load(self.folder / name, mmap_mode="r" if shape[0] else None, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise DataError(f"{broken} cannot be read") from error
        if array.shape != shape or array.dtype != np.float32:
            raise DataError(f"{broken} does not fit the index")
        return array

    def __reduce__(self) -> tuple:
        # A worker process maps the files again; pickling the arrays would copy them.
        return Store, (self.folder,)

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[Clip]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Clip:
        """Clip `index`; its arrays are read-only views into the maps. IndexError outside the store."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"clip {index} of a store of {len(self)}")
        start, bodies, frames = (int(column[index]) for column in (self.offsets, self.bodies, self.lengths))
        rows = slice(start, start + bodies * frames)
        return Clip(
            source=str(self.sources[index]),
            name=str(self.names[index]),
            subject=str(self.subjects[index]),
            label=str(self.labels[index]),
            rate=float(self.rates[index]),
            dimensions=int(self.dimensions[index]),
            coordinates=self.coordinates[rows].reshape(bodies, frames, len(self.skeleton), 3),
            scores=self.scores[rows].reshape(bodies, frames, len(self.skeleton)),
            skeleton=self.skeleton,
            subset=str(self.subsets[index]),
        )
