"""Networks compiled by TensorRT for NVIDIA GPUs, through either of its Python modules.

`tensorrt` (10 and later) measures kernels on the GPU at hand and builds for that one alone. `tensorrt_rtx` builds for a
named compute capability, on any machine, and compiles the kernels on the GPU that runs them. Both have the same API;
where they differ, it is asked for what is there.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from live_stf.engine.export import OUTPUTS
from live_stf.errors import EngineError
from live_stf.model import Model
from live_stf.runtime.devices import TENSORRT_MODULES, Machine, detect, tensorrt_modules
from live_stf.runtime.record import EngineRecord, damage, engines_folder, find_records, mismatch, model_hash, unfit

if TYPE_CHECKING:
    from live_stf.runtime.cuda_graph import Lane

log = logging.getLogger(__name__)

PRECISIONS = ("fp32", "fp16", "bf16", "int8")
PEOPLE = (1, 2, 4, 8)
OLDEST = 10  # of `tensorrt`; earlier ones have no strong typing
WORKSPACE = 1 << 30  # bytes that a kernel may use while `tensorrt` tries it
INSTALL = "install it with: pip install 'live-stf[tensorrt-rtx]' (or 'live-stf[tensorrt]', see docs/engines.md)"


def library(target: str | None = None, machine: Machine | None = None) -> ModuleType:
    """The TensorRT module to build with for `target` ("sm_86"; None: the GPU at hand). EngineError when none fits."""
    found = tensorrt_modules()
    if "tensorrt" in found and int(found["tensorrt"].split(".")[0]) < OLDEST:
        del found["tensorrt"]
    elsewhere = target is not None and (machine is None or target != machine.capability)
    for name in found:
        module = importlib.import_module(name)
        if not elsewhere or _is_rtx(module):
            return module
    if found:
        raise EngineError(f"tensorrt builds only for the GPU at hand; for {target}: {INSTALL}")
    raise EngineError(f"neither tensorrt (10 or later) nor tensorrt_rtx is installed; {INSTALL}")


def targets(trt: ModuleType) -> list[str]:
    """The compute capabilities that this library can build for by name; none for `tensorrt`."""
    if not _is_rtx(trt):
        return []
    return [f"sm_{name[2:]}" for name in trt.ComputeCapability.__members__ if name.startswith("SM")]


def _is_rtx(trt: ModuleType) -> bool:
    return trt.__name__ == "tensorrt_rtx"


def _logger(trt: ModuleType) -> tuple[object, list[str]]:
    """A logger for the library and the list that it collects errors in: nothing is printed."""
    errors: list[str] = []

    class Logger(trt.ILogger):
        def __init__(self) -> None:
            trt.ILogger.__init__(self)

        def log(self, severity: object, message: str) -> None:
            if severity in (trt.ILogger.Severity.ERROR, trt.ILogger.Severity.INTERNAL_ERROR):
                errors.append(" ".join(message.split()))
            log.debug("%s", message)

    return Logger(), errors


def _monitor(trt: ModuleType, progress: Callable[[str], None]) -> object:
    class Monitor(trt.IProgressMonitor):
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self.steps: dict[str, int] = {}

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            self.steps[phase_name] = num_steps
            progress(phase_name.lower())

        def phase_finish(self, phase_name: str) -> None:
            self.steps.pop(phase_name, None)

        def step_complete(self, phase_name: str, step: int) -> bool:
            progress(f"{phase_name.lower()}, {step + 1} of {self.steps.get(phase_name, '?')}")
            return True

    return Monitor()


def build(
    onnx: Path,
    shape: tuple[int, ...],
    people: Sequence[int],
    trt: ModuleType,
    target: str | None,
    precision: str,
    timing_cache: Path | None = None,
    progress: Callable[[str], None] = log.debug,
) -> bytes:
    """Compile an ONNX file of `export`, which decides the type of every operation, to a serialised engine.

    shape: of the network's input without the batch, (C, T, V, M) of a window. people: one optimisation profile for each
    batch size. target: "sm_86", needed where the library builds by name. EngineError says which operator or which
    setting cannot be had.
    """
    logger, errors = _logger(trt)
    builder = trt.Builder(logger)
    if builder is None:
        raise EngineError(f"{trt.__name__} does not start: {_said(errors)}")
    strong = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    network = builder.create_network(0 if strong is None else 1 << int(strong))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse_from_file(str(onnx)):
        faults = "; ".join(" ".join(str(parser.get_error(i)).split()) for i in range(parser.num_errors))
        raise EngineError(f"{trt.__name__} {trt.__version__} cannot take the network: {faults[:400]}")
    config = builder.create_builder_config()
    if precision == "fp32":
        config.clear_flag(trt.BuilderFlag.TF32)  # ten bits of mantissa are not fp32
    if known := targets(trt):
        if target not in known:
            raise EngineError(f"target {target!r} is not known to {trt.__name__} {trt.__version__}: {', '.join(known)}")
        config.num_compute_capabilities = 1
        config.set_compute_capability(getattr(trt.ComputeCapability, f"SM{target[3:]}"), 0)
    for batch in people:
        profile = builder.create_optimization_profile()
        profile.set_shape(network.get_input(0).name, *[(batch, *shape)] * 3)
        config.add_optimization_profile(profile)
    config.progress_monitor = _monitor(trt, progress)
    # TensorRT-RTX times nothing when it builds; asking for a timing cache would only make it look for a GPU.
    cache = None
    if not _is_rtx(trt):
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE)
        if timing_cache is not None:
            cache = config.create_timing_cache(timing_cache.read_bytes() if timing_cache.is_file() else b"")
            config.set_timing_cache(cache, ignore_mismatch=False)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise EngineError(f"{trt.__name__} {trt.__version__} could not build the engine: {_said(errors)}")
    if cache is not None:
        timing_cache.write_bytes(bytes(config.get_timing_cache().serialize()))
    return bytes(engine)


def _said(errors: list[str]) -> str:
    return errors[-1][:400] if errors else "it does not say why"


class TensorRTEngine:
    """A built engine on the GPU. One lane a batch size: fixed buffers, its own execution context, one CUDA graph.

    A batch between two sizes is filled up to the next one, a larger one than the largest is cut. EngineError when there
    is no engine for this model and machine, or it does not load.
    """

    def __init__(
        self,
        model: Model,
        notify: Callable[[str], None] = log.info,
        machine: Machine | None = None,
        folder: Path | None = None,
        record: EngineRecord | None = None,
    ) -> None:
        machine = detect() if machine is None else machine
        folder = engines_folder() if folder is None else folder
        self.record = matching_record(model, machine, folder) if record is None else record
        if reason := mismatch(self.record, model, machine) or damage(self.record, folder):
            raise EngineError(f"{self.record.file} is not loaded: {reason}; build it again: {build_command(model)}")
        self._lanes = LoadedEngine(self.record, folder, OUTPUTS, build_command(model), notify).lanes
        self.name = f"{product(self.record)} {machine.gpu} {self.record.precision}"

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        largest = max(self._lanes)
        answers = [self._run_part(x[start : start + largest]) for start in range(0, len(x), largest)]
        if len(answers) == 1:
            return answers[0]
        return tuple(np.concatenate(parts) for parts in zip(*answers, strict=True))

    def _run_part(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        batch = min(size for size in self._lanes if size >= len(x))
        filled = x if len(x) == batch else np.concatenate([x, np.zeros((batch - len(x), *x.shape[1:]), x.dtype)])
        logits, attention = self._lanes[batch].run(filled)
        return logits[: len(x)], attention[: len(x)]


class LoadedEngine:
    """The file of a record on the GPU, whatever network it is of: a lane a batch size, in `lanes`.

    outputs: their names, in the order in which lanes give them. command: builds the engine again. sizes: the batch
    sizes that are needed; all when not given. Whether the record fits has to be asked before. EngineError when it does
    not load.
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
        import torch

        self._record = record
        self._outputs = tuple(outputs)
        self._trt = importlib.import_module(record.backend)
        self._logger, errors = _logger(self._trt)
        self._runtime = self._trt.Runtime(self._logger)
        self._engine = self._runtime.deserialize_cuda_engine((folder / record.file).read_bytes())
        if self._engine is None:
            raise EngineError(f"{record.file} does not load: {_said(errors)}; build it again: {command}")
        self._stream = torch.cuda.Stream()
        # TensorRT-RTX records graphs itself, because it alone knows when its kernels are compiled; and it keeps these.
        self._native_graphs = _is_rtx(self._trt)
        self._kernels = folder / f"{record.file}.kernels"
        self._runtime_cache = None
        self._runtime_configs: list[object] = []  # kept as long as the contexts that were made with them
        self._contexts: dict[int, object] = {}
        self.lanes: dict[int, Lane] = {}
        for profile, batch in enumerate(record.people):
            if sizes is None or batch in sizes:
                notify(f"loading {record.file} for {batch} {'person' if batch == 1 else 'people'}")
                self.lanes[batch] = self._open_lane(profile, batch)
        self._keep_kernels()

    def _open_lane(self, profile: int, batch: int) -> Lane:
        import torch

        from live_stf.runtime.cuda_graph import Lane

        context = self._open_context()
        if context is None:
            raise EngineError(f"{self._record.file} does not start: the GPU has too little free memory")
        context.set_optimization_profile_async(profile, self._stream.cuda_stream)
        self._stream.synchronize()
        tensors = [self._engine.get_tensor_name(number) for number in range(self._engine.num_io_tensors)]
        (taken,) = (name for name in tensors if self._engine.get_tensor_mode(name) == self._trt.TensorIOMode.INPUT)
        shape = (batch, *tuple(self._engine.get_tensor_shape(taken))[1:])
        context.set_input_shape(taken, shape)
        outputs = tuple(
            torch.empty(tuple(context.get_tensor_shape(name)), dtype=self._type(name), device="cuda")
            for name in self._outputs
        )
        for name, tensor in zip(self._outputs, outputs, strict=True):
            context.set_tensor_address(name, tensor.data_ptr())
        self._contexts[batch] = context

        def work(x):
            context.set_tensor_address(taken, x.data_ptr())
            if not context.execute_async_v3(self._stream.cuda_stream):
                raise EngineError(f"{self._record.file} stopped on the GPU")
            return outputs

        return Lane(shape, work, self._stream, graph=not self._native_graphs, dtype=self._type(taken))

    def _type(self, name: str):
        """The type of a tensor as torch has it; those of inputs and outputs are ones that NumPy knows."""
        import torch

        return torch.from_numpy(np.empty(0, self._trt.nptype(self._engine.get_tensor_dtype(name)))).dtype

    def _open_context(self):
        if not self._native_graphs:
            return self._engine.create_execution_context()
        config = self._engine.create_runtime_config()
        config.cuda_graph_strategy = self._trt.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
        # Compiled on the first run, not sometime later beside the live picture.
        config.dynamic_shapes_kernel_specialization_strategy = self._trt.DynamicShapesKernelSpecializationStrategy.EAGER
        if self._runtime_cache is None:
            self._runtime_cache = config.create_runtime_cache()
            if self._kernels.is_file():
                self._runtime_cache.deserialize(self._kernels.read_bytes())  # says False, and stays empty, if outdated
        config.set_runtime_cache(self._runtime_cache)
        self._runtime_configs.append(config)
        return self._engine.create_execution_context(config)

    def _keep_kernels(self) -> None:
        if self._runtime_cache is None:
            return
        try:
            self._kernels.write_bytes(bytes(self._runtime_cache.serialize()))
        except OSError as problem:  # they are compiled again the next time
            log.info("the kernels of %s are not kept: %s", self._record.file, problem)


