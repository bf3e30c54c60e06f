"""The line at the bottom: how fast everything runs, and with what."""

from __future__ import annotations

from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PyQt5.QtWidgets import QSizePolicy, QWidget

from live_stf.types import Rates
from live_stf.ui import theme
from live_stf.ui.about import About
from live_stf.ui.wording import rate_words

_FONT, _HEIGHT, _MARGIN, _GAP = 12, 32, 14, 22


class StatusLine(QWidget):
    """Rates at the left, what is at work at the right; a notice takes the right side while it is there."""

    def __init__(self, about: About) -> None:
        super().__init__()
        self._about = about
        self._rates = Rates()
        self._notice = ""
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)

    def show_rates(self, rates: Rates) -> None:
        if rates != self._rates:
            self._rates = rates
            self.update()

    def show_notice(self, text: str) -> None:
        """Something said for a moment; an empty text takes it away."""
        self._notice = text
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(600, _HEIGHT)

    minimumSizeHint = sizeHint

    def paintEvent(self, _event: object) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.PANEL))
        painter.fillRect(0, 0, self.width(), 1, QColor(theme.BORDER))
        font = QFont()
        font.setPixelSize(_FONT)
        painter.setFont(font)
        metrics = QFontMetricsF(font)

        def write(x: float, text: str, colour: str, room: float | None = None) -> float:
            width = metrics.horizontalAdvance(text) if room is None else room
            painter.setPen(QColor(colour))
            painter.drawText(QRectF(x, 1, width + 1, self.height() - 1), Qt.AlignVCenter | Qt.AlignLeft, text)
            return x + width

        x = float(_MARGIN)
        # Values get the room of their widest, so that the line does not dance with every digit.
        widest = ["000.0 fps", "000.0 fps", "00.0/s", "0000 ms", "00000"]
        for (name, value), sample in zip(rate_words(self._rates), widest, strict=True):
            x = write(x, name + " ", theme.MUTED)
            x = write(x, value, theme.TEXT, max(metrics.horizontalAdvance(sample), metrics.horizontalAdvance(value)))
            x += _GAP
        right = self._notice or self._about.running
        right = metrics.elidedText(right, Qt.ElideRight, max(self.width() - x - _MARGIN, 0))
        colour = theme.TEXT if self._notice else theme.MUTED
        write(self.width() - _MARGIN - metrics.horizontalAdvance(right), right, colour)
        painter.end()
