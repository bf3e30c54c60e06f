"""Build TensorRT engines of MediaPipe's networks, and compare them with OpenVINO on frames of the sample clip."""

from __future__ import annotations

import datetime
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

import live_stf
from live_stf.assets import sample_clip
from live_stf.errors import EngineError
from live_stf.pose.blazepose import networks
from live_stf.pose.blazepose.blazepose import BlazePose
from live_stf.pose.blazepose.region import Region
from live_stf.pose.blazepose.tensorrt_networks import Part, build_command, parts
from live_stf.pose.blazepose.torch_network import torch_network
from live_stf.runtime.cuda_graph import CudaGraph
from live_stf.runtime.hardware import Hardware
from live_stf.runtime.onnx_export import OPSETS, save_onnx, to_onnx
from live_stf.runtime.record import EngineRecord, damage, file_hash, unfit
from live_stf.runtime.tensorrt_build import compile_onnx, target_capability, tensorrt_library
from live_stf.runtime.tensorrt_runtime import LoadedEngine
from live_stf.runtime.timing import latencies
from live_stf.sources.video_file import VideoFile

if TYPE_CHECKING:
    from live_stf.runtime.onnx_engine import OnnxEngine

INPUT = "pictures"
FRAMES, STRIDE = 120, 10  # of the sample clip that an engine is compared on, and from one used frame to the next
# Largest difference to OpenVINO in fp32, as a share of an output's largest number; rounding alone makes up to 3e-3 in
# fp16 and 6e-2 in bf16. It holds for the percentile SHARE: in difficult images single joints jump.
LIMITS = {"fp32": 1e-4, "fp16": 1e-2, "bf16": 1e-1}
SHARE = 95
RUNS = 20

Sample = tuple[np.ndarray, list[np.ndarray]]  # one image, and a network's outputs for it
References = tuple[np.ndarray, list[np.ndarray]]  # images (N, side, side, 3), and a network's outputs for them


def build(
    path: Path,
    hardware: Hardware,
    folder: Path,
    precision: str = "fp32",
    target: str | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> list[EngineRecord]:
    """Build the engines of both networks of a file into `folder`, each with its record, and return the records.

    target: compute capability, e.g. "sm_86"; by default that of this machine's GPU. Each engine is compared with
    OpenVINO on frames of the sample clip. If it is for another GPU, ONNX Runtime runs the file that it is compiled from
    instead. An engine that differs too much is not saved. Raises EngineError if an engine cannot be built, AssetError
    without the sample clip, and as `networks.read_networks` does.
    """
    capability = target_capability(target, hardware)
    found = parts(path, precision)
    references = real_references(path)
    folder.mkdir(parents=True, exist_ok=True)
    records = []
    with tempfile.TemporaryDirectory(dir=folder, prefix=".building-") as temporary:
        for part, wanted in zip(found, references, strict=True):
            record = _build_part(part, wanted, hardware, capability, Path(temporary), progress)
            os.replace(Path(temporary) / record.file, folder / record.file)
            record.save(folder)  # last: an engine without a record is ignored
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
        device=(hardware.gpu or "") if capability == hardware.capability else "",
        capability=capability,
        precision=part.precision,
        people=part.batches,
        file=path.name,
        file_hash=file_hash(path),
        project_version=live_stf.__version__,
        built=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    progress(f"comparing {part.name} with OpenVINO on frames of the sample clip")
    runner = _runner(record, part, hardware, folder, graph)
    if runner is None:
        return record
    images, wanted = references
    measured = differences(part.outputs, runner.run(images), wanted)
    if too_far := {name: share for name, share in measured.items() if not share <= LIMITS[part.precision]}:
        reason = ", ".join(f"{share:.1e} of the largest number in {name}" for name, share in too_far.items())
        raise EngineError(
            f"the engine of {part.name} in {part.precision} is not kept: it differs from OpenVINO by {reason}, but the "
            f"limit is {LIMITS[part.precision]:.0e}"
        )
    times = latencies(runner, images, part.batches, RUNS) if isinstance(runner, GraphRunner) else {}
    return replace(record, differences=measured, latency=times)


def export_onnx(part: Part, path: Path) -> Path:
    """Write the network as ONNX: any number of images, uint8 BGR -> its outputs, float32.

    Raises EngineError if a library is missing or an operator is not known.
    """
    import torch

    try:
        network = torch_network(part.model, part.precision)
    except ValueError as error:
        raise EngineError(f"{part.name} cannot be exported: {error}") from error
    example = torch.zeros(2, *part.shape, dtype=torch.uint8)
    return save_onnx(to_onnx(network, example, INPUT, part.outputs, OPSETS[part.precision]), path)


class GraphRunner:
    """Runs any number of images through CUDA graphs, in batches of the sizes of the graphs."""

    def __init__(self, graphs: Mapping[int, CudaGraph]) -> None:
        self._graphs = graphs

    def run(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        """The outputs (N, ...) for images (N, side, side, 3)."""
        size = max(size for size in self._graphs if size <= len(images))
        answers = [self._graphs[size].run(images[:size])]
        if len(images) > size:
            answers.append(self.run(images[size:]))
        return tuple(np.concatenate(parts) for parts in zip(*answers, strict=True))


def _runner(
    record: EngineRecord, part: Part, hardware: Hardware, folder: Path, graph: Path
) -> GraphRunner | OnnxEngine | None:
    """The engine itself if it can run here, else ONNX Runtime on the file; None if neither can."""
    if unfit(record, part.name, part.fingerprint, hardware) is None and damage(record, folder) is None:
        return GraphRunner(LoadedEngine(record, folder, part.outputs, build_command(part)).graphs)
    if "onnxruntime" not in hardware.modules:
        return None
    from live_stf.runtime.onnx_engine import OnnxEngine

    try:
        return OnnxEngine(graph)
    except EngineError:  # ONNX Runtime has no bf16 on a CPU
        return None


def differences(names: Sequence[str], found: Sequence[np.ndarray], wanted: Sequence[np.ndarray]) -> dict[str, float]:
    """For every output the percentile SHARE of the absolute differences, as a share of the largest expected number."""
    return {
        name: float(np.percentile(np.abs(values - expected), SHARE) / np.abs(expected).max())
        for name, values, expected in zip(names, found, wanted, strict=True)
    }


def real_references(path: Path) -> tuple[References, References]:
    """Images from the sample clip for the detector and the landmark network, and OpenVINO's outputs in fp32.

    Raises AssetError if the sample clip cannot be downloaded.
    """
    reference = networks.open_networks(path, 1, "fp32")
    detector, landmarks = reference.detector, reference.landmarks[0][0]
    seen: tuple[list[Sample], list[Sample]] = [], []
    with VideoFile(sample_clip()) as source, BlazePose(1, path, networks=reference) as pose:
        while (frame := source.read()) is not None and frame.index < FRAMES:
            persons = pose.detect(frame).persons
            if frame.index % STRIDE != STRIDE - 1 or not persons:
                continue
            Region.whole(frame.size).cut(frame.image, detector.image, cv2.BORDER_CONSTANT)
            detector.start()
            for network, samples in zip((detector, landmarks), seen, strict=True):
                outputs = [output.copy() for output in network.results()]
                samples.append((network.image.copy(), outputs))
    return _stacked(seen[0]), _stacked(seen[1])


def _stacked(samples: Sequence[Sample]) -> References:
    outputs = zip(*(outputs for _, outputs in samples), strict=True)
    return np.stack([image for image, _ in samples]), [np.stack(values) for values in outputs]
