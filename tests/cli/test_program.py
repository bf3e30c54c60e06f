"""Exit statuses and error messages of commands."""

from __future__ import annotations

import pytest

from live_stf.cli.program import INTERRUPTED, WRONG, run_command
from live_stf.errors import DataError


def raising(problem: BaseException) -> int:
    raise problem


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (1, 1)])
def test_the_status_is_the_return_value(returned: int | None, status: int, capsys: pytest.CaptureFixture) -> None:
    assert run_command(lambda status: status, returned) == status
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (DataError("it is torn: copy it again"), "error: it is torn: copy it again\n"),
        (PermissionError(13, "Permission denied", "file.json"), "error: file.json: Permission denied\n"),
        (OSError("no room is left"), "error: no room is left\n"),
    ],
)
def test_an_error_that_a_user_can_fix_is_one_line(
    problem: Exception, message: str, capsys: pytest.CaptureFixture
) -> None:
    assert run_command(raising, problem) == WRONG
    assert capsys.readouterr().err == message


def test_ctrl_c_prints_that_the_command_stopped(capsys: pytest.CaptureFixture) -> None:
    assert run_command(raising, KeyboardInterrupt(), stopped="stopped") == INTERRUPTED
    assert capsys.readouterr().err == "stopped\n"


def test_a_programming_error_is_not_caught() -> None:
    with pytest.raises(ZeroDivisionError):
        run_command(lambda: 1 // 0)
