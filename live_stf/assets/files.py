"""Download files into the cache folder, several at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from live_stf.assets.cache import cache_folder, cannot_keep, holds, put, sha256, staging_folder
from live_stf.assets.packages import Download, Package
from live_stf.errors import AssetError

POLL_SECONDS = 0.1


def _unchanged(member: bytes) -> bytes:
    return member


@dataclass(frozen=True)
class Asset:
    """One file in the cache folder, and the members of a package that it is made from."""

    name: str
    label: str  # for messages
    sha256: str
    licence: str
    source: Package
    members: Mapping[str, str]  # path inside the package -> SHA-256
    assemble: Callable[..., bytes] = _unchanged  # the members' bytes, in their order -> the file's bytes
    command: str = "live-stf fetch"  # the command that downloads it


def fetch(asset: Asset) -> Path:
    """The asset's path in the cache folder, downloaded if it is missing. Raises AssetError, in one line."""
    return fetch_all([asset])[0]


def fetch_all(assets: Sequence[Asset]) -> list[Path]:
    """The assets' paths in the cache folder; missing ones are downloaded, all at once.

    No process is started and no host is contacted for a file that exists with the right content. Several processes
    may fetch at once: each works in a folder of its own, and a file appears under its name only when it is complete.
    Raises AssetError if a file cannot be downloaded or written; the other files are kept.
    """
    folder = cache_folder()
    paths = [folder / asset.name for asset in assets]
    failures: list[AssetError] = []
    with ExitStack() as opened:
        downloads: list[tuple[Asset, Path, Path, Download]] = []
        for asset, path in zip(assets, paths, strict=True):
            try:
                if not holds(path, asset.sha256):
                    staging = opened.enter_context(staging_folder(path))
                    downloads.append((asset, path, staging, opened.enter_context(asset.source.start_download(staging))))
            except (AssetError, OSError) as error:
                failures.append(_explained(asset, path, error, "Then"))
        _show_progress({asset.label: download for asset, _, _, download in downloads})
        for asset, path, staging, download in downloads:
            try:
                _finish(asset, path, staging, download)
            except (AssetError, OSError) as error:
                failures.append(_explained(asset, path, error, "Connect to a network and"))
    if failures:
        raise failures[0]
    return paths


def _finish(asset: Asset, path: Path, staging: Path, download: Download) -> None:
    """Take the asset's members out of the downloaded package and put the file in place."""
    members = asset.source.read(download.result(), [*asset.members, asset.source.licence_file])
    licence = members.pop(asset.source.licence_file)
    for name, data in members.items():
        check(name, data, asset.members[name])
    content = asset.assemble(*members.values())
    check(asset.name, content, asset.sha256)
    # The licence comes first, so that the file never appears without it.
    put(staging, path.with_name(f"{asset.name}.LICENSE"), licence)
    put(staging, path, content)


def check(name: str, data: bytes, expected: str) -> None:
    """Raise AssetError if the data does not have the expected SHA-256."""
    if (found := sha256(data)) != expected:
        raise AssetError(f"{name} has the SHA-256 {found}, not the pinned {expected}")


def _explained(asset: Asset, path: Path, error: AssetError | OSError, advice: str) -> AssetError:
    """The error with what to do about it, which begins with `advice`."""
    if isinstance(error, OSError):
        explained = cannot_keep(asset.label, path.parent, error)
    else:
        explained = AssetError(
            f"cannot fetch the {asset.label}: {error}. {advice} run `{asset.command}` again, "
            f"or copy the file from a machine that has it to {path}"
            + " (the file that is there now is damaged)"
            * path.is_file()
        )
    explained.__cause__ = error
    return explained


def _show_progress(downloads: Mapping[str, Download]) -> None:
    """Progress bars until all downloads have ended; without a terminal, one line each."""
    console = Console(stderr=True)
    if not console.is_terminal:
        for label, download in downloads.items():
            console.print(f"fetching the {label} ({download.size / 1e6:.0f} MB) ...", highlight=False, soft_wrap=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal or not downloads) as progress:
        tasks = {
            progress.add_task(f"fetching the {label}", total=download.size): download
            for label, download in downloads.items()
        }
        running = dict(tasks)
        while running:
            for task, download in list(running.items()):
                if download.wait(POLL_SECONDS):
                    del running[task]
                progress.update(task, completed=download.received())
