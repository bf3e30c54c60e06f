"""The most probable classes of one person, as animated bars."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import numpy as np
from PyQt5.QtCore import QRectF, QSize, Qt, QTimer
from PyQt5.QtGui import QColor, QPainter
from PyQt5.QtWidgets import QSizePolicy

from live_stf.ui import theme
from live_stf.ui.alignment import LEFT, RIGHT
from live_stf.ui.fonts import elided, font, width
from live_stf.ui.scaled import ScaledWidget
from live_stf.ui.wording import percent, readable

_HEIGHT, _GAP, _FONT, _INSET = 26, 5, 13, 10  # pixels at scale 1
_STEP_MS = 33  # the usual time between two frames
_TIME_CONSTANT = 0.12  # seconds in which a bar covers 63 % of the way to its place
_NEAR = 0.002  # of a row, or of the longest bar: too little to be seen


@dataclass
class _Bar:
    """Where the bar of a class is, and where it moves to. Rows count from 0; a row below the last is not visible."""

    row: float
    length: float
    to_row: int
    to_length: float

    def move(self, part: float) -> bool:
        """Move by this fraction of the remaining way; returns whether the bar is still moving."""
        self.row += part * (self.to_row - self.row)
        self.length += part * (self.to_length - self.length)
        if abs(self.to_row - self.row) > _NEAR or abs(self.to_length - self.length) > _NEAR:
            return True
        self.row, self.length = self.to_row, self.to_length
        return False


class ClassBars(ScaledWidget):
    """The `count` most probable classes, best first; the bar of the decided label has another colour."""

    def __init__(self, labels: tuple[str, ...] = (), count: int = 5, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._wanted_count, self._clock = count, clock
        self._label: str | None = None
        self._probabilities: np.ndarray | None = None
        self._bars: dict[str, _Bar] = {}
        self._moved = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(_STEP_MS)
        self._timer.timeout.connect(self._move)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.set_labels(labels)

    def set_labels(self, labels: tuple[str, ...]) -> None:
        """Set the classes, in the order of the probabilities."""
        self.labels = labels
        self._count = min(self._wanted_count, len(labels)) if labels else self._wanted_count
        self.best: list[tuple[str, float]] = []  # (class, probability)
        self._probabilities = None
        self._bars.clear()
        self.updateGeometry()
        self.update()

    def set_count(self, count: int) -> None:
        """Show the `count` most probable classes."""
        if count != self._wanted_count:
            probabilities, label = self._probabilities, self._label
            self._wanted_count = count
            self.set_labels(self.labels)
            self.show_scores(probabilities, label)

    def show_scores(self, probabilities: np.ndarray | None, label: str | None = None) -> None:
        """Show probabilities, (classes,), None while there are none. label: the decided class, None for none."""
        self._probabilities = probabilities
        best = []
        if probabilities is not None:
            order = np.argsort(-probabilities, kind="stable")[: self._count]
            best = [(self.labels[index], float(probabilities[index])) for index in order]
        if best == self.best and label == self._label:
            return
        first = not self.best
        self.best, self._label = best, label
        self._aim()
        if first or not best:
            self.settle()
        elif not self._timer.isActive():
            self._moved = self._clock()
            self._timer.start()
        self.update()

    def settle(self) -> None:
        """Move every bar to its place at once."""
        self._timer.stop()
        self._bars = {name: bar for name, bar in self._bars.items() if bar.to_row < self._count}
        for bar in self._bars.values():
            bar.move(1.0)
        self.update()

    def _aim(self) -> None:
        names = {name for name, _ in self.best}
        for name, bar in self._bars.items():
            if name not in names:
                bar.to_row, bar.to_length = self._count, 0.0
        for row, (name, probability) in enumerate(self.best):
            bar = self._bars.setdefault(name, _Bar(self._count, 0.0, row, probability))
            bar.to_row, bar.to_length = row, probability

    def _move(self) -> None:
        now = self._clock()
        part = 1 - math.exp((self._moved - now) / _TIME_CONSTANT)
        self._moved = now
        moving = [bar.move(part) for bar in self._bars.values()]
        if not any(moving):
            self.settle()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, round(self._scale * (self._count * (_HEIGHT + _GAP) - _GAP)))

    minimumSizeHint = sizeHint

    def paintEvent(self, _event: object) -> None:
        look, s = theme.active(), self._scale
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        height, step, size, corner = s * _HEIGHT, s * (_HEIGHT + _GAP), s * _FONT, 5 * s
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.track))
        for row in range(self._count):
            painter.drawRoundedRect(QRectF(0, row * step, self.width(), height), corner, corner)
        if not self.best:
            painter.setFont(font(size))
            painter.setPen(QColor(look.muted))
            first = QRectF(s * _INSET, 0, self.width(), height)
            painter.drawText(first, LEFT, "No scores yet")
        # The decided class comes last, so that its bar moves in front of the others.
        for name, bar in sorted(self._bars.items(), key=lambda one: (one[0] == self._label, -one[1].row)):
            decided = name == self._label
            track = QRectF(0, bar.row * step, self.width(), height)
            painter.setOpacity(min(max(self._count - bar.row, 0.0), 1.0))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(look.track))
            painter.drawRoundedRect(track, corner, corner)
            painter.setBrush(QColor(look.accent if decided else look.bar))
            painter.setClipRect(QRectF(0, track.top(), bar.length * track.width(), height))
            painter.drawRoundedRect(track, corner, corner)
            painter.setClipping(False)
            painter.setFont(font(size, decided))
            painter.setPen(QColor(look.text))
            inner = track.adjusted(s * _INSET, 0, -s * _INSET, 0)
            number = percent(bar.length)
            painter.drawText(inner, RIGHT, number)
            room = inner.width() - width(number, size, decided) - s * _INSET
            words = elided(readable(name), size, room, decided)
            painter.drawText(inner, LEFT, words)
        painter.end()
