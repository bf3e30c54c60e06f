"""Compile ONNX files with TensorRT, through either of its Python modules.

`tensorrt` (10 and later) measures kernels on the GPU at hand and builds for that GPU alone. `tensorrt_rtx` builds for a
named compute capability on any machine; the GPU that runs the engine compiles its kernels. Both have the same API.
Where they differ, this code checks whether a feature exists.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from live_stf.errors import EngineError
from live_stf.runtime.hardware import Hardware, tensorrt_modules

log = logging.getLogger(__name__)

OLDEST = 10  # version of `tensorrt`; earlier ones have no strongly typed networks
WORKSPACE = 1 << 30  # bytes that a kernel may use while `tensorrt` measures it
INSTALL = "install it with: pip install 'live-stf[tensorrt-rtx]' (or 'live-stf[tensorrt]', see docs/engines.md)"


def tensorrt_library(target: str | None = None, hardware: Hardware | None = None) -> ModuleType:
    """The TensorRT module that can build for `target` ("sm_86"; None for the GPU at hand).

    Raises EngineError if no installed module can.
    """
    found = tensorrt_modules()
    if "tensorrt" in found and int(found["tensorrt"].split(".")[0]) < OLDEST:
        del found["tensorrt"]
    elsewhere = target is not None and (hardware is None or target != hardware.capability)
    for name in found:
        module = importlib.import_module(name)
        if not elsewhere or is_rtx(module):
            return module
    if found:
        raise EngineError(f"tensorrt builds only for the GPU at hand; for {target} tensorrt_rtx is needed; {INSTALL}")
    raise EngineError(f"neither tensorrt (10 or later) nor tensorrt_rtx is installed; {INSTALL}")


def named_targets(trt: ModuleType) -> list[str]:
    """The compute capabilities that the module can build for by name; none for `tensorrt`."""
    if not is_rtx(trt):
        return []
    return [f"sm_{name[2:]}" for name in trt.ComputeCapability.__members__ if name.startswith("SM")]


def target_capability(target: str | None, hardware: Hardware) -> str:
    """The compute capability to build for: `target` ("sm_86") or, if it is None, that of this machine's GPU.

    Raises EngineError if there is neither.
    """
    capability = target or hardware.capability
    if capability is None:
        raise EngineError(f"{hardware.reason}: name the GPU to build for, for example --target sm_86")
    return capability


def is_rtx(trt: ModuleType) -> bool:
    """Whether the module is that of TensorRT-RTX."""
    return trt.__name__ == "tensorrt_rtx"


def compile_onnx(
    onnx: Path,
    shape: tuple[int, ...],
    batches: Sequence[int],
    trt: ModuleType,
    target: str | None,
    precision: str,
    timing_cache: Path | None = None,
    progress: Callable[[str], None] = log.debug,
) -> bytes:
    """Compile an ONNX file to a serialised engine. The file decides the type of every operation.

    shape: shape of the input without the batch. batches: batch sizes; each gets an optimisation profile. target:
    compute capability ("sm_86"), needed for TensorRT-RTX. Raises EngineError, which names the operator or setting that
    is not supported.
    """
    logger, errors = collecting_logger(trt)
    builder = trt.Builder(logger)
    if builder is None:
        raise EngineError(f"{trt.__name__} does not start: {last_error(errors)}")
    network = _parsed(trt, builder, logger, onnx)
    config = builder.create_builder_config()
    if precision == "fp32":
        config.clear_flag(trt.BuilderFlag.TF32)  # its ten bits of mantissa are not fp32
    _set_target(trt, config, target)
    for batch in batches:
        profile = builder.create_optimization_profile()
        profile.set_shape(network.get_input(0).name, *[(batch, *shape)] * 3)
        config.add_optimization_profile(profile)
    config.progress_monitor = _monitor(trt, progress)
    # TensorRT-RTX measures nothing when it builds; a timing cache would only make it look for a GPU.
    cache = None
    if not is_rtx(trt):
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, WORKSPACE)
        if timing_cache is not None:
            cache = config.create_timing_cache(timing_cache.read_bytes() if timing_cache.is_file() else b"")
            config.set_timing_cache(cache, ignore_mismatch=False)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise EngineError(f"{trt.__name__} {trt.__version__} could not build the engine: {last_error(errors)}")
    if cache is not None and timing_cache is not None:
        timing_cache.write_bytes(bytes(config.get_timing_cache().serialize()))
    return bytes(engine)


def _parsed(trt: ModuleType, builder: Any, logger: object, onnx: Path) -> Any:
    """The network of an ONNX file, as TensorRT's INetworkDefinition."""
    strong = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    network = builder.create_network(0 if strong is None else 1 << int(strong))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse_from_file(str(onnx)):
        faults = "; ".join(" ".join(str(parser.get_error(i)).split()) for i in range(parser.num_errors))
        raise EngineError(f"{trt.__name__} {trt.__version__} cannot parse the network: {faults[:400]}")
    return network


def _set_target(trt: ModuleType, config: Any, target: str | None) -> None:
    known = named_targets(trt)
    if not known:
        return
    if target is None or target not in known:
        raise EngineError(
            f"{trt.__name__} {trt.__version__} cannot build for {target!r}; choose one of {', '.join(known)}"
        )
    config.num_compute_capabilities = 1
    config.set_compute_capability(getattr(trt.ComputeCapability, f"SM{target[3:]}"), 0)


def collecting_logger(trt: ModuleType) -> tuple[object, list[str]]:
    """A logger for TensorRT that prints nothing, and the list in which it collects errors."""
    errors: list[str] = []

    class Logger(trt.ILogger):  # type: ignore[name-defined]  # the module is known at run time only
        def __init__(self) -> None:
            trt.ILogger.__init__(self)

        def log(self, severity: object, message: str) -> None:
            if severity in (trt.ILogger.Severity.ERROR, trt.ILogger.Severity.INTERNAL_ERROR):
                errors.append(" ".join(message.split()))
            log.debug("%s", message)

    return Logger(), errors


def last_error(errors: list[str]) -> str:
    """The last line that a logger has collected."""
    return errors[-1][:400] if errors else "it gives no reason"


def _monitor(trt: ModuleType, progress: Callable[[str], None]) -> object:
    class Monitor(trt.IProgressMonitor):  # type: ignore[name-defined]  # the module is known at run time only
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