def product(record: EngineRecord) -> str:
    """What the library of a record is sold as."""
    return "TensorRT-RTX" if record.backend == "tensorrt_rtx" else "TensorRT"


def build_command(model: Model) -> str:
    """What a user types to build the engine of this model."""
    return f"python -m live_stf.engine build --model {model.folder} --backend tensorrt"


def matching_record(model: Model, machine: Machine, folder: Path) -> EngineRecord:
    """The newest engine for this model and machine. EngineError says why there is none."""
    return fitting_record(model.name, model_hash(model), machine, folder, build_command(model))


def fitting_record(
    name: str, fingerprint: str, machine: Machine, folder: Path, command: str, precision: str | None = None
) -> EngineRecord:
    """The newest engine of any network for this machine, see `record.unfit`; of one precision where that is given.

    EngineError says why there is none, and which command builds it.
    """
    reason = None
    for record in find_records(folder, log.debug):
        other = precision is not None and record.precision != precision
        if record.model != name or record.backend not in TENSORRT_MODULES or other:
            continue
        why = unfit(record, name, fingerprint, machine) or damage(record, folder)
        if why is None:
            return record
        reason = reason or f"{record.file} is not used: {why}"
    if machine.gpu is None:
        raise EngineError(f"TensorRT cannot run: {machine.reason}")
    what = name if precision is None else f"{name} in {precision}"
    reason = reason or f"there is no TensorRT engine of {what} in {folder}"
    raise EngineError(f"{reason}; build it: {command}")
