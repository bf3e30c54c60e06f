"""Run commands: turn errors into one line on stderr and an exit status."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from live_stf.errors import LiveStfError

WRONG = 2
INTERRUPTED = 130  # the status that shells give a program ended by Ctrl-C


def print_error(problem: object) -> None:
    """Print one line about an error on stderr."""
    print(f"error: {problem}", file=sys.stderr)


def run_command(work: Callable[..., int | None], *arguments: Any, stopped: str = "") -> int:
    """Call `work` with the arguments and return the exit status of the command.

    It is the status that `work` returns, or 0 if it returns None. Errors that a user can fix
    (LiveStfError, OSError) are printed in one line and give WRONG. Ctrl-C prints `stopped` and gives INTERRUPTED.
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
