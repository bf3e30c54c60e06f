"""Published packages that files are extracted from: wheels, downloaded by pip, and Node.js packages, by npm."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from live_stf.errors import AssetError


@dataclass(frozen=True)
class Package(ABC):
    """A published package. Only data is extracted from it; it is never installed, imported or run."""

    project: str
    version: str
    size: int  # bytes, for the progress bar only
    licence_file: str  # path inside the package
    client: ClassVar[str]  # the program that downloads it
    pattern: ClassVar[str]  # of the downloaded file's name
    error_prefix: ClassVar[str]  # of the client's error messages

    def start_download(self, folder: Path) -> Download:
        """Start the client, which puts the package into `folder`; the folder must be empty. Raises AssetError."""
        command, environment = self._command(folder)
        return Download(self, folder, command, environment)

    @abstractmethod
    def _command(self, folder: Path) -> tuple[list[str], dict[str, str]]:
        """The client's command and its environment variables. Raises AssetError if the client is not installed."""

    @abstractmethod
    def read(self, path: Path, names: Iterable[str]) -> dict[str, bytes]:
        """Content of files inside the package. Raises AssetError if one is missing or the package is damaged."""


class Download:
    """A running process of a client that downloads one package into a folder."""

    def __init__(self, package: Package, folder: Path, command: list[str], environment: dict[str, str]) -> None:
        self._package = package
        self._folder = folder
        self._log = folder / "client.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def __enter__(self) -> Download:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    @property
    def size(self) -> int:
        """Bytes of the whole package."""
        return self._package.size

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds`; returns whether the client has ended."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def received(self) -> int:
        """Bytes received so far: the size of the largest file in the folder."""
        sizes = [0]
        for parent, _, names in os.walk(self._folder):
            for name in names:
                try:
                    sizes.append(os.path.getsize(os.path.join(parent, name)))
                except FileNotFoundError:
                    continue  # the client has just moved it
        return min(max(sizes), self.size)

    def result(self) -> Path:
        """Wait for the end and return the package. Raises AssetError with the client's reason if it failed."""
        self._process.wait()
        package = self._package
        files = list(self._folder.glob(package.pattern))
        if self._process.returncode == 0 and len(files) == 1:
            return files[0]
        text = self._log.read_text(encoding="utf-8", errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        errors = [line.removeprefix(package.error_prefix) for line in lines if line.startswith(package.error_prefix)]
        reason = (errors or lines or [f"exit status {self._process.returncode}"])[-1].rstrip(".")
        raise AssetError(f"{package.client} could not download {package.project}=={package.version} ({reason})")


@dataclass(frozen=True)
class Wheel(Package):
    """A wheel on the package index."""

    client: ClassVar[str] = "pip"
    pattern: ClassVar[str] = "*.whl"
    error_prefix: ClassVar[str] = "ERROR: "

    def _command(self, folder: Path) -> tuple[list[str], dict[str, str]]:
        # fmt: off
        command = [
            *pip_command(), "download", f"{self.project}=={self.version}", "--dest", str(folder),
            "--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--progress-bar=off",
            # Fixed, so that every machine gets the same file.
            "--platform=manylinux_2_28_x86_64", "--implementation=cp", "--python-version=3.11",
        ]
        # fmt: on
        environment = dict(os.environ)
        # The project's own constraints require another version of mediapipe than the one with the data.
        environment.pop("PIP_CONSTRAINT", None)
        # pip downloads into its temporary folder. This one can be watched for progress, and it is removed afterwards.
        environment.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder)))
        return command, environment

    def read(self, path: Path, names: Iterable[str]) -> dict[str, bytes]:
        """See Package."""
        try:
            with zipfile.ZipFile(path) as archive:
                return {name: archive.read(name) for name in names}
        except (zipfile.BadZipFile, KeyError) as error:
            raise AssetError(f"{path.name} is damaged or does not contain the expected files ({error})") from error


def pip_command() -> list[str]:
    """The command that runs the installed pip, else the pip that Python contains for new environments.

    Environments made by uv have no pip. Raises AssetError if there is neither.
    """
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    ensurepip = importlib.util.find_spec("ensurepip")
    if ensurepip is not None and ensurepip.origin is not None:
        for wheel in Path(ensurepip.origin).parent.glob("_bundled/pip-*.whl"):
            return [sys.executable, str(wheel / "pip")]
    raise AssetError(
        "pip is needed to download it and is not installed: run python -m ensurepip, or uv pip install pip"
    )


@dataclass(frozen=True)
class NodePackage(Package):
    """A Node.js package."""

    client: ClassVar[str] = "npm"
    pattern: ClassVar[str] = "*.tgz"
    error_prefix: ClassVar[str] = "npm error code "  # the one line that names the reason

    def _command(self, folder: Path) -> tuple[list[str], dict[str, str]]:
        npm = shutil.which("npm")
        if npm is None:
            raise AssetError("npm is needed to download it and is not installed: install Node.js")
        # fmt: off
        command = [
            npm, "pack", f"{self.project}@{self.version}", "--pack-destination", str(folder),
            "--cache", str(folder / "npm"), "--no-update-notifier", "--no-fund",
        ]
        # fmt: on
        return command, dict(os.environ)

    def read(self, path: Path, names: Iterable[str]) -> dict[str, bytes]:
        """See Package."""
        content = {}
        try:
            with tarfile.open(path) as archive:
                for name in names:
                    member = archive.extractfile(name)
                    if member is None:
                        raise KeyError(f"{name} is no file")
                    content[name] = member.read()
        except (tarfile.TarError, EOFError, zlib.error, KeyError) as error:
            raise AssetError(f"{path.name} is damaged or does not contain the expected files ({error})") from error
        return content
