"""The machine is named in one line that fits beside a figure."""

from __future__ import annotations

import os
import platform

from live_stf.runtime.machine import cores, describe_machine, processor


def test_the_machine_is_named_in_one_line() -> None:
    said = describe_machine()
    assert "\n" not in said
    assert platform.python_version() in said
    assert f"{cores()} cores" in said
    assert processor() in said
    assert 1 <= cores() <= os.cpu_count()


def test_a_gpu_that_was_used_is_named_first() -> None:
    assert describe_machine("NVIDIA H200") == f"NVIDIA H200, {describe_machine()}"
