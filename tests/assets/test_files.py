"""Downloading into the cache folder, with the real pip."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from live_stf.assets import Asset, cache_folder, fetch, fetch_all
from live_stf.assets.packages import Wheel
from live_stf.errors import AssetError


def content(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def refuse(*_arguments: object, **_options: object) -> None:
    pytest.fail("a process was started")


def test_the_cache_folder_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        pytest.skip("XDG_CACHE_HOME is for Linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "live-stf"


def test_without_a_home_folder_the_environment_can_name_another(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        pytest.skip("XDG_CACHE_HOME is for Linux")
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda _user: (_ for _ in ()).throw(KeyError("no such user")))
    with pytest.raises(AssetError, match="no home folder; set XDG_CACHE_HOME"):
        cache_folder()


def test_a_missing_file_is_fetched(with_wheel: Path, small: Asset) -> None:
    path = fetch(small)
    assert path == with_wheel / "small.bin"
    assert sha256(path) == small.sha256
    assert (with_wheel / "small.bin.LICENSE").read_text() == "Apache License"
    assert content(with_wheel) == {"small.bin", "small.bin.LICENSE"}  # no package, nothing half-done


def test_a_file_that_is_there_starts_nothing(with_wheel: Path, small: Asset, monkeypatch: pytest.MonkeyPatch) -> None:
    first = fetch(small)
    before = first.stat()
    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert fetch(small) == first
    assert first.stat().st_mtime_ns == before.st_mtime_ns


def test_several_files_are_fetched_at_once(
    with_wheel: Path, small: Asset, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    running: list[int] = []
    real = subprocess.Popen

    def popen(*arguments, **options):
        running.append(sum(process.poll() is None for process in started))
        started.append(real(*arguments, **options))
        return started[-1]

    started: list[subprocess.Popen] = []
    monkeypatch.setattr(subprocess, "Popen", popen)
    other = dataclasses.replace(small, name="other.bin", label="other file")
    assert fetch_all([small, other]) == [with_wheel / "small.bin", with_wheel / "other.bin"]
    assert running == [0, 1]
    assert capfd.readouterr().err.splitlines() == [
        "fetching the small file (1 MB) ...",
        "fetching the other file (1 MB) ...",
    ]


def test_one_failure_does_not_stop_the_others(with_wheel: Path, small: Asset) -> None:
    absent = dataclasses.replace(small, name="absent.bin", source=Wheel("live_stf_absent", "1.0", 1000, "LICENSE"))
    with pytest.raises(AssetError, match="pip could not download live_stf_absent==1"):
        fetch_all([absent, small])
    assert content(with_wheel) == {"small.bin", "small.bin.LICENSE"}


def test_a_damaged_file_is_replaced(with_wheel: Path, small: Asset) -> None:
    with_wheel.mkdir(parents=True)
    (with_wheel / small.name).write_bytes(b"half of a file")
    assert sha256(fetch(small)) == small.sha256


def test_a_damaged_file_is_named_if_it_cannot_be_replaced(cache: Path, small: Asset) -> None:
    cache.mkdir(parents=True)
    (cache / small.name).write_bytes(b"half of a file")
    with pytest.raises(AssetError, match="the file that is there now is damaged"):
        fetch(small)


@pytest.mark.parametrize("where", ["member", "result"])
def test_other_content_than_the_pinned_is_refused(with_wheel: Path, small: Asset, where: str) -> None:
    wrong = "0" * 64
    asset = (
        dataclasses.replace(small, sha256=wrong)
        if where == "result"
        else dataclasses.replace(small, members=dict.fromkeys(small.members, wrong))
    )
    with pytest.raises(AssetError, match=f"not the pinned {wrong}"):
        fetch(asset)
    assert content(with_wheel) == set()


def test_a_wheel_without_the_file_is_refused(with_wheel: Path, small: Asset) -> None:
    asset = dataclasses.replace(small, members={"data/absent.bin": "0" * 64})
    with pytest.raises(AssetError, match="is damaged or does not contain the expected files"):
        fetch(asset)
    assert content(with_wheel) == set()


def test_a_truncated_wheel_leaves_nothing_behind(with_wheel: Path, wheel: Path, small: Asset) -> None:
    wheel.write_bytes(wheel.read_bytes()[:300])
    with pytest.raises(AssetError, match="cannot fetch the small file"):
        fetch(small)
    assert content(with_wheel) == set()


def test_several_processes_fetch_at_once(with_wheel: Path, small: Asset) -> None:
    code = f"from live_stf.assets import *; from live_stf.assets.packages import Wheel; print(fetch({small!r}))"
    code = code.replace(repr(small.assemble), "bytes")
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in processes:
        output, errors = process.communicate()
        assert process.returncode == 0, errors
        assert output.strip() == str(with_wheel / "small.bin")
    assert sha256(with_wheel / "small.bin") == small.sha256
    assert content(with_wheel) == {"small.bin", "small.bin.LICENSE"}


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
    done = subprocess.run([sys.executable, "-m", "live_stf", "fetch"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    *progress, error = done.stderr.strip().splitlines()
    assert error.startswith("error: cannot fetch the pose model: pip could not download mediapipe==0.10.21")
    assert "run `live-stf fetch` again" in error
    assert str(cache / "pose_landmarker_full.zip") in error
    assert progress == ["fetching the pose model (36 MB) ...", "fetching the sample clip (9 MB) ..."]
    assert content(cache) == set()


def test_a_cache_folder_that_cannot_be_made_is_named(
    tmp_path: Path, small: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("live_stf.assets.files.cache_folder", lambda: tmp_path / "file" / "live-stf")
    with pytest.raises(AssetError, match="set XDG_CACHE_HOME"):
        fetch(small)


def test_the_command_says_what_to_do_without_a_home_folder(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("XDG_CACHE_HOME is for Linux")
    (tmp_path / "file").touch()
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(tmp_path / "file")}
    done = subprocess.run([sys.executable, "-m", "live_stf", "fetch"], env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    (error,) = done.stderr.splitlines()
    assert error.startswith("error: cannot keep the pose model in ")
    assert error.endswith("set XDG_CACHE_HOME to one that is")


def test_the_sample_clip_is_a_video(clip: Path) -> None:
    import av

    with av.open(str(clip)) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert picture.ndim == 3
    assert picture.std() > 0
