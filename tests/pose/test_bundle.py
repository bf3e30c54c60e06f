"""The bundle is what MediaPipe takes for a pose task, and it finds people."""

from __future__ import annotations

import zipfile
from pathlib import Path

import cv2
import mediapipe
import pytest
from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata_schema
from mediapipe.tasks.metadata import schema_py_generated as model_schema
from mediapipe.tasks.python import BaseOptions, vision

from live_stf import assets
from live_stf.pose import bundle
from live_stf.pose.bundle_layout import DETECTOR_NAME, LANDMARKS_NAME


@pytest.fixture(scope="module")
def models(models_wheel: Path) -> tuple[bytes, bytes]:
    """Detector and landmark model as they lie in the wheel."""
    with zipfile.ZipFile(models_wheel) as archive:
        detector, landmarks = (archive.read(member) for member in assets.POSE_FULL.members)
    return detector, landmarks


def landmarker(content: bytes) -> vision.PoseLandmarker:
    options = vision.PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_buffer=content), running_mode=vision.RunningMode.VIDEO, num_poses=2
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


def test_same_models_same_bytes(models: tuple[bytes, bytes]) -> None:
    assert bundle.assemble(*models) == bundle.assemble(*models)


def test_metadata_says_how_an_image_becomes_input(models: tuple[bytes, bytes]) -> None:
    tree = model_schema.ModelT.InitFromPackedBuf(bundle.with_metadata(models[1]), 0)
    (entry,) = [entry for entry in tree.metadata if entry.name == bundle.METADATA_ENTRY.encode()]
    metadata = metadata_schema.ModelMetadataT.InitFromPackedBuf(bytes(tree.buffers[entry.buffer].data), 0)
    (graph,) = metadata.subgraphMetadata
    (image,) = graph.inputTensorMetadata
    assert list(image.processUnits[0].options.mean) == [0.0]
    assert list(image.processUnits[0].options.std) == [255.0]
    assert len(graph.outputTensorMetadata) == len(tree.subgraphs[0].outputs)


def test_weights_and_operators_stay(models: tuple[bytes, bytes]) -> None:
    before = model_schema.ModelT.InitFromPackedBuf(models[1], 0)
    after = model_schema.ModelT.InitFromPackedBuf(bundle.with_metadata(models[1]), 0)
    assert len(after.subgraphs[0].operators) == len(before.subgraphs[0].operators)
    assert len(after.buffers) == len(before.buffers) + 1
    for old, new in zip(before.buffers, after.buffers, strict=False):
        assert (old.data is None) == (new.data is None)
        assert old.data is None or bytes(old.data) == bytes(new.data)


def test_mediapipe_refuses_the_landmark_model_as_it_is(models: tuple[bytes, bytes], tmp_path: Path) -> None:
    """Were this to load one day, the metadata would not be needed any more."""
    with zipfile.ZipFile(tmp_path / "raw.task", "w") as raw:
        raw.writestr(DETECTOR_NAME, models[0])
        raw.writestr(LANDMARKS_NAME, models[1])
    # Today a FileNotFoundError, of all things.
    with pytest.raises(Exception, match="NormalizationOptions metadata"):
        landmarker((tmp_path / "raw.task").read_bytes())


def test_other_bytes_are_refused(models: tuple[bytes, bytes]) -> None:
    with pytest.raises(ValueError, match="not a TFLite model"):
        bundle.with_metadata(b"<html>not found</html>")
    with pytest.raises(ValueError, match="not a pose landmark model"):
        bundle.with_metadata(models[0])


def test_finds_the_walker_of_the_sample_clip(models: tuple[bytes, bytes], clip: Path) -> None:
    counts = people_in(clip, bundle.assemble(*models))
    assert sum(count >= 1 for count in counts) >= 50


def test_finds_two_people(models: tuple[bytes, bytes], shared: Path) -> None:
    counts = people_in(shared / "videos" / "two_people.mp4", bundle.assemble(*models))
    assert sum(count == 2 for count in counts) >= 45
