"""Make a `.task` bundle for MediaPipe's pose task from the networks that MediaPipe published.

The pose task reads from each network's metadata how an image becomes its input tensor. The published detector has
metadata; the landmark network has none, so it is added here. MediaPipe's metadata writer cannot do it: since 0.10.31 it
does not import, because the wheel no longer contains a compiled module that it needs. The wheel still contains the
schema classes, which are used directly.
"""

from __future__ import annotations

from pathlib import Path

import flatbuffers
from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata_schema
from mediapipe.tasks.metadata import schema_py_generated as model_schema

from live_stf.assets.cache import cannot_keep, holds, put, staging_folder
from live_stf.assets.files import check, fetch
from live_stf.pose.pose_models import LANDMARK_OUTPUTS, archive, find_pose_model, unpacked

METADATA_ENTRY = "TFLITE_METADATA"
# File identifiers of a TFLite model and of its metadata.
MODEL_IDENTIFIER = b"TFL3"
METADATA_IDENTIFIER = b"M001"
# Nothing below is newer than the first version of the metadata schema.
METADATA_VERSION = "1.0.0"


def pose_bundle(complexity: str = "full") -> Path:
    """The bundle with the landmark network of that complexity in the cache folder; made if it is missing.

    Raises AssetError if the networks cannot be downloaded or the bundle cannot be written, PoseError if the complexity
    is unknown.
    """
    model = find_pose_model(complexity)
    if holds(model.bundle, model.bundle_sha256):
        return model.bundle
    networks = fetch(model.networks)
    content = assemble(*unpacked(networks))
    check(model.bundle.name, content, model.bundle_sha256)
    try:
        with staging_folder(model.bundle) as staging:
            licence = networks.with_name(f"{networks.name}.LICENSE").read_bytes()
            put(staging, model.bundle.with_name(f"{model.bundle.name}.LICENSE"), licence)
            put(staging, model.bundle, content)
    except OSError as error:
        raise cannot_keep("bundle for MediaPipe", model.bundle.parent, error) from error
    return model.bundle


def assemble(detector: bytes, landmarks: bytes) -> bytes:
    """The bundle of a detector with metadata and a landmark network without. Equal inputs give equal bytes."""
    return archive(detector, with_metadata(landmarks))


def with_metadata(model: bytes) -> bytes:
    """The landmark network with metadata for its input: an RGB image, values 0..255 scaled to 0..1.

    Raises ValueError if the bytes are not a TFLite model with one image input and the five outputs of a pose network.
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
