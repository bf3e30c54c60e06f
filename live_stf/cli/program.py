"""How every program of the project ends: in one line where something is wrong, with a status that says so."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from live_stf.errors import LiveStfError

WRONG = 2
INTERRUPTED = 130  # as shells count a program that Ctrl-C ended


def print_error(problem: object) -> None:
    """Say on stderr what is wrong."""
    print(f"error: {problem}", file=sys.stderr)


def run_command(work: Callable[..., int | None], *arguments: Any, stopped: str = "") -> int:
    """Do the work of a program; returns its exit status: the work's own, 0 where it has none.

    WRONG where an error is raised that a user can do something about (LiveStfError, OSError), which is told in one
    line; INTERRUPTED after Ctrl-C, when `stopped` is said.
    """
    try:
        return work(*arguments) or 0
    except LiveStfError as problem:
        print_error(problem)
        return WRONG
    except OSError as problem:
        print_error(f"{problem.filename}: {problem.strerror}" if problem.filename else problem)
        return WRONG
    except KeyboardInterrupt:
        if stopped:
            print(stopped, file=sys.stderr)
        return INTERRUPTED
