"""The machine is named in one line that fits beside a figure."""

from __future__ import annotations

import os
import platform

from live_stf.machine import machine


def test_the_machine_is_named_in_one_line() -> None:
    said = machine()
    assert "\n" not in said
    assert platform.python_version() in said
    assert f"{len(os.sched_getaffinity(0))} cores" in said
