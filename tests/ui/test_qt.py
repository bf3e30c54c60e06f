"""Starting Qt where it is hard: in processes of their own, as an application is made once in a process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MAKE = "from live_stf.ui.qt import application; app = application()"


def run(program, environment):
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=170, check=False
    )


def test_a_window_opens_on_x_although_opencv_was_imported_first(x_environment):
    program = f"import cv2; {MAKE}; from PyQt5.QtWidgets import QLabel; w = QLabel('x'); w.show(); app.processEvents();"
    ended = run(program + "print(app.platformName())", x_environment)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == "xcb"


@pytest.mark.timeout(600)
def test_every_key_menu_and_size_works_on_x_too(x_server):
    here = Path(__file__).parent
    tests = [here / name for name in ("test_window.py", "test_menus.py", "test_window_live.py")]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        env={**os.environ, "LIVE_STF_TESTS_ON_X": x_server},
        cwd=here.parents[1],
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-5000:]
    assert " passed" in ended.stdout


def test_a_plugin_folder_of_the_user_is_left_alone(x_environment):
    program = "import os; from live_stf.ui import qt; print(os.environ.get('QT_QPA_PLATFORM_PLUGIN_PATH'))"
    assert run(program, x_environment).stdout.strip() == "None"
    # opencv-python overwrites the variable when it is imported, so a value can only stand that is set afterwards.
    program = "import cv2, os; os.environ['QT_QPA_PLATFORM_PLUGIN_PATH'] = '/mine';" + program
    assert run(program, x_environment).stdout.strip() == "/mine"


def test_a_missing_display_is_reported(x_environment):
    nowhere = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}
    for display, told in (
        ({}, "no display to show a window on"),
        ({"DISPLAY": ":4242"}, "the display :4242 does not answer"),
        # Where libwayland-client is not there either, that is what is told.
        ({"WAYLAND_DISPLAY": "wl-none"}, ("the display wl-none does not answer", "a system library that Qt needs")),
    ):
        program = (
            "from live_stf.errors import LiveStfError; from live_stf.ui.qt import application\n"
            "try:\n    application()\nexcept LiveStfError as error:\n    print(error)"
        )
        ended = run(program, {**x_environment, **nowhere, **display})
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.startswith(told)
        assert ended.stderr == ""


def test_text_can_be_read_on_a_machine_without_fonts(x_environment, tmp_path):
    (tmp_path / "none").mkdir()
    (tmp_path / "fonts.conf").write_text(
        f"<?xml version='1.0'?><!DOCTYPE fontconfig SYSTEM 'fonts.dtd'><fontconfig><dir>{tmp_path}/none</dir>"
        f"<cachedir>{tmp_path}/cache</cachedir></fontconfig>"
    )
    measure = "from PyQt5.QtGui import QFont, QRawFont; f = QFont(); f.setBold(True); r = QRawFont.fromFont(f);"
    measure += "print(len(set(r.glyphIndexesForString('Walk 93%')) - {0}))"
    bare = {**x_environment, "FONTCONFIG_FILE": str(tmp_path / "fonts.conf")}
    assert run(f"{MAKE}; {measure}", bare).stdout.strip() == "8"
    # The machine really has none: without our help Qt has a box for every letter.
    alone = "from PyQt5.QtWidgets import QApplication; app = QApplication([]);" + measure
    assert run(alone, bare).stdout.strip() == "1"
