"""Read data sets into one array store, with all cores, and continue after an interruption.

While a store is prepared, a folder NAME.partial beside it holds the chunks that have been read, the store so far, and
its journal. Neither the number of processes nor an interruption changes a byte of the result.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from live_stf.data.chunks import Source, fingerprint, plan, read_chunks
from live_stf.data.growing_store import GrowingStore
from live_stf.data.reader import check_options
from live_stf.data.sources import DataSettings
from live_stf.data.store import REPORT, Store, StoreReport, refuse_others
from live_stf.errors import DataError
from live_stf.runtime.machine import cores
from live_stf.skeleton import Skeleton

_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
    TimeRemainingColumn(),
)
_LOCK, _FINGERPRINT, _CHUNKS = "lock", "fingerprint", "chunks"


def prepare(
    settings: DataSettings, skeleton: Skeleton, workers: int | None = None, console: Console | None = None
) -> StoreReport | None:
    """Read all sources into the array store `settings.store` and report what could not be used.

    Args:
        settings: the data sets and the folder of the store.
        skeleton: the layout of the store's joints; every reader has to deliver it.
        workers: number of processes that read (default: the number of cores).
        console: where progress is shown (default: stderr).

    Returns None if the store is complete already, perhaps because another process has prepared it meanwhile. If the
    run is interrupted, the next one continues with the clips that were read. Raises DataError if a data set is
    missing, if options do not fit their reader, or if the disk cannot be written.
    """
    console = console or Console(stderr=True)
    folder = Path(settings.store)
    sources = _sources(settings)
    refuse_others(folder)
    workplace = folder.with_name(f"{folder.name}.partial")
    try:
        with _alone(workplace, console):
            if _is_complete(folder):
                shutil.rmtree(workplace, ignore_errors=True)
                return None
            return _prepare(sources, folder, workplace, skeleton, workers or cores(), console)
    except OSError as problem:
        raise DataError(f"cannot write an array store at {folder}: {problem}") from problem


def _sources(settings: DataSettings) -> list[Source]:
    root = settings.root_folder()
    sources = [
        Source(name, source.reader, root / source.folder, dict(source.options))
        for name, source in settings.sources.items()
    ]
    for source in sources:
        check_options(source.reader, source.options)
    return sources


def _is_complete(folder: Path) -> bool:
    try:
        Store(folder)
    except DataError:
        return False
    return True


@contextlib.contextmanager
def _alone(workplace: Path, console: Console) -> Iterator[None]:
    """Lock the folder for this process; other processes wait."""
    workplace.mkdir(parents=True, exist_ok=True)
    lock = FileLock(workplace / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        console.print(f"another process is preparing {workplace}; waiting for it", soft_wrap=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _prepare(
    sources: list[Source], folder: Path, workplace: Path, skeleton: Skeleton, workers: int, console: Console
) -> StoreReport:
    chunks = plan(sources)
    _start_over_if_changed(workplace, fingerprint(chunks, skeleton), console)
    parts = workplace / _CHUNKS
    parts.mkdir(exist_ok=True)
    growing = GrowingStore(workplace, skeleton)
    try:
        items = sum(len(chunk.items) for chunk in chunks)
        done = sum(len(chunk.items) for chunk in chunks[: growing.chunks])
        if done:
            console.print(f"continuing in {workplace}: {done} of {items} were read before", soft_wrap=True)
        with Progress(*_COLUMNS, console=console) as progress:
            task = progress.add_task("reading", total=items, completed=done)
            for chunk in read_chunks(chunks[growing.chunks :], parts, skeleton, workers):
                growing.append(chunk.folder(parts))
                progress.advance(task, len(chunk.items))
        report = growing.finish(folder)
    finally:
        growing.close()
    shutil.rmtree(workplace, ignore_errors=True)
    _summarise(report, folder, console)
    return report


def _start_over_if_changed(workplace: Path, expected: str, console: Console) -> None:
    """Remove the work of an earlier run, unless it read the same items with the same code."""
    written = workplace / _FINGERPRINT
    if written.is_file() and written.read_text() == expected:
        return
    others = [path for path in workplace.iterdir() if path.name != _LOCK]
    if others:
        line = f"data sets, recipe or readers have changed since {workplace} was started: starting over"
        console.print(line, soft_wrap=True)
    for path in others:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    written.write_text(expected)


def _summarise(report: StoreReport, folder: Path, console: Console) -> None:
    console.print(f"{report.clips} clips, {report.frames} frames in {folder}", soft_wrap=True, highlight=False)
    if report.damaged:
        sources = ", ".join(f"{name} {count}" for name, count in report.damaged_by_source.items())
        line = f"{len(report.damaged)} could not be used ({sources}); {folder / REPORT} says which and why"
        console.print(line, soft_wrap=True, highlight=False)
