"""A MediaPipe `.task` bundle put together from the raw TFLite models of a pose detector and a landmark model.

A bundle is an uncompressed zip of two models. The pose task reads from each model's own metadata how an image becomes
its input tensor. The detector that older MediaPipe wheels carry has that metadata, the landmark model has not, so it is
added here. MediaPipe's metadata writer cannot do it: since 0.10.31 it does not import, because it asks for a compiled
module that the wheel no longer has. The schema classes that it is built on are still there, and are used directly.
"""

from __future__ import annotations

import io
import zipfile

import flatbuffers
from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata_schema
from mediapipe.tasks.metadata import schema_py_generated as model_schema

from live_stf.pose.bundle_layout import DETECTOR_NAME, LANDMARK_OUTPUTS, LANDMARKS_NAME

METADATA_ENTRY = "TFLITE_METADATA"
# File identifiers of a TFLite model and of its metadata.
MODEL_IDENTIFIER = b"TFL3"
METADATA_IDENTIFIER = b"M001"
# Nothing below is newer than the first version of the metadata schema.
METADATA_VERSION = "1.0.0"


def assemble(detector: bytes, landmarks: bytes) -> bytes:
    """The bundle of a detector, which has its metadata already, and a raw landmark model. Equal input, equal bytes."""
    content = {DETECTOR_NAME: detector, LANDMARKS_NAME: with_metadata(landmarks)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as bundle:
        for name, data in content.items():
            # A fixed date and fixed permissions: the bundle's hash must not depend on when or where it was made.
            member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            member.create_system = 3
            member.external_attr = 0o644 << 16
            bundle.writestr(member, data)
    return buffer.getvalue()


def with_metadata(model: bytes) -> bytes:
    """The landmark model with metadata that says: RGB image, values 0..255 scaled to 0..1.

    Raises ValueError where the bytes are no TFLite model with one image input and the five outputs of a pose model.
    """
    if model[4:8] != MODEL_IDENTIFIER:
        raise ValueError("not a TFLite model")
    tree = model_schema.ModelT.InitFromPackedBuf(model, 0)
    graph = tree.subgraphs[0]
    if len(graph.inputs) != 1 or len(graph.outputs) != len(LANDMARK_OUTPUTS):
        raise ValueError(f"not a pose landmark model: {len(graph.inputs)} inputs, {len(graph.outputs)} outputs")

    buffer = model_schema.BufferT()
    buffer.data = _landmark_metadata()
    tree.buffers.append(buffer)
    entry = model_schema.MetadataT()
    entry.name = METADATA_ENTRY
    entry.buffer = len(tree.buffers) - 1
    tree.metadata = [*(tree.metadata or []), entry]
    return _packed(tree, MODEL_IDENTIFIER)


def _landmark_metadata() -> bytes:
    image = _tensor("image", metadata_schema.ContentProperties.ImageProperties, metadata_schema.ImagePropertiesT())
    image.content.contentProperties.colorSpace = metadata_schema.ColorSpaceType.RGB
    normalization = metadata_schema.NormalizationOptionsT()
    normalization.mean, normalization.std = [0.0], [255.0]
    step = metadata_schema.ProcessUnitT()
    step.optionsType = metadata_schema.ProcessUnitOptions.NormalizationOptions
    step.options = normalization
    image.processUnits = [step]
    image.stats = metadata_schema.StatsT()
    image.stats.min, image.stats.max = [0.0], [1.0]

    graph = metadata_schema.SubGraphMetadataT()
    graph.inputTensorMetadata = [image]
    graph.outputTensorMetadata = [
        _tensor(name, metadata_schema.ContentProperties.FeatureProperties, metadata_schema.FeaturePropertiesT())
        for name in LANDMARK_OUTPUTS
    ]
    root = metadata_schema.ModelMetadataT()
    root.name = "Pose landmarks"
    root.license = "Apache-2.0"
    root.minParserVersion = METADATA_VERSION
    root.subgraphMetadata = [graph]
    return _packed(root, METADATA_IDENTIFIER)


def _tensor(name: str, kind: int, properties: object) -> metadata_schema.TensorMetadataT:
    tensor = metadata_schema.TensorMetadataT()
    tensor.name = name
    tensor.content = metadata_schema.ContentT()
    tensor.content.contentPropertiesType = kind
    tensor.content.contentProperties = properties
    return tensor


def _packed(tree: model_schema.ModelT | metadata_schema.ModelMetadataT, identifier: bytes) -> bytes:
    builder = flatbuffers.Builder(0)
    builder.Finish(tree.Pack(builder), identifier)
    return bytes(builder.Output())
