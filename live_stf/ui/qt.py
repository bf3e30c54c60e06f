"""Starting Qt: beside OpenCV, on machines without a display, without fonts, or without Qt's system libraries.

`import cv2` of opencv-python points QT_QPA_PLATFORM_PLUGIN_PATH and QT_QPA_FONTDIR at the Qt plugins and fonts in its
own package; PyQt5 then loads those plugins and aborts. This module imports cv2 first and removes both, so a Qt
application must be made here and nowhere else.
"""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
from PyQt5 import QtCore, QtGui, QtWidgets

from live_stf.errors import LiveStfError

for _variable in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
    if Path(cv2.__file__).parent.as_posix() in os.environ.get(_variable, ""):
        del os.environ[_variable]

_made: QtWidgets.QApplication | None = None  # Qt crashes when the last Python reference goes
_CV2_FONTS = Path(cv2.__file__).parent / "qt" / "fonts"


class DisplayError(LiveStfError):
    """A window cannot be shown here."""


def application() -> QtWidgets.QApplication:
    """The one QApplication, for showing windows.

    Raises DisplayError where Qt would abort: no display, a display that does not answer, a missing system library.
    """
    running = QtWidgets.QApplication.instance()
    if running is not None:
        return running
    QtWidgets.QApplication.setAttribute(QtCore.Qt.AA_EnableHighDpiScaling)
    QtWidgets.QApplication.setAttribute(QtCore.Qt.AA_UseHighDpiPixmaps)
    QtGui.QGuiApplication.setHighDpiScaleFactorRoundingPolicy(QtCore.Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    with _reached_display():
        return _make(["live-stf"])


def painting_application() -> QtWidgets.QApplication:
    """The one QApplication, for painting on images only: without a display where there is none yet."""
    return QtWidgets.QApplication.instance() or _make(["live-stf", "-platform", "offscreen"])


def _make(arguments: list[str]) -> QtWidgets.QApplication:
    if sys.platform.startswith("linux"):  # outside of a login session Qt picks a folder like this too, but complains
        os.environ.setdefault("XDG_RUNTIME_DIR", f"{tempfile.gettempdir()}/runtime-{os.getuid()}")
    global _made
    _made = QtWidgets.QApplication(arguments)
    _made.setApplicationName("live-stf")
    _ensure_font(_made)
    return _made


def _ensure_font(made: QtWidgets.QApplication) -> None:
    """Load the fonts that opencv-python ships where the machine has none: Qt then paints a box for every letter."""
    glyphs = QtGui.QRawFont.fromFont(made.font()).glyphIndexesForString("Ai1")
    if len(set(glyphs)) == 3:
        return
    for file in sorted(_CV2_FONTS.glob("DejaVuSans*.ttf")):
        QtGui.QFontDatabase.addApplicationFont(str(file))
    font = made.font()
    font.setFamily("DejaVu Sans")
    made.setFont(font)


@contextmanager
def _reached_display() -> Iterator[None]:
    """Find out whether Qt will reach a display, since it aborts the process when it does not.

    The connection is held while Qt makes its own: an X server whose last client leaves may reset, and refuses the next
    one for that moment.
    """
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM", "xcb") != "xcb":
        yield
        return
    display = os.environ.get("DISPLAY")
    if not display and os.environ.get("WAYLAND_DISPLAY"):
        os.environ["QT_QPA_PLATFORM"] = "wayland"  # Qt 5 would only try X by itself
        yield
        return
    if not display:
        raise DisplayError(
            "no display to show a window on (DISPLAY is not set); run this on a desktop, or use apps/video_file.py"
        )
    plugin = Path(QtCore.QLibraryInfo.location(QtCore.QLibraryInfo.PluginsPath)) / "platforms" / "libqxcb.so"
    try:
        if plugin.exists():
            ctypes.CDLL(str(plugin))
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError as error:
        raise DisplayError(f"a system library that Qt needs is missing; run 'make setup' ({error})") from error
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_int)]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    try:
        if xcb.xcb_connection_has_error(connection):
            raise DisplayError(f"the display {display} does not answer; check DISPLAY and your access to it")
        yield
    finally:
        xcb.xcb_disconnect(connection)
