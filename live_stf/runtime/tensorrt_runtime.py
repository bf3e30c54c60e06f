"""Run built TensorRT engines of any network on the GPU."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from live_stf.errors import EngineError
from live_stf.runtime.cuda_graph import CudaGraph
from live_stf.runtime.record import EngineRecord
from live_stf.runtime.tensorrt_build import collecting_logger, is_rtx, last_error

log = logging.getLogger(__name__)


class LoadedEngine:
    """The engine of a record on the GPU: `graphs` maps batch sizes to CudaGraphs.

    outputs: names of the outputs, in the order in which the graphs return them. command: the command that builds the
    engine again. sizes: the batch sizes to load; None for all. Check first whether the record fits (`record.unfit`).
    Raises EngineError if the file does not load.
    """

    def __init__(
        self,
        record: EngineRecord,
        folder: Path,
        outputs: Sequence[str],
        command: str,
        notify: Callable[[str], None] = log.info,
        sizes: Collection[int] | None = None,
    ) -> None:
        self._record = record
        self._outputs = tuple(outputs)
        self._trt = importlib.import_module(record.backend)
        self._logger, errors = collecting_logger(self._trt)
        self._runtime = self._trt.Runtime(self._logger)
        self._engine = self._runtime.deserialize_cuda_engine((folder / record.file).read_bytes())
        if self._engine is None:
            raise EngineError(f"{record.file} does not load: {last_error(errors)}; build it again: {command}")
        self._stream = torch.cuda.Stream()
        # TensorRT-RTX records graphs itself, because only it knows when its kernels are compiled. It can store these.
        self._native_graphs = is_rtx(self._trt)
        self._kernels = folder / f"{record.file}.kernels"
        self._runtime_cache: Any = None
        self._runtime_configs: list[object] = []  # have to live as long as the contexts made with them
        self._contexts: dict[int, object] = {}
        self.graphs: dict[int, CudaGraph] = {}
        for profile, batch in enumerate(record.people):
            if sizes is None or batch in sizes:
                notify(f"loading {record.file} for {batch} {'person' if batch == 1 else 'people'}")
                self.graphs[batch] = self._open_graph(profile, batch)
        self._keep_kernels()

    def _open_graph(self, profile: int, batch: int) -> CudaGraph:
        context = self._open_context()
        if context is None:
            raise EngineError(
                f"{self._record.file} does not start: the GPU has too little free memory; close other programs"
            )
        context.set_optimization_profile_async(profile, self._stream.cuda_stream)
        self._stream.synchronize()
        tensors = [self._engine.get_tensor_name(number) for number in range(self._engine.num_io_tensors)]
        (input_name,) = (name for name in tensors if self._engine.get_tensor_mode(name) == self._trt.TensorIOMode.INPUT)
        shape = (batch, *tuple(self._engine.get_tensor_shape(input_name))[1:])
        context.set_input_shape(input_name, shape)
        outputs = tuple(
            torch.empty(tuple(context.get_tensor_shape(name)), dtype=self._type(name), device="cuda")
            for name in self._outputs
        )
        for name, tensor in zip(self._outputs, outputs, strict=True):
            context.set_tensor_address(name, tensor.data_ptr())
        self._contexts[batch] = context

        def work(x: Tensor) -> tuple[Tensor, ...]:
            context.set_tensor_address(input_name, x.data_ptr())
            if not context.execute_async_v3(self._stream.cuda_stream):
                raise EngineError(f"{self._record.file} stopped on the GPU")
            return outputs

        return CudaGraph(shape, work, self._stream, graph=not self._native_graphs, dtype=self._type(input_name))

    def _type(self, name: str) -> torch.dtype:
        """torch's type of a tensor. Inputs and outputs have types that NumPy knows."""
        return torch.from_numpy(np.empty(0, self._trt.nptype(self._engine.get_tensor_dtype(name)))).dtype

    def _open_context(self) -> Any:
        if not self._native_graphs:
            return self._engine.create_execution_context()
        config = self._engine.create_runtime_config()
        config.cuda_graph_strategy = self._trt.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
        # Compile on the first run, not at some later time while the program is live.
        config.dynamic_shapes_kernel_specialization_strategy = self._trt.DynamicShapesKernelSpecializationStrategy.EAGER
        if self._runtime_cache is None:
            self._runtime_cache = config.create_runtime_cache()
            if self._kernels.is_file():
                self._runtime_cache.deserialize(self._kernels.read_bytes())  # returns False and stays empty if outdated
        config.set_runtime_cache(self._runtime_cache)
        self._runtime_configs.append(config)
        return self._engine.create_execution_context(config)

    def _keep_kernels(self) -> None:
        if self._runtime_cache is None:
            return
        try:
            self._kernels.write_bytes(bytes(self._runtime_cache.serialize()))
        except OSError as problem:  # the kernels are then compiled again the next time
            log.info("the kernels of %s are not kept: %s", self._record.file, problem)


def product_name(record: EngineRecord) -> str:
    """NVIDIA's name of the library that runs a record's engine."""
    return "TensorRT-RTX" if record.backend == "tensorrt_rtx" else "TensorRT"
