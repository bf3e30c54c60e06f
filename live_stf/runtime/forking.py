"""Detect forked processes, in which engines would hang: a fork copies no threads, and engines wait for theirs."""

from __future__ import annotations

import os

from live_stf.errors import LiveStfError

_first_process: int | None = None  # the process that opened the first engine


def check_process() -> None:
    """Raise LiveStfError if this process was forked from one that had opened an engine or a pose estimator.

    Called before each is opened or run.
    """
    global _first_process
    process = os.getpid()
    if _first_process is None:
        _first_process = process
    elif _first_process != process:
        raise LiveStfError(
            "this process was forked from one that had opened an engine, and engines would hang here: open engines in "
            "one process only, or start processes with multiprocessing's 'spawn' method"
        )
