"""Fonts by size, each created once per thread."""

from __future__ import annotations

import threading
from functools import lru_cache

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QFont, QFontMetricsF

SMALLEST = 9  # pixels; smaller type cannot be read


def font(pixels: float, bold: bool = False) -> QFont:
    """The application's font at a size in device-independent pixels, at least SMALLEST. Shared: do not change it."""
    return _font(max(round(pixels), SMALLEST), bold, threading.get_ident())


def metrics(pixels: float, bold: bool = False) -> QFontMetricsF:
    """Metrics of the same font."""
    return _metrics(max(round(pixels), SMALLEST), bold, threading.get_ident())


def width(text: str, pixels: float, bold: bool = False) -> float:
    """Width of a text in pixels."""
    return _width(text, max(round(pixels), SMALLEST), bold)


def elided(text: str, pixels: float, room: float, bold: bool = False) -> str:
    """The text, shortened at its end to fit into `room` pixels."""
    return _elided(text, max(round(pixels), SMALLEST), round(room), bold)


# Threads must not share fonts of Qt, and annotated video is painted in threads of its own.
@lru_cache(maxsize=256)
def _font(pixels: int, bold: bool, _thread: int) -> QFont:
    made = QFont()
    made.setPixelSize(pixels)
    made.setBold(bold)
    return made


@lru_cache(maxsize=256)
def _metrics(pixels: int, bold: bool, thread: int) -> QFontMetricsF:
    return QFontMetricsF(_font(pixels, bold, thread))


@lru_cache(maxsize=4096)
def _width(text: str, pixels: int, bold: bool) -> float:
    return metrics(pixels, bold).horizontalAdvance(text)


@lru_cache(maxsize=4096)
def _elided(text: str, pixels: int, room: int, bold: bool) -> str:
    return metrics(pixels, bold).elidedText(text, Qt.TextElideMode.ElideRight, room)
