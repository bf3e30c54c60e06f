"""The command `live-stf`: its table of contents, and its errors for unknown commands and missing libraries."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import live_stf
from live_stf.cli.main import COMMANDS, EXTRAS, main

NAMES = [name for group in COMMANDS.values() for name in group]


def test_the_contents_name_every_command(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    for name in NAMES:
        assert f"  {name} " in out
    assert max(map(len, out.splitlines())) <= 100


def test_without_a_command_the_contents_are_printed_and_the_status_is_2(capsys):
    assert main([]) == 2
    assert "usage: live-stf COMMAND" in capsys.readouterr().out


def test_the_version_of_the_package_is_printed(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"live-stf {live_stf.__version__}\n"


def test_an_unknown_command_is_reported_in_one_line(capsys):
    assert main(["dance"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: unknown command 'dance'; the commands are webcam, label")
    assert err.count("\n") == 1


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_a_help_text(name, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([name, "--help"])
    assert stopped.value.code == 0
    assert f"usage: live-stf {name}" in capsys.readouterr().out


def test_a_missing_library_is_reported_with_its_extra():
    code = (
        "import sys; from live_stf.cli.main import main\n"
        "sys.modules['omegaconf'] = None\n"
        "sys.exit(main(['train', 'x']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "error: train needs omegaconf, which is not installed: pip install 'live-stf[train]'\n"


def test_extras_exist_in_the_project():
    project = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text())["project"]
    assert set(EXTRAS.values()) <= set(project["optional-dependencies"])
    for name in EXTRAS:
        assert importlib.util.find_spec(name), f"{name} is not a library that can be imported here"
