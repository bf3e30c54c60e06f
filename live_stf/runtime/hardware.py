"""The GPU, the processor and the installed libraries that engines can use."""

from __future__ import annotations

import ctypes
import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from live_stf.errors import LiveStfError
from live_stf.runtime.machine import cores, processor

# Both have the same Python API. The first one tunes for the GPU at hand, so it is preferred.
TENSORRT_MODULES = ("tensorrt", "tensorrt_rtx")
# Errors of libraries that are installed but do not work on this machine.
DEVICE_FAILURES = (LiveStfError, ImportError, OSError, RuntimeError)
LONGEST_REASON = 400  # characters of such an error in messages
NO_GPU = "no NVIDIA GPU here"


@dataclass(frozen=True)
class Hardware:
    """The hardware of this machine and the libraries for it.

    gpu: name of the NVIDIA GPU that torch can use, None if there is none. capability: the GPU's compute capability
    ("sm_86"). modules: libraries that can be imported, with their versions. reason: why no GPU can be used, for
    messages.
    """

    gpu: str | None = None
    capability: str | None = None
    modules: Mapping[str, str] = field(default_factory=dict)
    cpu: str = ""
    reason: str = NO_GPU

    @property
    def tensorrt(self) -> str | None:
        """The TensorRT module to use, None if none is installed."""
        return next((name for name in TENSORRT_MODULES if name in self.modules), None)

    def __str__(self) -> str:
        cpu = f"{self.cpu or 'unknown processor'}, {cores()} processor cores"
        return f"{cpu}; {f'{self.gpu} ({self.capability})' if self.gpu else self.reason}"


def detect_hardware() -> Hardware:
    """Describe this machine. Imports torch only if there is an NVIDIA GPU."""
    modules = {name: version for name in ("torch", "openvino", "onnxruntime") if (version := _version(name))}
    cpu = processor()
    if not _driver_sees_gpu():
        return Hardware(modules=modules, cpu=cpu)
    modules |= tensorrt_modules()
    if "torch" not in modules:
        return Hardware(modules=modules, cpu=cpu, reason="there is an NVIDIA GPU, but torch is not installed")
    import torch

    if not torch.cuda.is_available():
        reason = f"there is an NVIDIA GPU, but torch {torch.__version__} cannot use it: install a CUDA build of torch"
        return Hardware(modules=modules, cpu=cpu, reason=reason)
    major, minor = torch.cuda.get_device_capability(0)
    return Hardware(torch.cuda.get_device_name(0), f"sm_{major}{minor}", modules, cpu, reason="")


def tensorrt_modules() -> dict[str, str]:
    """The TensorRT modules that can be imported, with their versions, the preferred one first."""
    found = {}
    for name in TENSORRT_MODULES:
        if importlib.util.find_spec(name) is None:
            continue
        try:
            found[name] = importlib.import_module(name).__version__
        except (ImportError, OSError, AttributeError):  # its libraries are missing, or it is only a folder of that name
            continue
    return found


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _driver_sees_gpu() -> bool:
    """Ask NVIDIA's driver for a GPU. That takes milliseconds; importing torch takes seconds."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int()
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0
