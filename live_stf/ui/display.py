"""Check that a display can be reached before Qt does: Qt aborts the process if it cannot."""

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
    """No window can be shown on this machine."""


@contextmanager
def reached_display() -> Iterator[None]:
    """Connect to the display that Qt will use in the body of the context. Raises DisplayError if that fails.

    The connection stays open in the body: an X server whose last client leaves may reset, and refuses clients while it
    does. If there is only Wayland, QT_QPA_PLATFORM is set, since Qt 5 would only try X. A platform other than X that
    the user chose with that variable is not checked.
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
            "no display to show a window on (DISPLAY is not set); run this on a desktop, or label a file with "
            "live-stf label"
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
    """Load the libraries that Qt will load, to learn the name of a missing one."""
    path = Path(QtCore.QLibraryInfo.location(QtCore.QLibraryInfo.LibraryLocation.PluginsPath)) / "platforms" / plugin
    try:
        if path.exists():
            ctypes.CDLL(str(path))
        return ctypes.CDLL(library)
    except OSError as error:
        raise DisplayError(f"a system library that Qt needs is missing; run 'make setup' ({error})") from error


def _no_answer(variable: str) -> str:
    return f"the display {os.environ[variable]} does not answer; check {variable} and your access to it"
