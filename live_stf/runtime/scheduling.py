"""Priorities of threads on Linux; other systems are left alone.

The engines' threads give way to a window in the same process, and the window's thread runs as soon as it has work.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
import threading

_NICE = 10  # niceness of threads with lower priority
# Linux runs a thread sooner if it asks for short turns (from version 6.12, without root).
_SHORT, _USUAL = 100_000, 3_000_000  # nanoseconds of a turn
_SET_ATTRIBUTES = {"x86_64": 314, "aarch64": 274}  # the system call sched_setattr(2), which neither Python nor libc has
_SIZE = 48  # bytes of its `struct sched_attr`: size, policy, flags, nice, priority, runtime, deadline, period


def take_short_turns() -> None:
    """Make the calling thread, and threads that it starts later, run soon and for short turns."""
    _take_turns_of(_SHORT)


def lower_priority() -> None:
    """Make the calling thread, and threads that it starts later, run at lower priority than the others."""
    if sys.platform.startswith("linux"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
    _take_turns_of(_USUAL)


def _take_turns_of(nanoseconds: int) -> None:
    number = _SET_ATTRIBUTES.get(platform.machine())
    if number is None or not sys.platform.startswith("linux"):
        return
    nice = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    attributes = struct.pack("=IIQiIQQQ", _SIZE, os.SCHED_OTHER, 0, nice, 0, nanoseconds, 0, 0)
    # An old system or a container may refuse; then nothing changes.
    ctypes.CDLL(None).syscall(number, 0, ctypes.create_string_buffer(attributes), 0)
