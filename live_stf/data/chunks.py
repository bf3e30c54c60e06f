"""Reading data sets in chunks, which several processes read in parallel.

A chunk is a group of items of one source. The process that reads it writes its clips as a store of its own, which is
put in place only when it is complete. A killed process therefore leaves only complete chunks behind, and no process
holds more than one clip at a time.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import shutil
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from live_stf.data.clip import Clip, Damaged
from live_stf.data.reader import READERS, open_reader
from live_stf.data.reading_code import PACKAGE, source_files
from live_stf.data.store import VERSION, write_store
from live_stf.errors import DataError, LiveStfError
from live_stf.skeleton import SKELETONS, Skeleton

ITEMS = 128  # in a chunk


@dataclass(frozen=True)
class Source:
    """A data set: its name in the recipe, the reader's name, its folder or file, and the reader's options."""

    name: str
    reader: str
    root: Path
    options: dict[str, Any]


@dataclass(frozen=True)
class Chunk:
    """Items of one source that are read together. number: position among all chunks, from 0."""

    number: int
    source: Source
    items: Sequence[Any]

    def folder(self, workplace: Path) -> Path:
        """Folder of the chunk's own store."""
        return workplace / f"{self.number:06d}"


def plan(sources: Sequence[Source]) -> list[Chunk]:
    """All items of all sources as chunks, in order. Raises DataError if a data set is missing."""
    chunks: list[Chunk] = []
    for source in sources:
        items = open_reader(source.reader).items(source.root, **source.options)
        for start in range(0, len(items), ITEMS):
            chunks.append(Chunk(len(chunks), source, items[start : start + ITEMS]))
    return chunks


def fingerprint(chunks: Sequence[Chunk], skeleton: Skeleton, package: Path = PACKAGE) -> str:
    """A hash that is equal for two preparations only if one can continue the other.

    It covers the items, the options, and the code that reads them: the readers in use and this module with everything
    that they import from live_stf. package: folder of live_stf.
    """
    digest = hashlib.sha256(f"{VERSION} {skeleton.name}".encode())
    readers = {f"{READERS}.{chunk.source.reader}" for chunk in chunks}
    for file in source_files({*readers, __name__}, package):
        digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    for chunk in chunks:
        digest.update(repr((chunk.source, len(chunk.items))).encode())
        for item in chunk.items:
            digest.update(repr(item).encode())
    return digest.hexdigest()


def _read(chunk: Chunk) -> Iterator[Clip | Damaged]:
    """The clips of a chunk, under the name that the recipe gives their source."""
    source = chunk.source
    reader = open_reader(source.reader)
    for item in chunk.items:
        try:
            for clip in reader.read_item(item, **source.options):
                yield replace(clip, source=source.name)
        except (LiveStfError, MemoryError):
            raise
        except Exception as problem:  # a file that surprises its reader must not stop the reading of the others
            name = item.name if isinstance(item, Path) else str(item)
            yield Damaged(source.name, name, f"{type(problem).__name__}: {' '.join(str(problem).split())}")


def read_chunk(chunk: Chunk, workplace: Path, skeleton: str) -> None:
    """Write the chunk's clips as a store in its folder. Raises DataError if a clip has another skeleton."""
    folder = chunk.folder(workplace)
    try:
        write_store(_read(chunk), folder, SKELETONS[skeleton])
    except ValueError as problem:
        raise DataError(f"{chunk.source.name}: {problem}") from problem


def read_chunks(chunks: Sequence[Chunk], workplace: Path, skeleton: Skeleton, workers: int) -> Iterator[Chunk]:
    """Read chunks with `workers` processes, or in this one for 1; yields each, in order, when its folder is complete.

    Chunks whose folders exist are not read again. Raises DataError if a data set or the disk fails.
    """
    for unfinished in workplace.glob(".*"):  # chunks that were being written when a process was killed
        shutil.rmtree(unfinished, ignore_errors=True)
    workers = min(workers, len(chunks))
    if workers <= 1:
        for chunk in chunks:
            if not chunk.folder(workplace).exists():
                read_chunk(chunk, workplace, skeleton.name)
            yield chunk
        return
    with _pool(workers) as pool:
        # Two chunks per process ahead keep all processes busy and little on the disk.
        ahead: deque[tuple[Chunk, Future | None]] = deque()
        waiting = iter(chunks)
        while True:
            for chunk in islice(waiting, 2 * workers - len(ahead)):
                exists = chunk.folder(workplace).exists()
                with interrupts_held_back():  # submitting may start a process
                    reading = None if exists else pool.submit(read_chunk, chunk, workplace, skeleton.name)
                ahead.append((chunk, reading))
            if not ahead:
                return
            chunk, reading = ahead.popleft()
            if reading is not None:
                try:
                    reading.result()
                except BrokenProcessPool as problem:
                    raise DataError(
                        "a reading process was killed, perhaps because memory ran out; the same command continues, "
                        "and needs less memory with fewer --workers"
                    ) from problem
            yield chunk


@contextlib.contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of processes that end with this one, however it ends."""
    others = set(multiprocessing.active_children())
    # Spawned, not forked: threads do not survive a fork, and a training process has those of torch.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_start_worker)
    try:
        yield pool
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


@contextlib.contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Start processes that ignore Ctrl-C, which a terminal sends to all of them; this process gets it afterwards.

    While a new process still imports, before `_start_worker`, Ctrl-C would end it with a traceback. This process ends
    them instead. Child processes inherit the set of blocked signals; blocking is not enough for this process, where
    another thread may receive the signal.
    """
    if not hasattr(signal, "pthread_sigmask") or threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[bool] = []
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    handler = signal.signal(signal.SIGINT, lambda *_: received.append(True))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)  # a blocked signal arrives now
        signal.signal(signal.SIGINT, handler)
    if received:
        signal.raise_signal(signal.SIGINT)


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
