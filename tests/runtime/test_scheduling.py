"""Priorities of threads, read back from the system."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from live_stf.runtime.scheduling import lower_priority, take_short_turns

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux")


def nice() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def turn() -> float:
    """Length in milliseconds of a turn of the calling thread."""
    status = Path(f"/proc/self/task/{threading.get_native_id()}/sched")
    found = re.search(r"se\.slice\s*:\s*(\d+)", status.read_text()) if status.is_file() else None
    if found is None:
        pytest.skip("needs a kernel that reports the length of turns")
    return int(found[1]) / 1e6


def in_threads(*work: Callable[[], object]) -> list[object]:
    """Run the first call in a new thread, and the others in threads that it starts. Returns the results."""

    def in_new_thread(call: Callable[[], object]) -> object:
        with ThreadPoolExecutor(1) as inner:
            return inner.submit(call).result()

    with ThreadPoolExecutor(1) as outer:
        return outer.submit(lambda: [work[0](), *map(in_new_thread, work[1:])]).result()


def test_threads_with_lower_priority_pass_it_on_to_threads_that_they_start() -> None:
    before = nice()
    assert in_threads(lower_priority, nice) == [None, max(before, 10)]
    assert nice() == before


def test_threads_can_take_short_turns_and_return_to_usual_ones() -> None:
    usual = turn()
    _, short, niceness = in_threads(take_short_turns, turn, nice)
    assert niceness == nice()
    if short == usual:
        pytest.skip("needs Linux 6.12 or newer, and permission to request short turns")
    assert short == pytest.approx(0.1)
    assert in_threads(lambda: (take_short_turns(), lower_priority()), turn)[1] == pytest.approx(3.0)
    assert turn() == usual
