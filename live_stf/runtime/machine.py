"""Describe this machine in one line, to be printed beside measurements."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def processor() -> str:
    """The name of the processor."""
    listed = Path("/proc/cpuinfo")
    if listed.is_file():
        for line in listed.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cores() -> int:
    """The number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe_machine(gpu: str | None = None) -> str:
    """The GPU if one was used, processor, usable cores, system and Python version, in one line."""
    used = f"{gpu}, " if gpu else ""
    return f"{used}{processor()}, {cores()} cores, {platform.system()}, Python {platform.python_version()}"
