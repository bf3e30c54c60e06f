"""The user's cache folder, and files in it whose content is known by its SHA-256."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from live_stf.errors import AssetError


def cache_folder() -> Path:
    """The folder for downloaded files. Raises AssetError without a home folder and XDG_CACHE_HOME."""
    try:
        folder = platformdirs.user_cache_path("live-stf")
    except RuntimeError:  # raised by platformdirs from 4.7 on; earlier versions return "~/.cache/..." as it is
        folder = Path()
    if not folder.is_absolute():
        raise AssetError("no cache folder: this user has no home folder; set XDG_CACHE_HOME to a writable folder")
    return folder


def sha256(data: bytes) -> str:
    """The SHA-256 of the data, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def holds(path: Path, expected: str) -> bool:
    """Whether the file exists and has the expected SHA-256."""
    return path.is_file() and sha256(path.read_bytes()) == expected


@contextmanager
def staging_folder(final: Path) -> Iterator[Path]:
    """A temporary folder beside `final`, so that moving a file there is a rename on one file system."""
    final.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=final.parent, prefix=".fetch-") as folder:
        yield Path(folder)


def put(staging: Path, final: Path, content: bytes) -> None:
    """Write the file so that it appears under its final name only when it is complete."""
    (staging / final.name).write_bytes(content)
    os.replace(staging / final.name, final)


def cannot_keep(label: str, folder: Path, error: OSError) -> AssetError:
    """The error for a file that cannot be written to the cache folder."""
    return AssetError(
        f"cannot keep the {label} in {folder}: {error.strerror or error}. "
        "Make that folder writable, or set XDG_CACHE_HOME to one that is"
    )
