"""Report engines in a forked process, where they would hang: a fork copies no threads, and engines wait for theirs."""

from __future__ import annotations

import os

from live_stf.errors import LiveStfError

_first_process: int | None = None  # in which an engine was opened first


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
            "an engine was opened in another process, from which this one was forked, and would hang here: open it in "
            "this process only, or start processes by multiprocessing's 'spawn' method"
        )
