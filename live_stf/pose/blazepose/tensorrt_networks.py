"""Load MediaPipe's networks as TensorRT engines, which `build_engines` makes, if their record fits."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from live_stf.pose.blazepose.gpu import LARGEST, batched_networks
from live_stf.pose.blazepose.networks import Networks, read_networks
from live_stf.pose.pose_models import DETECTOR_NAME, LANDMARKS_NAME
from live_stf.runtime.hardware import Hardware
from live_stf.runtime.openvino import openvino
from live_stf.runtime.record import engines_folder, fitting_record
from live_stf.runtime.tensorrt_runtime import LoadedEngine, product_name

DETECTOR_OUTPUTS = ("boxes", "scores")
LANDMARK_OUTPUTS = ("landmarks", "presence", "heatmap")
BATCHES = (1, 2, LARGEST)  # people at once; numbers between them run in the next larger batch
# Modules that decide, besides the weights, what an engine computes.
_CODE = ("tflite_graph.py", "networks.py", "torch_graph.py", "torch_network.py")


@dataclass(frozen=True, eq=False)
class Part:
    """One of the two networks of a pose model, from which an engine is built.

    fingerprint: hash of weights and code. batches: numbers of people at once that the engine is built for.
    """

    name: str
    fingerprint: str
    model: openvino.Model
    precision: str
    outputs: tuple[str, ...]
    batches: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """(side, side, 3) of an image."""
        return tuple(self.model.input(0).shape[1:])


def parts(path: Path, precision: str) -> tuple[Part, Part]:
    """The detector, always in fp32, and the landmark network of a file. Raises as `networks.read_networks` does."""
    detector, landmarks = read_networks(path)
    return (
        Part("pose_detector", _fingerprint(path, DETECTOR_NAME), detector, "fp32", DETECTOR_OUTPUTS, BATCHES[:1]),
        Part(path.stem, _fingerprint(path, LANDMARKS_NAME), landmarks, precision, LANDMARK_OUTPUTS, BATCHES),
    )


def _fingerprint(path: Path, member: str) -> str:
    with zipfile.ZipFile(path) as archive:
        digest = hashlib.sha256(archive.read(member))
    for name in _CODE:
        digest.update((Path(__file__).parent / name).read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def pose_engines_folder() -> Path:
    """The default folder of pose engines, apart from those of classifiers."""
    return engines_folder() / "pose"


def build_command(part: Part) -> str:
    """The command that builds the engine. A user's own bundle cannot be built by a command."""
    complexity = part.name.removeprefix("pose_landmarker_")
    chosen = "" if complexity == part.name else f" --complexity {complexity} --precision {part.precision}"
    return f"live-stf pose-engine{chosen}"


def open_networks(path: Path, people: int, precision: str, hardware: Hardware, folder: Path | None = None) -> Networks:
    """The networks of a file, run by the engines built from them. Raises EngineError if no engine fits."""
    folder = pose_engines_folder() if folder is None else folder
    found = parts(path, precision)
    command = build_command(found[1])
    records = [fitting_record(part.name, part.fingerprint, hardware, folder, command, part.precision) for part in found]
    detector, landmarks = (
        LoadedEngine(record, folder, part.outputs, command, sizes=needed(record.people, people)).graphs
        for part, record in zip(found, records, strict=True)
    )
    return batched_networks(detector[1], landmarks, f"{hardware.gpu}, {product_name(records[1])}")


def needed(batches: Sequence[int], people: int) -> set[int]:
    """The batch sizes that are needed for up to `people` people."""
    return {min(size for size in batches if size >= count) for count in range(1, min(people, max(batches)) + 1)}
