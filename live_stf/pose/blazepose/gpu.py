"""MediaPipe's person detector and landmark network on an NVIDIA GPU, several people as one batch."""

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


def open_networks(path: Path, people: int, precision: str, device: str = "cuda") -> Networks:
    """The networks of a file run by torch, for up to `people` at once, with one CUDA graph per number of people.

    precision: of the landmark network, a key of `torch_network.TYPES`; fp32 never uses TF32. The detector is in fp32.
    device: "cpu" runs the same code without graphs. Raises as `networks.read_networks` does, EngineError if there is no
    GPU or an operator is not known, RuntimeError if the GPU fails.
    """
    read = read_networks(path)
    if device == "cuda" and not torch.cuda.is_available():
        raise EngineError(f"torch {torch.__version__} sees no NVIDIA GPU here")
    try:
        detector, landmarks = (
            torch_network(model, kind).to(device) for model, kind in zip(read, ("fp32", precision), strict=True)
        )
    except ValueError as error:
        raise EngineError(f"torch cannot run {path}: {error}") from error
    stream = torch.cuda.Stream() if device == "cuda" else None

    def graph(network: nn.Module, side: int, count: int) -> CudaGraph:
        return CudaGraph((count, side, side, 3), _without_tf32(network, device), stream, dtype=torch.uint8)

    sizes = range(1, min(people, LARGEST) + 1)
    sides = [model.input(0).shape[1] for model in read]
    name = f"{torch.cuda.get_device_name()}, CUDA graphs" if device == "cuda" else "torch cpu"
    return batched_networks(
        graph(detector, sides[0], 1), {count: graph(landmarks, sides[1], count) for count in sizes}, name
    )


def batched_networks(detector: CudaGraph, landmarks: Mapping[int, CudaGraph], device: str) -> Networks:
    """The networks of a graph for one whole image and of graphs for several people, by number of people."""
    largest = max(landmarks)
    rows = []
    for count in range(1, largest + 1):
        graph = landmarks[min(size for size in landmarks if size >= count)]
        rows.append(tuple(_BatchImage(graph, index, index == count - 1) for index in range(count)))
    return Networks(_BatchImage(detector, 0, True), tuple(rows), device)


class _BatchImage:
    """One image of a graph's batch. Starting the last image runs the whole batch."""

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


def _without_tf32(network: nn.Module, device: str) -> Callable[[Tensor], Sequence[Tensor]]:
    """The network without TF32, in which cuDNN would compute convolutions with a mantissa of ten bits."""

    def work(images: Tensor) -> Sequence[Tensor]:
        if device == "cpu":
            return network(images)
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            return network(images)

    return work
