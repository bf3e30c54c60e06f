"""What every key does, over the window."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import QRectF, Qt
from PyQt5.QtGui import QColor, QFont, QFontMetricsF, QMouseEvent, QPainter
from PyQt5.QtWidgets import QWidget

from live_stf.ui import theme

_ROW, _PAD, _GAP = 34, 28, 24  # pixels


class HelpOverlay(QWidget):
    """Lies over its parent, hidden at first; a click or the key that shows it takes it away.

    rows: (key, what it does).
    """

    def __init__(self, rows: Sequence[tuple[str, str]], parent: QWidget) -> None:
        super().__init__(parent)
        self.rows = tuple(rows)
        self.hide()

    def toggle(self) -> None:
        """Show it over all of its parent, or hide it."""
        self.setGeometry(self.parentWidget().rect())
        self.raise_()
        self.setVisible(self.isHidden())

    def mousePressEvent(self, _event: QMouseEvent) -> None:
        self.hide()

    def paintEvent(self, _event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        painter.fillRect(self.rect(), QColor(11, 13, 16, 170))
        plain, bold = _font(17), _font(17, bold=True)
        keys = max(QFontMetricsF(bold).horizontalAdvance(key) for key, _ in self.rows) + 20
        words = max(QFontMetricsF(plain).horizontalAdvance(what) for _, what in self.rows)
        box = QRectF(0, 0, keys + _GAP + words + 2 * _PAD, len(self.rows) * _ROW + 2 * _PAD)
        box.moveCenter(QRectF(self.rect()).center())
        painter.setPen(QColor(theme.BORDER))
        painter.setBrush(QColor(theme.PANEL))
        painter.drawRoundedRect(box, 12, 12)
        for number, (key, what) in enumerate(self.rows):
            top = box.top() + _PAD + number * _ROW
            cap = QRectF(box.left() + _PAD, top + 3, keys, _ROW - 6)
            painter.setPen(QColor(theme.FAINT))
            painter.setBrush(QColor(theme.RAISED))
            painter.drawRoundedRect(cap, 6, 6)
            painter.setFont(bold)
            painter.setPen(QColor(theme.TEXT))
            painter.drawText(cap, Qt.AlignCenter, key)
            painter.setFont(plain)
            painter.drawText(QRectF(cap.right() + _GAP, top, words + 2, _ROW), Qt.AlignVCenter | Qt.AlignLeft, what)
        painter.end()


def _font(pixels: int, bold: bool = False) -> QFont:
    font = QFont()
    font.setPixelSize(pixels)
    font.setBold(bold)
    return font
