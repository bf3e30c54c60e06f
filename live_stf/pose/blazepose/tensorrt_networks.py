"""MediaPipe's networks compiled by TensorRT: built once for a GPU, kept with a record, loaded where that fits."""

from __future__ import annotations

import datetime
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

import live_stf
from live_stf.assets import sample_clip
from live_stf.errors import EngineError
from live_stf.pose.blazepose import networks
from live_stf.pose.blazepose.blazepose import BlazePose
from live_stf.pose.blazepose.gpu import LARGEST, batched_networks
from live_stf.pose.blazepose.networks import Networks, read_networks
from live_stf.pose.blazepose.region import Region
from live_stf.pose.blazepose.torch_network import torch_network
from live_stf.pose.pose_models import DETECTOR_NAME, LANDMARKS_NAME
from live_stf.runtime.cuda_graph import CudaGraph
from live_stf.runtime.hardware import Hardware
from live_stf.runtime.onnx_export import OPSETS, save_onnx, to_onnx
from live_stf.runtime.openvino import openvino
from live_stf.runtime.record import EngineRecord, damage, engines_folder, file_hash, fitting_record, unfit
from live_stf.runtime.tensorrt_build import compile_onnx, tensorrt_library
from live_stf.runtime.tensorrt_runtime import LoadedEngine, product_name
from live_stf.runtime.timing import latencies
from live_stf.sources.video_file import VideoFile

if TYPE_CHECKING:
    from live_stf.runtime.onnx_engine import OnnxEngine

INPUT = "pictures"
DETECTOR_OUTPUTS = ("boxes", "scores")
LANDMARK_OUTPUTS = ("landmarks", "presence", "heatmap")
BATCHES = (1, 2, LARGEST)  # people at once; a number between two is filled up
# What decides, besides the weights, what an engine computes.
_CODE = ("tflite_graph.py", "networks.py", "torch_graph.py", "torch_network.py")

PICTURES, STRIDE = 120, 10  # of the sample clip that an engine is compared on, and every how many
# Largest difference to OpenVINO in fp32, as a share of an output's largest number; rounding alone makes up to 3e-3 in
# fp16 and 6e-2 in bf16. SHARE is the percentile that is held to it: in hard pictures single joints jump.
LIMITS = {"fp32": 1e-4, "fp16": 1e-2, "bf16": 1e-1}
SHARE = 95
RUNS = 20

References = tuple[np.ndarray, list[np.ndarray]]  # pictures (N, side, side, 3), and what a network gives for them


@dataclass(frozen=True, eq=False)
class Part:
    """One of the two networks of a bundle, as engines are built of it. fingerprint: of weights and code."""

    name: str
    fingerprint: str
    model: openvino.Model
    precision: str
    outputs: tuple[str, ...]
    batches: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """(side, side, 3) of a picture."""
        return tuple(self.model.input(0).shape[1:])


def parts(bundle: Path, precision: str) -> tuple[Part, Part]:
    """Detector, which is in fp32, and landmark network of a bundle. Raises as `networks.read_networks` does."""
    detector, landmarks = read_networks(bundle)
    return (
        Part("pose_detector", _fingerprint(bundle, DETECTOR_NAME), detector, "fp32", DETECTOR_OUTPUTS, BATCHES[:1]),
        Part(bundle.stem, _fingerprint(bundle, LANDMARKS_NAME), landmarks, precision, LANDMARK_OUTPUTS, BATCHES),
    )


