"""Who is in view and what they are doing, one card a person."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt5.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QFont, QFontMetricsF, QMouseEvent, QPainter
from PyQt5.QtWidgets import QSizePolicy, QWidget

from live_stf.types import Event, State
from live_stf.ui import theme
from live_stf.ui.wording import event_words, filling_words

_GAP = 6
_TALL, _LOW = 66, 44
_IN_ONE_COLUMN = 2
_SHOWN = 6


class PersonList(QWidget):
    """A card with number, label and score for everybody; more than two persons stand in two columns.

    `chosen` is sent with the identity of a card that is clicked.
    """

    chosen = pyqtSignal(int)

    def __init__(self, frames: int) -> None:
        super().__init__()
        self._frames = frames
        self._events: dict[int, Event] = {}
        self._selected: int | None = None
        self._note = ""
        self._compact = False
        self.setSizePolicy(QSizePolicy.Preferred, QSizePolicy.Fixed)

    def show_events(self, events: Mapping[int, Event], selected: int | None, note: str = "No person in view") -> None:
        """events by identity; selected: whose details are shown elsewhere; note: what is said when there is nobody."""
        events = {identity: events[identity] for identity in sorted(events)}
        if (events, selected, note) == (self._events, self._selected, self._note):
            return
        resized = len(events) != len(self._events)
        self._events, self._selected, self._note = events, selected, note
        if resized:
            self.updateGeometry()
        self.update()

    def set_compact(self, compact: bool) -> None:
        """Lower cards, for a small window."""
        if compact != self._compact:
            self._compact = compact
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        rows = -(-max(1, min(len(self._events), _SHOWN)) // self._columns())
        return QSize(290, rows * (self._row_height() + _GAP) - _GAP)

    minimumSizeHint = sizeHint

    def card_of(self, position: int) -> QRectF:
        """Where the card of the person at this position lies, 0 being the first."""
        columns, height = self._columns(), self._row_height()
        width = (self.width() - (columns - 1) * _GAP) / columns
        row, column = divmod(position, columns)
        return QRectF(column * (width + _GAP), row * (height + _GAP), width, height)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for position, identity in enumerate(list(self._events)[:_SHOWN]):
            if self.card_of(position).contains(event.localPos()):
                self.chosen.emit(identity)

    def _columns(self) -> int:
        return 1 if len(self._events) <= _IN_ONE_COLUMN else 2

    def _row_height(self) -> int:
        return _TALL if len(self._events) <= _IN_ONE_COLUMN and not self._compact else _LOW

    def paintEvent(self, _event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        if not self._events:
            card = self.card_of(0).adjusted(0.5, 0.5, -0.5, -0.5)
            self._box(painter, card, selected=False)
            painter.setFont(_font(15))
            painter.setPen(QColor(theme.MUTED))
            painter.drawText(card, Qt.AlignCenter, self._note)
        for position, event in enumerate(list(self._events.values())[:_SHOWN]):
            self._card(painter, self.card_of(position).adjusted(0.5, 0.5, -0.5, -0.5), event)
        painter.end()

    def _box(self, painter: QPainter, card: QRectF, selected: bool) -> None:
        painter.setPen(QColor(theme.FAINT if selected else theme.BORDER))
        painter.setBrush(QColor(theme.RAISED if selected else theme.PANEL))
        painter.drawRoundedRect(card, 8, 8)
        painter.setBrush(Qt.NoBrush)

    def _card(self, painter: QPainter, card: QRectF, event: Event) -> None:
        tall, wide = card.height() > _LOW, self._columns() == 1
        self._box(painter, card, selected=event.identity == self._selected and len(self._events) > 1)
        side, inset = (30, 12) if tall else (26, 9)
        badge = QRectF(card.left() + inset, card.center().y() - side / 2, side, side)
        painter.setPen(Qt.NoPen)
        painter.setBrush(theme.person_colour(event.identity))
        painter.drawRoundedRect(badge, 6, 6)
        painter.setBrush(Qt.NoBrush)
        painter.setPen(QColor(theme.OUTLINE))
        painter.setFont(_font(16 if tall else 14, bold=True))
        painter.drawText(badge, Qt.AlignCenter, str(event.identity))

        words, number = event_words(event, self._frames)
        settled = event.state is State.LABEL
        inner = QRectF(badge.right() + inset, card.top(), card.right() - badge.right() - 2 * inset, card.height())
        below = filling_words(event, self._frames) if tall else ""
        if below:
            painter.setFont(_font(12))
            painter.setPen(QColor(theme.MUTED))
            under = QRectF(inner.left(), card.top() + 0.58 * card.height(), inner.width(), 0.3 * card.height())
            painter.drawText(under, Qt.AlignVCenter | Qt.AlignLeft, below)
            inner.setHeight(0.66 * inner.height())
        painter.setPen(QColor(theme.TEXT if settled else theme.MUTED))
        number_font = _font(20 if tall else 16 if wide else 13)
        painter.setFont(number_font)
        painter.drawText(inner, Qt.AlignVCenter | Qt.AlignRight, number)
        inner.setRight(inner.right() - QFontMetricsF(number_font).horizontalAdvance(number) - inset)
        font = _font(23 if tall else 18 if wide else 14, bold=settled)
        painter.setFont(font)
        words = QFontMetricsF(font).elidedText(words, Qt.ElideRight, inner.width())
        painter.drawText(inner, Qt.AlignVCenter | Qt.AlignLeft, words)


def _font(pixels: int, bold: bool = False) -> QFont:
    font = QFont()
    font.setPixelSize(pixels)
    font.setBold(bold)
    return font
