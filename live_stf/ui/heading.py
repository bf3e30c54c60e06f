"""The heading of a panel, with a remark on the right."""

from __future__ import annotations

from PyQt5.QtCore import QSize
from PyQt5.QtGui import QColor, QPainter
from PyQt5.QtWidgets import QSizePolicy

from live_stf.ui import theme
from live_stf.ui.alignment import LEFT, RIGHT
from live_stf.ui.fonts import font, metrics, width
from live_stf.ui.scaled import ScaledWidget

_FONT, _REMARK = 14, 12  # pixels at scale 1


class Heading(ScaledWidget):
    """One line of bold text, with a muted remark on the right."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text, self._remark = text, ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_remark(self, remark: str) -> None:
        """Set the remark; empty for none."""
        if remark != self._remark:
            self._remark = remark
            self.update()

    def sizeHint(self) -> QSize:
        size = self._scale * _FONT
        return QSize(round(width(self._text, size, bold=True)) + 4, round(metrics(size).height()) + 2)

    minimumSizeHint = sizeHint

    def paintEvent(self, _event: object) -> None:
        look, s = theme.active(), self._scale
        painter = QPainter(self)
        painter.setFont(font(s * _FONT, bold=True))
        painter.setPen(QColor(look.text))
        painter.drawText(self.rect(), LEFT, self._text)
        painter.setFont(font(s * _REMARK))
        painter.setPen(QColor(look.muted))
        painter.drawText(self.rect(), RIGHT, self._remark)
        painter.end()
