"""Whether a window can be shown, found out before Qt does: it aborts the process when it cannot."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PyQt5 import QtCore

from live_stf.errors import LiveStfError


class DisplayError(LiveStfError):
    """A window cannot be shown here."""


@contextmanager
def reached_display() -> Iterator[None]:
    """Reach the display that Qt will reach within the body; raises DisplayError when there is none.

    The connection is held meanwhile: an X server whose last client leaves may reset, and refuses the next one for that
    moment. Where only Wayland is there, Qt is told so by QT_QPA_PLATFORM, since Qt 5 would try X alone. A platform that
    the user has chosen by that variable is not checked, unless it is X.
    """
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM", "xcb") != "xcb":
        yield
    elif os.environ.get("DISPLAY"):
        with _x_connection():
            yield
    elif os.environ.get("WAYLAND_DISPLAY"):
        os.environ["QT_QPA_PLATFORM"] = "wayland"
        with _wayland_connection():
            yield
    else:
        raise DisplayError(
            "no display to show a window on (DISPLAY is not set); run this on a desktop, or use apps/video_file.py"
        )


@contextmanager
def _x_connection() -> Iterator[None]:
    xcb = _load("libqxcb.so", "libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_int)]
    xcb.xcb_connection_has_error.argtypes = xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    try:
        if xcb.xcb_connection_has_error(connection):
            raise DisplayError(_no_answer("DISPLAY"))
        yield
    finally:
        xcb.xcb_disconnect(connection)  # frees a failed one too


@contextmanager
def _wayland_connection() -> Iterator[None]:
    client = _load("libqwayland-generic.so", "libwayland-client.so.0")
    client.wl_display_connect.restype = ctypes.c_void_p
    client.wl_display_connect.argtypes = [ctypes.c_char_p]
    client.wl_display_disconnect.argtypes = [ctypes.c_void_p]
    connection = client.wl_display_connect(None)
    if not connection:
        raise DisplayError(_no_answer("WAYLAND_DISPLAY"))
    try:
        yield
    finally:
        client.wl_display_disconnect(connection)


def _load(plugin: str, library: str) -> ctypes.CDLL:
    """Load what Qt will load, to learn the name of what is missing."""
    path = Path(QtCore.QLibraryInfo.location(QtCore.QLibraryInfo.PluginsPath)) / "platforms" / plugin
    try:
        if path.exists():
            ctypes.CDLL(str(path))
        return ctypes.CDLL(library)
    except OSError as error:
        raise DisplayError(f"a system library that Qt needs is missing; run 'make setup' ({error})") from error


def _no_answer(variable: str) -> str:
    return f"the display {os.environ[variable]} does not answer; check {variable} and your access to it"
