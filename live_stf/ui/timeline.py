"""The labels of the last minute: a row per person, a bar for as long as a label lasted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QPainter
from PyQt5.QtWidgets import QSizePolicy

from live_stf.types import Event, State
from live_stf.ui import theme
from live_stf.ui.alignment import CENTRE, LEFT, RIGHT
from live_stf.ui.fonts import elided, font, width
from live_stf.ui.scaled import ScaledWidget
from live_stf.ui.wording import readable, short_person

SPAN = 60.0  # seconds
_ROWS = 3  # people at most, the newest ones
_ROW, _GAP, _MARGIN, _NUMBER = 20, 4, 10, 22  # pixels at scale 1
_TICKS = 15  # seconds between two marks
_STEP = 0.1  # seconds between two repaints with the same labels


@dataclass
class Bar:
    """One label of one person, from start to end in seconds."""

    label: str
    start: float
    end: float


class History:
    """The labels of the last SPAN seconds, by identity."""

    def __init__(self) -> None:
        self.now = 0.0
        self._bars: dict[int, list[Bar]] = {}

    def take(self, events: Mapping[int, Event], now: float) -> None:
        """Add the events at `now` seconds. If time goes backwards, the history starts again."""
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
        """(identity, bars) of the newest _ROWS people who had a label, in the order of their identities."""
        labelled = [identity for identity, bars in self._bars.items() if bars]
        return [(identity, self._bars[identity]) for identity in sorted(labelled)[-_ROWS:]]


class Timeline(ScaledWidget):
    """Shows the history; empty until a person has a label."""

    def __init__(self) -> None:
        super().__init__()
        self.history = History()
        self._count = 0
        self._painted: tuple[float, list[tuple[int, int]]] = 0.0, []  # time, and number of bars by identity
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_events(self, events: Mapping[int, Event], now: float) -> None:
        """Add events by identity; now: time of the newest frame in seconds."""
        if now == self.history.now:
            return
        self.history.take(events, now)
        rows = self.history.rows()
        if len(rows) != self._count:
            self._count = len(rows)
            self.updateGeometry()
        bars = [(identity, len(bars)) for identity, bars in rows]
        if bars != self._painted[1] or not 0 <= now - self._painted[0] < _STEP:
            self._painted = now, bars
            self.update()

    def clear(self) -> None:
        """Start again with an empty history."""
        self.history = History()
        self._count = 0
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        height = self._count * (_ROW + _GAP) + (2 * _MARGIN + _GAP if self._count else 0)
        return QSize(400, round(self._scale * height))

    minimumSizeHint = sizeHint

    def bar_area(self, row: int, bar: Bar) -> QRectF:
        """Area of a bar of the person in this row."""
        track = self._track(row)
        begin = max(1 - (self.history.now - bar.start) / SPAN, 0.0)
        end = 1 - (self.history.now - bar.end) / SPAN
        return QRectF(
            track.left() + begin * track.width(), track.top(), max((end - begin) * track.width(), 3.0), track.height()
        )

    def _track(self, row: int) -> QRectF:
        s = self._scale
        left = s * (2 * _MARGIN + _NUMBER)
        return QRectF(left, s * (_MARGIN + row * (_ROW + _GAP)), self.width() - left - s * _MARGIN, s * _ROW)

    def paintEvent(self, _event: object) -> None:
        rows = self.history.rows()
        if not rows:
            return
        look, s = theme.active(), self._scale
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(look.panel))
        painter.fillRect(0, 0, self.width(), 1, QColor(look.border))
        size, corner = 12 * s, 4 * s
        for number, (identity, bars) in enumerate(rows):
            colour = theme.person_colour(identity)
            track = self._track(number)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(look.track))
            painter.drawRoundedRect(track, corner, corner)
            badge = QRectF(s * _MARGIN, track.top(), s * _NUMBER, track.height())
            painter.setBrush(colour)
            painter.drawRoundedRect(badge, corner, corner)
            painter.setFont(font(size, bold=True))
            painter.setPen(QColor(theme.OUTLINE))
            painter.drawText(badge, CENTRE, short_person(identity))
            for bar in bars:
                area = self.bar_area(number, bar)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(colour)
                painter.drawRoundedRect(area, corner, corner)
                inner = area.adjusted(6 * s, 0, -4 * s, 0)
                words = readable(bar.label)
                if width(words, size, bold=True) > inner.width():
                    words = elided(words, size, inner.width(), bold=True)
                if len(words) > 3:  # a letter and an ellipsis say nothing
                    painter.setPen(QColor(theme.OUTLINE))
                    painter.drawText(inner, LEFT, words)
        painter.setFont(font(10 * s))
        painter.setPen(QColor(look.muted))
        track = self._track(len(rows))
        for ago in range(0, int(SPAN) + 1, _TICKS):
            place = track.left() + (1 - ago / SPAN) * track.width()
            aligned = RIGHT if ago == 0 else LEFT if ago == SPAN else CENTRE
            wide = 60 * s
            box = QRectF(place - (wide if ago == 0 else 0 if ago == SPAN else wide / 2), track.top() - 2, wide, 13 * s)
            painter.drawText(box, aligned, "now" if ago == 0 else f"{ago} s ago")
        painter.end()
