"""The line at the bottom: rates, source, model, engine and pose estimator."""

from __future__ import annotations

from PyQt5.QtCore import QRectF, QSize
from PyQt5.QtGui import QColor, QPainter, QResizeEvent
from PyQt5.QtWidgets import QSizePolicy

from live_stf.types import Rates
from live_stf.ui import theme
from live_stf.ui.alignment import LEFT
from live_stf.ui.fonts import elided, font, metrics, width
from live_stf.ui.scaled import ScaledWidget
from live_stf.ui.wording import rate_words

_FONT, _LINE, _PAD, _MARGIN, _GAP = 12, 20, 6, 14, 22  # pixels at scale 1
_SPARE = ("Capture", "95 % under")  # rates that a narrow window leaves out, the least important first
_ONE_LINE = 1500  # pixels of width at scale 1, below which there are two lines


class StatusLine(ScaledWidget):
    """Rates and what runs; a notice replaces what runs while it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self._source, self._running = "", ""
        self._rates: Rates | None = None
        self.notice = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_running(self, source: str, running: str) -> None:
        """Show the source, and what runs: model, engine with the reason for it, pose estimator."""
        if (source, running) != (self._source, self._running):
            self._source, self._running = source, running
            self.update()

    def show_rates(self, rates: Rates | None) -> None:
        """Show rates; None while nothing runs."""
        if rates != self._rates:
            self._rates = rates
            self.update()

    def show_notice(self, text: str) -> None:
        """Show a notice; an empty text removes it."""
        if text != self.notice:
            self.notice = text
            self.update()

    def _lines(self) -> int:
        return 1 if self.width() >= _ONE_LINE * self._scale else 2

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if self.sizeHint().height() != self.height():
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(600, round(self._scale * (self._lines() * _LINE + 2 * _PAD)))

    minimumSizeHint = sizeHint

    def _fitting_rates(self, rates: Rates, size: float, room: float) -> list[tuple[str, str, float]]:
        """(name, value, width of the value) of the rates that fit into `room` pixels, left out in the order of _SPARE.

        Every value gets the room of its widest, so that nothing moves when a digit changes.
        """
        shown = [
            (name, value, max(width(widest, size), metrics(size).horizontalAdvance(value)))
            for name, value, widest in rate_words(rates)
        ]
        for spare in _SPARE:
            gaps = (len(shown) - 1) * self._scale * _GAP
            if sum(width(name + " ", size) + wide for name, _, wide in shown) + gaps > room:
                shown = [one for one in shown if one[0] != spare]
        return shown

    def paintEvent(self, _event: object) -> None:
        look, s = theme.active(), self._scale
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(look.panel))
        painter.fillRect(0, 0, self.width(), 1, QColor(look.border))
        size = s * _FONT
        painter.setFont(font(size))
        two = self._lines() == 2
        line = s * _LINE
        x = s * _MARGIN

        def write(x: float, top: float, text: str, colour: str, wide: float | None = None) -> float:
            wide = width(text, size) if wide is None else wide
            painter.setPen(QColor(colour))
            painter.drawText(QRectF(x, top, wide + 2, line), LEFT, text)
            return x + wide

        top = s * _PAD
        if self._rates is not None:
            for name, value, room in self._fitting_rates(self._rates, size, self.width() - 2 * x):
                x = write(x, top, name + " ", look.muted)
                x = write(x, top, value, look.text, room)
                x += s * _GAP
        text = self.notice or "  \u00b7  ".join(filter(None, (self._source, self._running)))
        colour = look.text if self.notice else look.muted
        if two:
            write(s * _MARGIN, top + line, elided(text, size, self.width() - 2 * s * _MARGIN), colour)
        else:
            text = elided(text, size, max(self.width() - x - s * _MARGIN, 0))
            write(self.width() - s * _MARGIN - width(text, size), top, text, colour)
        painter.end()
