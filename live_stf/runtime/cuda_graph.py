"""One network at one batch size as a CUDA graph, with fixed buffers and asynchronous copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

import numpy as np
import torch
from torch import Tensor

WARM_UPS = 3  # kernels are loaded, chosen and compiled on first use, which must not happen during the recording


class CudaGraph:
    """Runs `work` repeatedly on inputs of one shape.

    work: device tensor of `shape` and `dtype` -> device tensors; it may only start kernels on the current stream and
    must not wait. stream: of an NVIDIA GPU; None runs the work on the CPU, without a graph. graph: record the work once
    and replay it, so that hundreds of kernels cost one launch.

    Write the next input into the NumPy array `input`. Every run overwrites the arrays `outputs`.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        work: Callable[[Tensor], Sequence[Tensor]],
        stream: torch.cuda.Stream | None,
        graph: bool = True,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self._work = work
        self._stream = stream
        on_gpu = stream is not None
        self._host_input = torch.zeros(shape, dtype=dtype, pin_memory=on_gpu)
        self.input: np.ndarray = self._host_input.numpy()
        self._graph: torch.cuda.CUDAGraph | None = None
        with self._on_stream():
            self._device_input = torch.zeros(shape, dtype=dtype, device="cuda") if on_gpu else self._host_input
            for _ in range(WARM_UPS if on_gpu else 1):
                self._device_outputs = work(self._device_input)
            if stream is not None:
                stream.synchronize()
                if graph:
                    self._graph = torch.cuda.CUDAGraph()
                    # Other threads may use the GPU during the recording.
                    with torch.cuda.graph(self._graph, stream=stream, capture_error_mode="thread_local"):
                        self._device_outputs = work(self._device_input)
            self._host_outputs = tuple(
                torch.empty(output.shape, dtype=output.dtype, pin_memory=on_gpu) for output in self._device_outputs
            )
        self.outputs: tuple[np.ndarray, ...] = tuple(output.numpy() for output in self._host_outputs)
        self._done = torch.cuda.Event() if on_gpu else None

    def start(self) -> None:
        """Start a run on `input`, which must not change until `wait`. On a GPU this returns at once."""
        with self._on_stream():
            if self._stream is not None:
                self._device_input.copy_(self._host_input, non_blocking=True)
            if self._graph is not None:
                self._graph.replay()
            else:
                self._device_outputs = self._work(self._device_input)
            for host, output in zip(self._host_outputs, self._device_outputs, strict=True):
                host.copy_(output, non_blocking=True)
            if self._done is not None:
                self._done.record(self._stream)

    def wait(self) -> None:
        """Wait until `outputs` are complete. Waits for this run only, not for the whole device."""
        if self._done is not None:
            self._done.synchronize()

    def run(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
        """Run on x; the outputs are copies that the caller may keep."""
        np.copyto(self.input, x)
        self.start()
        self.wait()
        return tuple(output.copy() for output in self.outputs)

    def _on_stream(self) -> ExitStack:
        with ExitStack() as opened:
            opened.enter_context(torch.inference_mode())
            if self._stream is not None:
                opened.enter_context(torch.cuda.stream(self._stream))
            return opened.pop_all()
