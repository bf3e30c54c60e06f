"""MediaPipe's person detector and landmark network, read from a `.task` bundle; compiled by OpenVINO for the CPU."""

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

# What is read of a landmark model's outputs. The segmentation alone would take a quarter of its time.
LANDMARKS_READ = tuple(LANDMARK_OUTPUTS.index(name) for name in ("landmarks", "pose_flag", "heatmap"))
DETECTOR_READ = (0, 1)  # boxes and points (2254, 12), logits (2254, 1)
# What a picture's values 0..255 become: (value - mean) / scale.
DETECTOR_VALUES = (127.5, 127.5)
LANDMARK_VALUES = (0.0, 255.0)

SIDE_BY_SIDE = 2  # people whose landmarks are looked for at once, with half of the cores each


class Network(Protocol):
    """A network ready for one picture. picture: its input (N, N, 3) uint8, BGR, to be written into."""

    picture: np.ndarray

    def start(self) -> None:
        """Begin a run; the picture has to stay as it is until `results`."""
        ...

    def results(self) -> tuple[np.ndarray, ...]:
        """Wait for the end. The outputs come without an axis for the batch; the next run overwrites them."""
        ...


@dataclass(frozen=True)
class Networks:
    """landmarks: the i-th are those for i + 1 people at once; more than there are for have to wait.

    They are filled and started in their order, the last one last. device: where they run, in words, where that is not
    the processor.
    """

    detector: Network
    landmarks: tuple[tuple[Network, ...], ...]
    device: str = ""

    def for_people(self, count: int) -> tuple[Network, ...]:
        """Landmark networks for as many of `count` people as can be looked for at once."""
        return self.landmarks[min(count, len(self.landmarks)) - 1]


class _Compiled:
    """A network compiled by OpenVINO."""

    def __init__(self, compiled: openvino.CompiledModel) -> None:
        self._request = compiled.create_infer_request()
        self.picture: np.ndarray = self._request.get_input_tensor(0).data[0]
        # A request writes into the same memory as long as it lives; asking for it anew costs more than what is read.
        self._outputs = tuple(tensor.data[0] for tensor in self._request.output_tensors)

    def start(self) -> None:
        self._request.start_async()

    def results(self) -> tuple[np.ndarray, ...]:
        self._request.wait()
        return self._outputs


def open_networks(bundle: Path, people: int, precision: str) -> Networks:
    """The networks of a bundle on the processor, for up to `people` at once; `precision` is that of the landmarks.

    The detector stays in fp32: in bf16 its points are rounded so far that regions move, and landmarks with them, three
    times as far as by landmarks in bf16.

    Raises FileNotFoundError for a bundle that is not there, PoseError for one that does not hold the two networks,
    ModelError for a precision that cannot be had.
    """
    options = precision_options(precision)
    detector, landmarks = read_networks(bundle)
    core = openvino.Core()
    latency = {"PERFORMANCE_HINT": "LATENCY"}
    side_by_side = []
    if people > 1:
        shared = core.compile_model(landmarks, "CPU", {**options, "NUM_STREAMS": SIDE_BY_SIDE})
        side_by_side = [tuple(_Compiled(shared) for _ in range(SIDE_BY_SIDE))]
    alone = _Compiled(core.compile_model(landmarks, "CPU", {**options, **latency}))
    return Networks(
        _Compiled(core.compile_model(detector, "CPU", {**precision_options("fp32"), **latency})),
        ((alone,), *side_by_side),
    )


def read_networks(bundle: Path) -> tuple[openvino.Model, openvino.Model]:
    """Detector and landmark network with pictures as input, and without the outputs that nobody reads.

    Raises as `open_networks` does.
    """
    if not bundle.is_file():
        raise FileNotFoundError(f"{bundle}: no such pose model")
    try:
        # OpenVINO reads TFLite from files only.
        with zipfile.ZipFile(bundle) as archive, TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            names = DETECTOR_NAME, LANDMARKS_NAME
            detector, landmarks = (openvino.Core().read_model(archive.extract(name, folder)) for name in names)
            return (
                rewritten(detector, DETECTOR_READ, *DETECTOR_VALUES),
                rewritten(landmarks, LANDMARKS_READ, *LANDMARK_VALUES),
            )
    except (zipfile.BadZipFile, KeyError, IndexError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
        raise PoseError(f"{bundle} is no bundle of MediaPipe's pose networks ({reason})") from error
