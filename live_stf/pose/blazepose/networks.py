"""MediaPipe's person detector and landmark network: read from a file, and compiled by OpenVINO for the CPU."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import numpy as np

from live_stf.errors import PoseError
from live_stf.pose.blazepose.tflite_graph import rewritten
from live_stf.pose.pose_models import DETECTOR_NAME, LANDMARK_OUTPUTS, LANDMARKS_NAME
from live_stf.runtime.openvino import openvino, precision_options

# Outputs of the landmark network that are used. The segmentation alone would take a quarter of its time.
LANDMARKS_READ = tuple(LANDMARK_OUTPUTS.index(name) for name in ("landmarks", "pose_flag", "heatmap"))
DETECTOR_READ = (0, 1)  # boxes and points (2254, 12), logits (2254, 1)
# (mean, scale): an image's values 0..255 become (value - mean) / scale.
DETECTOR_VALUES = (127.5, 127.5)
LANDMARK_VALUES = (0.0, 255.0)

SIDE_BY_SIDE = 2  # people whose landmarks are computed at once, each with half of the cores


class Network(Protocol):
    """A network ready for one image. image: its input (N, N, 3) uint8, BGR, for the caller to write into."""

    image: np.ndarray

    def start(self) -> None:
        """Begin a run; the image must not change until `results`."""
        ...

    def results(self) -> tuple[np.ndarray, ...]:
        """Wait for the end; returns the outputs without the batch's axis. The next run overwrites them."""
        ...


@dataclass(frozen=True)
class Networks:
    """The opened networks.

    landmarks: entry i has the networks for i + 1 people at once, to be filled and started in order. device: the device
    that runs them, for messages; empty for the CPU.
    """

    detector: Network
    landmarks: tuple[tuple[Network, ...], ...]
    device: str = ""

    def for_people(self, count: int) -> tuple[Network, ...]:
        """Landmark networks for as many of `count` people as can be computed at once."""
        return self.landmarks[min(count, len(self.landmarks)) - 1]


class _Compiled:
    """A network compiled by OpenVINO."""

    def __init__(self, compiled: openvino.CompiledModel) -> None:
        self._request = compiled.create_infer_request()
        self.image: np.ndarray = self._request.get_input_tensor(0).data[0]
        # A request always writes into the same memory; asking for it each time costs more than reading it.
        self._outputs = tuple(tensor.data[0] for tensor in self._request.output_tensors)

    def start(self) -> None:
        self._request.start_async()

    def results(self) -> tuple[np.ndarray, ...]:
        self._request.wait()
        return self._outputs


def open_networks(path: Path, people: int, precision: str) -> Networks:
    """The networks of a file on the CPU, for up to `people` at once. precision: of the landmark network.

    The detector stays in fp32: in bf16 its points are rounded so much that regions, and landmarks with them, move three
    times as far as through landmarks in bf16.

    Raises FileNotFoundError if there is no such file, PoseError for a file without the two networks, ModelError for a
    precision that is not available.
    """
    options = precision_options(precision)
    detector, landmarks = read_networks(path)
    core = openvino.Core()
    latency = {"PERFORMANCE_HINT": "LATENCY"}
    side_by_side: list[tuple[Network, ...]] = []
    if people > 1:
        shared = core.compile_model(landmarks, "CPU", {**options, "NUM_STREAMS": SIDE_BY_SIDE})
        side_by_side = [tuple(_Compiled(shared) for _ in range(SIDE_BY_SIDE))]
    alone = _Compiled(core.compile_model(landmarks, "CPU", {**options, **latency}))
    return Networks(
        _Compiled(core.compile_model(detector, "CPU", {**precision_options("fp32"), **latency})),
        ((alone,), *side_by_side),
    )


def read_networks(path: Path) -> tuple[openvino.Model, openvino.Model]:
    """Detector and landmark network of a file (see `pose_models`), with images as input and without unused outputs.

    Raises FileNotFoundError if there is no such file, PoseError for a file without the two networks.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such pose model")
    try:
        # OpenVINO reads TFLite from files only.
        with zipfile.ZipFile(path) as archive, TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            names = DETECTOR_NAME, LANDMARKS_NAME
            detector, landmarks = (openvino.Core().read_model(archive.extract(name, folder)) for name in names)
            return (
                rewritten(detector, DETECTOR_READ, *DETECTOR_VALUES),
                rewritten(landmarks, LANDMARKS_READ, *LANDMARK_VALUES),
            )
    except (zipfile.BadZipFile, KeyError, IndexError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        raise PoseError(f"{path} does not hold MediaPipe's pose networks ({reason})") from error
