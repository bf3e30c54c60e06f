"""A small package that stands for the large ones, and a pip that reaches nobody."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import pytest

from live_stf.assets import Asset
from live_stf.assets.packages import Wheel

CONTENT = b"a small file" * 1000
SMALL = Asset(
    name="small.bin",
    label="small file",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    licence="Apache-2.0",
    source=Wheel("live_stf_small", "1.0", size=1_000_000, licence_file="live_stf_small-1.0.dist-info/LICENSE"),
    members={"data/small.bin": hashlib.sha256(CONTENT).hexdigest()},
)


@pytest.fixture
def small() -> Asset:
    """An asset whose package `with_wheel` provides."""
    return SMALL


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of its own, and a pip that reaches no index: neither the user's nor the default one."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    folder = tmp_path / "cache" / "live-stf"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent))
    for module in ("live_stf.assets.files", "live_stf.pose.pose_models"):  # for systems without XDG_CACHE_HOME
        monkeypatch.setattr(f"{module}.cache_folder", lambda: folder)
    return folder


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """The small package, alone in a folder that pip can be pointed to."""
    folder = tmp_path / "links"
    folder.mkdir()
    path = folder / "live_stf_small-1.0-py3-none-any.whl"
    info = "live_stf_small-1.0.dist-info"
    files = {
        "data/small.bin": CONTENT,
        f"{info}/LICENSE": b"Apache License",
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: live-stf-small\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


@pytest.fixture
def with_wheel(cache: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The empty cache folder, and pip finds the small package."""
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    return cache
