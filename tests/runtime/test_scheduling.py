"""Which threads come first; what the system made of it is read back from the system."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from live_stf.runtime.scheduling import come_first, give_way

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux")


def nice() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def turn() -> float:
    """Milliseconds of a turn of the calling thread."""
    told = Path(f"/proc/self/task/{threading.get_native_id()}/sched")
    found = re.search(r"se\.slice\s*:\s*(\d+)", told.read_text()) if told.is_file() else None
    if found is None:
        pytest.skip("needs a kernel that tells how long turns are")
    return int(found[1]) / 1e6


def apart(*work: Callable[[], object]) -> list[object]:
    """What the calls return, one after the other in a thread of their own, each in a further thread begun there."""

    def one(call: Callable[[], object]) -> object:
        with ThreadPoolExecutor(1) as inner:
            return inner.submit(call).result()

    with ThreadPoolExecutor(1) as outer:
        return outer.submit(lambda: [work[0](), *map(one, work[1:])]).result()


def test_who_gives_way_runs_less_readily_and_so_do_the_threads_it_begins() -> None:
    before = nice()
    assert apart(give_way, nice) == [None, max(before, 10)]
    assert nice() == before


def test_who_comes_first_has_short_turns_and_who_gives_way_usual_ones() -> None:
    usual = turn()
    _, short, niceness = apart(come_first, turn, nice)
    assert niceness == nice()
    if short == usual:
        pytest.skip("needs Linux 6.12 or newer, and leave to ask for short turns")
    assert short == pytest.approx(0.1)
    assert apart(lambda: (come_first(), give_way()), turn)[1] == pytest.approx(3.0)
    assert turn() == usual
