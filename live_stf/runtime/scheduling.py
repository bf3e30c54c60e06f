"""Which threads the processor turns to first, where the system can be told (Linux); elsewhere nothing is done.

Beside an interface the engines' threads have to give way to it, and what little it asks for it should get at once.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
import threading

_NICE = 10  # of threads that give way
# Linux lets a thread that asks for short turns have them sooner, from version 6.12 on without being root; the length is
# ignored before.
_SHORT, _USUAL = 100_000, 3_000_000  # nanoseconds of a turn
_SET_ATTRIBUTES = {"x86_64": 314, "aarch64": 274}  # the system call sched_setattr(2), which neither Python nor libc has
_SIZE = 48  # bytes of its `struct sched_attr`: size, policy, flags, nice, priority, runtime, deadline, period


def come_first() -> None:
    """Let the calling thread, and those that it begins from now on, have short turns soon."""
    _take_turns_of(_SHORT)


def give_way() -> None:
    """Let the calling thread, and those that it begins from now on, run less readily than the others."""
    if sys.platform.startswith("linux"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
    _take_turns_of(_USUAL)


def _take_turns_of(nanoseconds: int) -> None:
    number = _SET_ATTRIBUTES.get(platform.machine())
    if number is None or not sys.platform.startswith("linux"):
        return
    nice = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    attributes = struct.pack("=IIQiIQQQ", _SIZE, os.SCHED_OTHER, 0, nice, 0, nanoseconds, 0, 0)
    # Where it is refused, by an old system or in a container, all is as it was.
    ctypes.CDLL(None).syscall(number, 0, ctypes.create_string_buffer(attributes), 0)
