"""One batch size on an NVIDIA GPU: buffers that stay in place, asynchronous copies, the work as one CUDA graph."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

WARM_UPS = 3  # what is loaded, chosen or compiled on first use must not happen while the graph is recorded


class CudaLane:
    """Runs `work` on inputs of one shape, again and again.

    work: device tensor (N, C, T, V, M) -> logits and attention, device tensors; only kernels on the current stream, no
    waiting. graph: record it once and replay it, so that hundreds of kernels cost one launch.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        work: Callable[[Tensor], tuple[Tensor, Tensor]],
        stream: torch.cuda.Stream,
        graph: bool = True,
    ) -> None:
        self.stream = stream
        self.host_input = torch.zeros(shape, pin_memory=True)
        self._host_view = self.host_input.numpy()
        with torch.inference_mode(), torch.cuda.stream(stream):
            self.input = torch.zeros(shape, device="cuda")
            for _ in range(WARM_UPS):
                self.outputs = work(self.input)
            stream.synchronize()
            self.graph = None
            if graph:
                self.graph = torch.cuda.CUDAGraph()
                # Other threads may use the GPU meanwhile.
                with torch.cuda.graph(self.graph, stream=stream, capture_error_mode="thread_local"):
                    self.outputs = work(self.input)
            self.host_outputs = tuple(torch.empty(o.shape, dtype=o.dtype, pin_memory=True) for o in self.outputs)
        self.work = work
        self.done = torch.cuda.Event()

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Waits for this work alone: the event behind the last copy, not the whole device."""
        np.copyto(self._host_view, x)
        with torch.inference_mode(), torch.cuda.stream(self.stream):
            self.input.copy_(self.host_input, non_blocking=True)
            if self.graph is not None:
                self.graph.replay()
            else:
                self.outputs = self.work(self.input)
            for host, output in zip(self.host_outputs, self.outputs, strict=True):
                host.copy_(output, non_blocking=True)
            self.done.record(self.stream)
        self.done.synchronize()
        logits, attention = (host.numpy().copy() for host in self.host_outputs)
        return logits, attention
