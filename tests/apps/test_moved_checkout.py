"""The programs in apps/ run from the checkout that they lie in, even if another one was installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("program", ["webcam.py", "video_file.py"])
def test_a_program_uses_the_checkout_that_it_lies_in(program, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(ROOT / "apps", moved / "apps")
    shutil.copytree(ROOT / "live_stf", moved / "live_stf", ignore=shutil.ignore_patterns("__pycache__"))
    code = (
        "import runpy, sys\n"
        f"sys.argv = ['program', '--help']\n"
        "try:\n"
        f"    runpy.run_path({str(moved / 'apps' / program)!r}, run_name='__main__')\n"
        "finally:\n"
        "    import live_stf; print(live_stf.__file__)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(moved / "live_stf" / "__init__.py")
