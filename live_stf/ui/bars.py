"""The most probable classes of one person as bars."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PyQt5.QtWidgets import QSizePolicy, QWidget

from live_stf.ui import theme
from live_stf.ui.wording import percent, readable

_TALL, _LOW, _GAP = 26, 21, 5


class ClassBars(QWidget):
    """The `count` most probable classes, best first; the one that is the decided label stands out."""

    def __init__(self, labels: tuple[str, ...], count: int = 5) -> None:
        super().__init__()
        self._labels = labels
        self._count = min(count, len(labels))
        self._label: str | None = None
        self._compact = False
        self.best: list[tuple[str, float]] = []  # (class, probability), as shown
        self.setSizePolicy(QSizePolicy.Preferred, QSizePolicy.Fixed)

    def show_scores(self, probabilities: np.ndarray | None, label: str | None = None) -> None:
        """probabilities: (classes,), None when there are none yet. label: what was decided."""
        best = []
        if probabilities is not None:
            order = np.argsort(-probabilities, kind="stable")[: self._count]
            best = [(self._labels[index], float(probabilities[index])) for index in order]
        if best != self.best or label != self._label:
            self.best, self._label = best, label
            self.update()

    def set_compact(self, compact: bool) -> None:
        """Lower rows, for a small window."""
        if compact != self._compact:
            self._compact = compact
            self.updateGeometry()

    def _row_height(self) -> int:
        return _LOW if self._compact else _TALL

    def sizeHint(self) -> QSize:
        return QSize(300, self._count * (self._row_height() + _GAP) - _GAP)

    minimumSizeHint = sizeHint

    def paintEvent(self, _event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        plain, strong = QFont(), QFont()
        for font in (plain, strong):
            font.setPixelSize(13)
        strong.setBold(True)
        height = self._row_height()
        for row in range(self._count):
            track = QRectF(0, row * (height + _GAP), self.width(), height)
            painter.setPen(Qt.NoPen)
            painter.setBrush(QColor(theme.TRACK))
            painter.drawRoundedRect(track, 5, 5)
            if row >= len(self.best):
                if row == 0:
                    painter.setFont(plain)
                    painter.setPen(QColor(theme.MUTED))
                    painter.drawText(track.adjusted(10, 0, 0, 0), Qt.AlignVCenter | Qt.AlignLeft, "No scores yet")
                continue
            name, probability = self.best[row]
            decided = name == self._label
            filled = QRectF(track)
            filled.setWidth(probability * track.width())
            painter.save()
            painter.setClipRect(filled)
            painter.setBrush(QColor(theme.ACCENT_DARK if decided else theme.BAR))
            painter.drawRoundedRect(track, 5, 5)
            painter.restore()
            painter.setFont(strong if decided else plain)
            painter.setPen(QColor(theme.TEXT))
            number = percent(probability)
            metrics = QFontMetricsF(painter.font())
            inner = track.adjusted(10, 0, -10, 0)
            room = inner.width() - metrics.horizontalAdvance(number) - 10
            painter.drawText(inner, Qt.AlignVCenter | Qt.AlignRight, number)
            words = metrics.elidedText(readable(name), Qt.ElideRight, room)
            painter.drawText(inner, Qt.AlignVCenter | Qt.AlignLeft, words)
        painter.end()
