"""The list of keys, over the window."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import QRectF
from PyQt5.QtGui import QColor, QPainter
from PyQt5.QtWidgets import QWidget

from live_stf.ui import theme
from live_stf.ui.alignment import CENTRE, LEFT
from live_stf.ui.fonts import font, width

_ROW, _PAD, _GAP, _FONT = 34, 28, 20, 17  # pixels at scale 1


class HelpOverlay(QWidget):
    """Covers its parent while it is shown; hidden at first, and hidden again by a click.

    rows: (keys, what they do).
    """

    def __init__(self, rows: Sequence[tuple[str, str]], parent: QWidget) -> None:
        super().__init__(parent)
        self._parent = parent
        self.rows = tuple(rows)
        self.hide()

    def toggle(self) -> None:
        """Show or hide the list."""
        self.setGeometry(self._parent.rect())
        self.raise_()
        self.setVisible(self.isHidden())

    def mousePressEvent(self, _event: object) -> None:
        self.hide()

    def paintEvent(self, _event: object) -> None:
        look = theme.active()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(11, 13, 16, 170))
        keys = max(width(key, _FONT, bold=True) for key, _ in self.rows) + 20
        words = max(width(what, _FONT) for _, what in self.rows) + 2
        box = QRectF(0, 0, keys + _GAP + words + 2 * _PAD, len(self.rows) * _ROW + 2 * _PAD)
        # As large as there is room for, and no larger than usual except on a large screen.
        s = min(self.width() / box.width(), self.height() / box.height(), max(1.0, self.height() / 900)) * 0.98
        painter.translate(self.width() / 2, self.height() / 2)
        painter.scale(s, s)
        box.moveCenter(QRectF().center())
        painter.setPen(QColor(look.border))
        painter.setBrush(QColor(look.panel))
        painter.drawRoundedRect(box, 12, 12)
        for number, (key, what) in enumerate(self.rows):
            top = box.top() + _PAD + number * _ROW
            cap = QRectF(box.left() + _PAD, top + 3, keys, _ROW - 6)
            painter.setPen(QColor(look.faint))
            painter.setBrush(QColor(look.raised))
            painter.drawRoundedRect(cap, 6, 6)
            painter.setFont(font(_FONT, bold=True))
            painter.setPen(QColor(look.text))
            painter.drawText(cap, CENTRE, key)
            painter.setFont(font(_FONT))
            painter.drawText(
                QRectF(cap.right() + _GAP, top, words, _ROW),
                LEFT,
                what,
            )
        painter.end()
