"""What everybody did in the last minute: a row a person, a bar for as long as a label stood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PyQt5.QtWidgets import QSizePolicy, QWidget

from live_stf.types import Event, State
from live_stf.ui import theme
from live_stf.ui.wording import readable

SPAN = 60.0  # seconds
_ROWS = 3  # people, those who were seen last
_ROW, _GAP, _MARGIN, _NUMBER = 20, 4, 10, 22  # pixels
_TICKS = 15  # seconds between two marks


@dataclass
class Bar:
    """One label of one person, from start to end in seconds."""

    label: str
    start: float
    end: float


class History:
    """Labels of the last SPAN seconds by identity."""

    def __init__(self) -> None:
        self.now = 0.0
        self._bars: dict[int, list[Bar]] = {}

    def take(self, events: Mapping[int, Event], now: float) -> None:
        """What is known of everybody at `now` seconds. Where time falls back, everything begins anew."""
        if now < self.now:
            self._bars.clear()
        for identity, event in events.items():
            bars = self._bars.setdefault(identity, [])
            label = event.label if event.state is State.LABEL else None
            goes_on = bars and bars[-1].label == label and bars[-1].end >= self.now
            if label is not None and goes_on:
                bars[-1].end = now
            elif label is not None:
                bars.append(Bar(label, now, now))
        self.now = now
        for identity, bars in list(self._bars.items()):
            bars[:] = [bar for bar in bars if bar.end >= now - SPAN]
            if not bars and identity not in events:
                del self._bars[identity]

    def rows(self) -> list[tuple[int, list[Bar]]]:
        """Identities with their bars: the newest _ROWS people who did anything, by number."""
        acted = [identity for identity, bars in self._bars.items() if bars]
        return [(identity, self._bars[identity]) for identity in sorted(sorted(acted)[-_ROWS:])]


class Timeline(QWidget):
    """Shows a history. No row is there before somebody did something."""

    def __init__(self) -> None:
        super().__init__()
        self.history = History()
        self._count = 0
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)

    def show_events(self, events: Mapping[int, Event], now: float) -> None:
        """events by identity; now: seconds, of the newest picture."""
        if now == self.history.now:
            return
        self.history.take(events, now)
        count = len(self.history.rows())
        if count != self._count:
            self._count = count
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(400, self._count * (_ROW + _GAP) + (2 * _MARGIN + _GAP if self._count else 0))

    minimumSizeHint = sizeHint

    def bar_area(self, row: int, bar: Bar) -> QRectF:
        """Where a bar of the row-th person lies."""
        left, width = 2 * _MARGIN + _NUMBER, self.width() - 3 * _MARGIN - _NUMBER
        begin = max(1 - (self.history.now - bar.start) / SPAN, 0.0)
        end = 1 - (self.history.now - bar.end) / SPAN
        return QRectF(left + begin * width, _MARGIN + row * (_ROW + _GAP), max((end - begin) * width, 3.0), _ROW)

    def paintEvent(self, _event: object) -> None:
        rows = self.history.rows()
        if not rows:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        painter.fillRect(self.rect(), QColor(theme.PANEL))
        painter.fillRect(0, 0, self.width(), 1, QColor(theme.BORDER))
        small, font = _font(10), _font(12, bold=True)
        for number, (identity, bars) in enumerate(rows):
            top = _MARGIN + number * (_ROW + _GAP)
            colour = theme.person_colour(identity)
            track = QRectF(2 * _MARGIN + _NUMBER, top, self.width() - 3 * _MARGIN - _NUMBER, _ROW)
            painter.setPen(Qt.NoPen)
            painter.setBrush(QColor(theme.TRACK))
            painter.drawRoundedRect(track, 4, 4)
            badge = QRectF(_MARGIN, top, _NUMBER, _ROW)
            painter.setBrush(colour)
            painter.drawRoundedRect(badge, 5, 5)
            painter.setFont(font)
            painter.setPen(QColor(theme.OUTLINE))
            painter.drawText(badge, Qt.AlignCenter, str(identity))
            for bar in bars:
                area = self.bar_area(number, bar)
                painter.setPen(Qt.NoPen)
                painter.setBrush(colour)
                painter.drawRoundedRect(area, 4, 4)
                inner = area.adjusted(6, 0, -4, 0)
                words = QFontMetricsF(font).elidedText(readable(bar.label), Qt.ElideRight, inner.width())
                if len(words) > 1:  # a single character or dots say nothing
                    painter.setPen(QColor(theme.OUTLINE))
                    painter.drawText(inner, Qt.AlignVCenter | Qt.AlignLeft, words)
        painter.setFont(small)
        painter.setPen(QColor(theme.MUTED))
        left, width = 2 * _MARGIN + _NUMBER, self.width() - 3 * _MARGIN - _NUMBER
        bottom = _MARGIN + len(rows) * (_ROW + _GAP) - 2
        for ago in range(0, int(SPAN) + 1, _TICKS):
            place = left + (1 - ago / SPAN) * width
            aligned = Qt.AlignRight if ago == 0 else Qt.AlignLeft if ago == SPAN else Qt.AlignHCenter
            box = QRectF(place - (60 if ago == 0 else 0 if ago == SPAN else 30), bottom, 60, 12)
            painter.drawText(box, aligned | Qt.AlignVCenter, "now" if ago == 0 else f"{ago} s ago")
        painter.end()


def _font(pixels: int, bold: bool = False) -> QFont:
    font = QFont()
    font.setPixelSize(pixels)
    font.setBold(bold)
    return font
