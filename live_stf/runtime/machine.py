"""The machine that a figure was measured on, in words that stand beside it."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def processor() -> str:
    """Name of the processor."""
    listed = Path("/proc/cpuinfo")
    if listed.is_file():
        for line in listed.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe_machine(gpu: str | None = None) -> str:
    """The GPU that was used, if one was, processor, cores at hand, system and Python in one line."""
    used = f"{gpu}, " if gpu else ""
    return f"{used}{processor()}, {cores()} cores, {platform.system()}, Python {platform.python_version()}"
