"""What engines can count on: the GPU, the processor, the libraries that are installed."""

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

# Both answer to the same Python API. Where both are installed, the one that tunes for the GPU at hand comes first.
TENSORRT_MODULES = ("tensorrt", "tensorrt_rtx")
# Raised by libraries that are installed but do not work on this machine.
DEVICE_FAILURES = (LiveStfError, ImportError, OSError, RuntimeError)
LONGEST_REASON = 400  # characters of such an error that users see
NO_GPU = "no NVIDIA GPU here"


@dataclass(frozen=True)
class Hardware:
    """gpu: name of the NVIDIA GPU that torch can use, None without; capability: its compute capability ("sm_86").

    modules: libraries that can be imported, with their versions. reason: why there is no GPU to use, for people.
    """

    gpu: str | None = None
    capability: str | None = None
    modules: Mapping[str, str] = field(default_factory=dict)
    cpu: str = ""
    reason: str = NO_GPU

    @property
    def tensorrt(self) -> str | None:
        """The TensorRT module to use here, None when none is installed."""
        return next((name for name in TENSORRT_MODULES if name in self.modules), None)

    def __str__(self) -> str:
        cpu = f"{self.cpu or 'unknown processor'}, {cores()} processor cores"
        return f"{cpu}; {f'{self.gpu} ({self.capability})' if self.gpu else self.reason}"


def detect_hardware() -> Hardware:
    """This machine. torch is imported only where there is an NVIDIA GPU to ask it about."""
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
    """The TensorRT modules that can be imported, with their versions, in the order of preference."""
    found = {}
    for name in TENSORRT_MODULES:
        if importlib.util.find_spec(name) is None:
            continue
        try:
            found[name] = importlib.import_module(name).__version__
        except (ImportError, OSError, AttributeError):  # its libraries are missing, or it is a folder of that name
            continue
    return found


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _driver_sees_gpu() -> bool:
    """Asks NVIDIA's driver itself, which takes milliseconds where importing torch takes seconds."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int()
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0
