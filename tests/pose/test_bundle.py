"""MediaPipe accepts the bundle for its pose task and finds people with it."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path
from typing import Any

import cv2
import pytest

from live_stf.assets import fetch
from live_stf.errors import AssetError
from live_stf.pose.pose_models import DETECTOR_NAME, LANDMARKS_NAME, POSE_MODELS, unpacked

mediapipe = pytest.importorskip("mediapipe", reason="needs MediaPipe (pip install 'live-stf[mediapipe]')")
bundle = pytest.importorskip("live_stf.pose.bundle")
metadata_schema = pytest.importorskip("mediapipe.tasks.metadata.metadata_schema_py_generated")
model_schema = pytest.importorskip("mediapipe.tasks.metadata.schema_py_generated")
tasks = pytest.importorskip("mediapipe.tasks.python")


@pytest.fixture(scope="module")
def published() -> Path:
    """The file with the networks as published."""
    try:
        return fetch(POSE_MODELS["full"].networks)
    except AssetError as error:
        pytest.skip(f"needs the pose model: {error}")


@pytest.fixture(scope="module")
def models(published: Path) -> tuple[bytes, bytes]:
    """Detector and landmark network as published."""
    return unpacked(published)


def landmarker(content: bytes) -> Any:
    vision = tasks.vision
    options = vision.PoseLandmarkerOptions(
        base_options=tasks.BaseOptions(model_asset_buffer=content), running_mode=vision.RunningMode.VIDEO, num_poses=2
    )
    return vision.PoseLandmarker.create_from_options(options)


def people_in(clip: Path, content: bytes, frames: int = 60) -> list[int]:
    """How many people are found in each of the first frames."""
    capture = cv2.VideoCapture(str(clip))
    counts = []
    with landmarker(content) as finder:
        for index in range(frames):
            read, picture = capture.read()
            assert read
            image = mediapipe.Image(mediapipe.ImageFormat.SRGB, cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
            counts.append(len(finder.detect_for_video(image, index * 33).pose_landmarks))
    capture.release()
    return counts


def test_the_bundle_is_made_once_and_stored(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("live_stf.assets.files", "live_stf.pose.pose_models"):
        monkeypatch.setattr(f"{module}.cache_folder", lambda: tmp_path)
    for name in (published.name, f"{published.name}.LICENSE"):
        shutil.copy(published.with_name(name), tmp_path)
    made = bundle.pose_bundle()
    assert made == tmp_path / "pose_landmarker_full.task"
    assert hashlib.sha256(made.read_bytes()).hexdigest() == POSE_MODELS["full"].bundle_sha256
    assert "Apache License" in (tmp_path / "pose_landmarker_full.task.LICENSE").read_text()
    before = made.stat().st_mtime_ns
    assert bundle.pose_bundle().stat().st_mtime_ns == before
    made.write_bytes(b"half of a file")
    assert hashlib.sha256(bundle.pose_bundle().read_bytes()).hexdigest() == POSE_MODELS["full"].bundle_sha256


def test_metadata_describes_the_scaling_of_the_input(models: tuple[bytes, bytes]) -> None:
    tree = model_schema.ModelT.InitFromPackedBuf(bundle.with_metadata(models[1]), 0)
    (entry,) = [entry for entry in tree.metadata if entry.name == bundle.METADATA_ENTRY.encode()]
    metadata = metadata_schema.ModelMetadataT.InitFromPackedBuf(bytes(tree.buffers[entry.buffer].data), 0)
    (graph,) = metadata.subgraphMetadata
    (image,) = graph.inputTensorMetadata
    assert list(image.processUnits[0].options.mean) == [0.0]
    assert list(image.processUnits[0].options.std) == [255.0]
    assert len(graph.outputTensorMetadata) == len(tree.subgraphs[0].outputs)


def test_weights_and_operators_do_not_change(models: tuple[bytes, bytes]) -> None:
    before = model_schema.ModelT.InitFromPackedBuf(models[1], 0)
    after = model_schema.ModelT.InitFromPackedBuf(bundle.with_metadata(models[1]), 0)
    assert len(after.subgraphs[0].operators) == len(before.subgraphs[0].operators)
    assert len(after.buffers) == len(before.buffers) + 1
    for old, new in zip(before.buffers, after.buffers, strict=False):
        assert (old.data is None) == (new.data is None)
        assert old.data is None or bytes(old.data) == bytes(new.data)


def test_mediapipe_refuses_the_landmark_network_as_published(models: tuple[bytes, bytes], tmp_path: Path) -> None:
    """If this loads one day, the metadata is no longer needed."""
    with zipfile.ZipFile(tmp_path / "raw.task", "w") as raw:
        raw.writestr(DETECTOR_NAME, models[0])
        raw.writestr(LANDMARKS_NAME, models[1])
    # At present a FileNotFoundError.
    with pytest.raises(Exception, match="NormalizationOptions metadata"):
        landmarker((tmp_path / "raw.task").read_bytes())


def test_other_files_are_refused(models: tuple[bytes, bytes]) -> None:
    with pytest.raises(ValueError, match="not a TFLite model"):
        bundle.with_metadata(b"<html>not found</html>")
    with pytest.raises(ValueError, match="not a pose landmark model"):
        bundle.with_metadata(models[0])


def test_the_person_of_the_sample_clip_is_found(models: tuple[bytes, bytes], clip: Path) -> None:
    counts = people_in(clip, bundle.assemble(*models))
    assert sum(count >= 1 for count in counts) >= 50


def test_two_people_are_found(models: tuple[bytes, bytes], shared: Path) -> None:
    counts = people_in(shared / "videos" / "two_people.mp4", bundle.assemble(*models))
    assert sum(count == 2 for count in counts) >= 45