def _fingerprint(bundle: Path, member: str) -> str:
    with zipfile.ZipFile(bundle) as archive:
        digest = hashlib.sha256(archive.read(member))
    for name in _CODE:
        digest.update((Path(__file__).parent / name).read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def folder_of_engines() -> Path:
    """Where they are kept when no other place is named: not among those of classifiers."""
    return engines_folder() / "pose"


def build_command(part: Part) -> str:
    """What a user types to build the engines; of a bundle of their own there is no command."""
    complexity = part.name.removeprefix("pose_landmarker_")
    chosen = "" if complexity == part.name else f" --complexity {complexity} --precision {part.precision}"
    return f"live-stf pose-engine{chosen}"


def open_networks(
    bundle: Path, people: int, precision: str, hardware: Hardware, folder: Path | None = None
) -> Networks:
    """The networks of a bundle by the engines that were built of them. EngineError where there are none that fit."""
    folder = folder_of_engines() if folder is None else folder
    found = parts(bundle, precision)
    command = build_command(found[1])
    records = [fitting_record(part.name, part.fingerprint, hardware, folder, command, part.precision) for part in found]
    detector, landmarks = (
        LoadedEngine(record, folder, part.outputs, command, sizes=needed(record.people, people)).graphs
        for part, record in zip(found, records, strict=True)
    )
    return batched_networks(detector[1], landmarks, f"{hardware.gpu}, {product_name(records[1])}")


def needed(batches: Sequence[int], people: int) -> set[int]:
    """Which batch sizes up to so many people run in."""
    return {min(size for size in batches if size >= count) for count in range(1, min(people, max(batches)) + 1)}


def build(
    bundle: Path,
    hardware: Hardware,
    folder: Path,
    precision: str = "fp32",
    target: str | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> list[EngineRecord]:
    """Build both engines of a bundle into `folder`, each with its record, and return the records.

    target: "sm_86"; the GPU at hand when not given. Each is compared with OpenVINO on pictures of the sample clip, by
    ONNX Runtime on the file that it is compiled from where the GPU is another one; one that is too far is not kept.
    EngineError when one cannot be built, AssetError without the sample clip, and as `networks.read_networks` raises.
    """
    capability = target or hardware.capability
    if capability is None:
        raise EngineError(f"{hardware.reason}: say which one to build for, for example --target sm_86")
    found = parts(bundle, precision)
    references = real_references(bundle)
    folder.mkdir(parents=True, exist_ok=True)
    records = []
    with tempfile.TemporaryDirectory(dir=folder, prefix=".building-") as temporary:
        for part, wanted in zip(found, references, strict=True):
            record = _build_part(part, wanted, hardware, capability, Path(temporary), progress)
            os.replace(Path(temporary) / record.file, folder / record.file)
            record.save(folder)  # last: a file without a record is not seen
            records.append(record)
    return records


def _build_part(
    part: Part,
    references: References,
    hardware: Hardware,
    capability: str,
    folder: Path,
    progress: Callable[[str], None],
) -> EngineRecord:
    trt = tensorrt_library(capability, hardware)
    stem = "-".join((part.name, part.fingerprint[:8], trt.__name__, capability, part.precision))
    progress(f"exporting {part.name}")
    graph = export_onnx(part, folder / f"{stem}.onnx")
    progress(f"compiling {part.name}")
    path = folder / f"{stem}.plan"
    cache = folder.parent / f"{trt.__name__}-{trt.__version__}-{part.precision}.timing"
    path.write_bytes(compile_onnx(graph, part.shape, part.batches, trt, capability, part.precision, cache, progress))
    record = EngineRecord(
        model=part.name,
        model_hash=part.fingerprint,
        backend=trt.__name__,
        version=trt.__version__,
        device=hardware.gpu if capability == hardware.capability else "",
        capability=capability,
        precision=part.precision,
        people=part.batches,
        file=path.name,
        file_hash=file_hash(path),
        project_version=live_stf.__version__,
        built=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    progress(f"comparing {part.name} with OpenVINO on pictures of the sample clip")
    runner = _runner(record, part, hardware, folder, graph)
    if runner is None:
        return record
    pictures, wanted = references
    measured = differences(part.outputs, runner.run(pictures), wanted)
    if too_far := {name: share for name, share in measured.items() if not share <= LIMITS[part.precision]}:
        said = ", ".join(f"{share:.1e} of the largest in {name}" for name, share in too_far.items())
        raise EngineError(
            f"the engine of {part.name} in {part.precision} is not kept: it differs from OpenVINO by {said}, at most "
            f"{LIMITS[part.precision]:.0e} is allowed"
        )
    times = latencies(runner, pictures, part.batches, RUNS) if isinstance(runner, GraphRunner) else {}
    return replace(record, differences=measured, latency=times)


def export_onnx(part: Part, path: Path) -> Path:
    """Write the network as ONNX: any number of pictures, uint8 BGR -> its outputs, float32. EngineError without the
    libraries that it takes."""
    import torch

    try:
        network = torch_network(part.model, part.precision)
    except ValueError as error:
        raise EngineError(f"{part.name} cannot be exported: {error}") from error
    example = torch.zeros(2, *part.shape, dtype=torch.uint8)
    return save_onnx(to_onnx(network, example, INPUT, part.outputs, OPSETS[part.precision]), path)


class GraphRunner:
    """Graphs as one engine: any number of pictures, in batches that there are graphs for."""

    def __init__(self, graphs: Mapping[int, CudaGraph]) -> None:
        self._graphs = graphs

    def run(self, pictures: np.ndarray) -> tuple[np.ndarray, ...]:
        """The outputs (N, ...) for pictures (N, side, side, 3)."""
        size = max(size for size in self._graphs if size <= len(pictures))
        answers = [self._graphs[size].run(pictures[:size])]
        if len(pictures) > size:
            answers.append(self.run(pictures[size:]))
        return tuple(np.concatenate(parts) for parts in zip(*answers, strict=True))


def _runner(
    record: EngineRecord, part: Part, hardware: Hardware, folder: Path, graph: Path
) -> GraphRunner | OnnxEngine | None:
    """The engine itself where it can run here, else ONNX Runtime on the file; None where neither can."""
    if unfit(record, part.name, part.fingerprint, hardware) is None and damage(record, folder) is None:
        return GraphRunner(LoadedEngine(record, folder, part.outputs, build_command(part)).graphs)
    if "onnxruntime" not in hardware.modules:
        return None
    from live_stf.runtime.onnx_engine import OnnxEngine

    try:
        return OnnxEngine(graph)
    except EngineError:  # it has no bf16 on a processor
        return None


def differences(names: Sequence[str], found: Sequence[np.ndarray], wanted: Sequence[np.ndarray]) -> dict[str, float]:
    """Of every output, how far it is off in nearly all of its numbers (SHARE), as a share of the largest of them."""
    return {
        name: float(np.percentile(np.abs(values - expected), SHARE) / np.abs(expected).max())
        for name, values, expected in zip(names, found, wanted, strict=True)
    }


def real_references(bundle: Path) -> tuple[References, References]:
    """Of detector and landmark network: pictures of the sample clip, people and all, and OpenVINO's answers in fp32.

    AssetError when the sample clip cannot be had.
    """
    reference = networks.open_networks(bundle, 1, "fp32")
    detector, landmarks = reference.detector, reference.landmarks[0][0]
    seen: tuple[list, list] = [], []
    with VideoFile(sample_clip()) as source, BlazePose(1, bundle, networks=reference) as pose:
        while (frame := source.read()) is not None and frame.index < PICTURES:
            somebody = pose.detect(frame).persons
            if frame.index % STRIDE != STRIDE - 1 or not somebody:
                continue
            Region.whole(frame.size).cut(frame.image, detector.image, cv2.BORDER_CONSTANT)
            detector.start()
            for network, samples in zip((detector, landmarks), seen, strict=True):
                answers = [output.copy() for output in network.results()]
                samples.append((network.image.copy(), answers))
    collected = []
    for samples in seen:
        pictures, answers = zip(*samples, strict=True)
        collected.append((np.stack(pictures), [np.stack(values) for values in zip(*answers, strict=True)]))
    return collected[0], collected[1]
