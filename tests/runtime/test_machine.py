"""The description of the machine in one line."""

from __future__ import annotations

import os
import platform

from live_stf.runtime.machine import cores, describe_machine, processor


def test_the_machine_is_described_in_one_line() -> None:
    line = describe_machine()
    assert "\n" not in line
    assert platform.python_version() in line
    assert f"{cores()} cores" in line
    assert processor() in line
    assert 1 <= cores() <= os.cpu_count()


def test_a_gpu_that_was_used_is_named_first() -> None:
    assert describe_machine("NVIDIA H200") == f"NVIDIA H200, {describe_machine()}"
