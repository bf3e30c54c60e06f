"""MediaPipe's person detector and landmark network on an NVIDIA GPU, the pictures of several people as one batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from live_stf.errors import EngineError
from live_stf.pose.blazepose.networks import Networks, read_networks
from live_stf.pose.blazepose.torch_network import torch_network
from live_stf.runtime.cuda_graph import CudaGraph

LARGEST = 4  # people in one batch


def open_networks(bundle: Path, people: int, precision: str, device: str = "cuda") -> Networks:
    """The networks of a bundle run by torch, for up to `people` at once, with one CUDA graph a number of people.

    precision: of the landmarks, a key of `torch_network.TYPES`; fp32 is without TF32. The detector is in fp32. device:
    "cpu" runs the same without graphs. Raises as `networks.read_networks` does, EngineError where there is no GPU or an
    operator is not known, RuntimeError where the GPU cannot do it.
    """
    read = read_networks(bundle)
    if device == "cuda" and not torch.cuda.is_available():
        raise EngineError(f"torch {torch.__version__} sees no NVIDIA GPU here")
    try:
        detector, landmarks = (
            torch_network(model, kind).to(device) for model, kind in zip(read, ("fp32", precision), strict=True)
        )
    except ValueError as error:
        raise EngineError(f"torch cannot run {bundle}: {error}") from error
    stream = torch.cuda.Stream() if device == "cuda" else None

    def graph(network: nn.Module, side: int, count: int) -> CudaGraph:
        return CudaGraph((count, side, side, 3), _exactly(network, device), stream, dtype=torch.uint8)

    sizes = range(1, min(people, LARGEST) + 1)
    sides = [model.input(0).shape[1] for model in read]
    name = f"{torch.cuda.get_device_name()}, CUDA graphs" if device == "cuda" else "torch cpu"
    return batched_networks(
        graph(detector, sides[0], 1), {count: graph(landmarks, sides[1], count) for count in sizes}, name
    )


def batched_networks(detector: CudaGraph, landmarks: Mapping[int, CudaGraph], device: str) -> Networks:
    """Networks of a graph for one whole picture, and of graphs by the number of people that they take at once."""
    largest = max(landmarks)
    rows = []
    for count in range(1, largest + 1):
        graph = landmarks[min(size for size in landmarks if size >= count)]
        rows.append(tuple(_Place(graph, index, index == count - 1) for index in range(count)))
    return Networks(_Place(detector, 0, True), tuple(rows), device)


class _Place:
    """One picture of a graph's batch; the whole batch is run when the last place is started."""

    def __init__(self, graph: CudaGraph, index: int, last: bool) -> None:
        self.image: np.ndarray = graph.input[index]
        self._graph = graph
        self._last = last
        self._outputs = tuple(output[index, ...] for output in graph.outputs)

    def start(self) -> None:
        if self._last:
            self._graph.start()

    def results(self) -> tuple[np.ndarray, ...]:
        self._graph.wait()
        return self._outputs


def _exactly(network: nn.Module, device: str) -> Callable[[Tensor], Sequence[Tensor]]:
    """The network without TF32: cuDNN would otherwise be free to compute convolutions with ten bits."""

    def work(pictures: Tensor) -> Sequence[Tensor]:
        if device == "cpu":
            return network(pictures)
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            return network(pictures)

    return work
