"""Starting Qt: beside OpenCV, on machines without a display, without fonts, or without Qt's system libraries.

`import cv2` of opencv-python points QT_QPA_PLATFORM_PLUGIN_PATH and QT_QPA_FONTDIR to the Qt plugins and fonts in its
own package; PyQt5 then loads those plugins and aborts. This module imports cv2 first and removes both variables, so
only this module may create a Qt application.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
from PyQt5 import QtCore, QtGui, QtWidgets

from live_stf.runtime.scheduling import take_short_turns
from live_stf.ui.display import reached_display

for _variable in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
    if Path(cv2.__file__).parent.as_posix() in os.environ.get(_variable, ""):
        del os.environ[_variable]

_SWITCH = 0.001  # seconds; the default of Python is 5 ms
_made: QtWidgets.QApplication | None = None  # Qt crashes when the last Python reference is dropped
_CV2_FONTS = Path(cv2.__file__).parent / "qt" / "fonts"


class PaintingThread(QtCore.QThread):
    """Runs `work` in a thread that can paint with Qt: Qt's fonts need timers, which only threads of Qt have."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__()
        self._work = work

    def run(self) -> None:
        self._work()


def application(kind: type[QtWidgets.QApplication] = QtWidgets.QApplication) -> QtWidgets.QApplication:
    """The QApplication of this process, for windows; created as a `kind` if there is none.

    Raises DisplayError where Qt would abort: no display, a display that does not answer, a missing system library.
    """
    if (running := _running()) is not None:
        return running
    QtWidgets.QApplication.setAttribute(QtCore.Qt.ApplicationAttribute.AA_EnableHighDpiScaling)
    QtWidgets.QApplication.setAttribute(QtCore.Qt.ApplicationAttribute.AA_UseHighDpiPixmaps)
    QtGui.QGuiApplication.setHighDpiScaleFactorRoundingPolicy(QtCore.Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    # Threads that compute in Python give way to the interface sooner, and run before the threads of the engines.
    sys.setswitchinterval(_SWITCH)
    take_short_turns()
    with reached_display():
        return _make(["live-stf"], kind)


def painting_application() -> QtWidgets.QApplication:
    """The QApplication of this process, for painting on images; created without a display if there is none."""
    return _running() or _make(["live-stf", "-platform", "offscreen"])


def _running() -> QtWidgets.QApplication | None:
    running = QtWidgets.QApplication.instance()
    return running if isinstance(running, QtWidgets.QApplication) else None


def _make(arguments: list[str], kind: type[QtWidgets.QApplication] = QtWidgets.QApplication) -> QtWidgets.QApplication:
    if sys.platform.startswith("linux"):  # outside a login session Qt uses such a folder, too, but with a warning
        os.environ.setdefault("XDG_RUNTIME_DIR", f"{tempfile.gettempdir()}/runtime-{os.getuid()}")
    global _made
    _made = kind(arguments)
    _made.setApplicationName("live-stf")
    _ensure_font(_made)
    return _made


def _ensure_font(made: QtWidgets.QApplication) -> None:
    """Load the fonts of opencv-python if the machine has none: Qt would paint a box for every letter."""
    glyphs = QtGui.QRawFont.fromFont(made.font()).glyphIndexesForString("Ai1")
    if len(set(glyphs)) == 3:
        return
    for file in sorted(_CV2_FONTS.glob("DejaVuSans*.ttf")):
        QtGui.QFontDatabase.addApplicationFont(str(file))
    font = made.font()
    font.setFamily("DejaVu Sans")
    made.setFont(font)
