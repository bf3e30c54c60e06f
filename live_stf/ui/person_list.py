"""The people in view and their labels, one card per person."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt5.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QMouseEvent, QPainter
from PyQt5.QtWidgets import QSizePolicy

from live_stf.types import Event, State
from live_stf.ui import theme
from live_stf.ui.alignment import CENTRE, LEFT, RIGHT
from live_stf.ui.fonts import elided, font, width
from live_stf.ui.scaled import ScaledWidget
from live_stf.ui.wording import event_words, filling_words, short_person

_GAP = 6
_TALL, _LOW = 66, 44  # pixels at scale 1
_IN_ONE_COLUMN = 2  # people; more stand in two columns
_SHOWN = 6  # people at most


class PersonList(ScaledWidget):
    """A card with number, label and score for every person. frames: length of a full window.

    `chosen` is emitted with the identity of a person whose card is clicked.
    """

    chosen = pyqtSignal(int)

    def __init__(self, frames: int) -> None:
        super().__init__()
        self._frames = frames
        self._events: dict[int, Event] = {}
        self._selected: int | None = None
        self._note = ""
        self._most_tall = _IN_ONE_COLUMN
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_events(self, events: Mapping[int, Event], selected: int | None, note: str = "No person in view") -> None:
        """Show events by identity.

        selected: the person whose details are shown elsewhere. note: the text if there is nobody.
        """
        events = {identity: events[identity] for identity in sorted(events)}
        if (events, selected, note) == (self._events, self._selected, self._note):
            return
        resized = len(events) != len(self._events)
        self._events, self._selected, self._note = events, selected, note
        if resized:
            self.updateGeometry()
        self.update()

    def set_frames(self, frames: int) -> None:
        """Set the length of a full window."""
        self._frames = frames

    def set_tall(self, most: int) -> None:
        """Use tall cards while there are at most `most` people."""
        if most != self._most_tall:
            self._most_tall = most
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        rows = -(-max(1, min(len(self._events), _SHOWN)) // self._columns())
        return QSize(240, round(rows * (self._row_height() + _GAP) - _GAP))

    minimumSizeHint = sizeHint

    def card_of(self, position: int) -> QRectF:
        """Area of the card at this position, where 0 is the first."""
        columns, height = self._columns(), self._row_height()
        width = (self.width() - (columns - 1) * _GAP) / columns
        row, column = divmod(position, columns)
        return QRectF(column * (width + _GAP), row * (height + _GAP), width, height)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        if event is None:
            return
        for position, identity in enumerate(list(self._events)[:_SHOWN]):
            if self.card_of(position).contains(event.localPos()):
                self.chosen.emit(identity)

    def _columns(self) -> int:
        return 1 if len(self._events) <= _IN_ONE_COLUMN else 2

    def _is_tall(self) -> bool:
        return len(self._events) <= self._most_tall

    def _row_height(self) -> float:
        return self._scale * (_TALL if self._is_tall() else _LOW)

    def paintEvent(self, _event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._events:
            card = self.card_of(0).adjusted(0.5, 0.5, -0.5, -0.5)
            self._box(painter, card, selected=False)
            painter.setFont(font(15 * self._scale))
            painter.setPen(QColor(theme.active().muted))
            painter.drawText(card, CENTRE, self._note)
        for position, event in enumerate(list(self._events.values())[:_SHOWN]):
            self._card(painter, self.card_of(position).adjusted(0.5, 0.5, -0.5, -0.5), event)
        painter.end()

    def _box(self, painter: QPainter, card: QRectF, selected: bool) -> None:
        look = theme.active()
        painter.setPen(QColor(look.faint if selected else look.border))
        painter.setBrush(QColor(look.raised if selected else look.panel))
        painter.drawRoundedRect(card, 8, 8)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _card(self, painter: QPainter, card: QRectF, event: Event) -> None:
        look, s = theme.active(), self._scale
        tall, wide = self._is_tall(), self._columns() == 1
        self._box(painter, card, selected=event.identity == self._selected and len(self._events) > 1)
        side, inset = (30 * s, 12 * s) if tall else (26 * s, 9 * s)
        badge = QRectF(card.left() + inset, card.center().y() - side / 2, side, side)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.person_colour(event.identity))
        painter.drawRoundedRect(badge, 6 * s, 6 * s)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QColor(theme.OUTLINE))
        painter.setFont(font(16 * s if tall else 14 * s, bold=True))
        painter.drawText(badge, CENTRE, short_person(event.identity))

        words, number = event_words(event, self._frames)
        settled = event.state is State.LABEL
        inner = QRectF(badge.right() + inset, card.top(), card.right() - badge.right() - 2 * inset, card.height())
        below = filling_words(event, self._frames) if tall else ""
        if below:
            painter.setFont(font(12 * s))
            painter.setPen(QColor(look.muted))
            under = QRectF(inner.left(), card.top() + 0.58 * card.height(), inner.width(), 0.3 * card.height())
            painter.drawText(under, LEFT, elided(below, 12 * s, inner.width()))
            inner.setHeight(0.66 * inner.height())
        painter.setPen(QColor(look.text if settled else look.muted))
        number_size = s * (20 if tall else 16 if wide else 13)
        painter.setFont(font(number_size))
        painter.drawText(inner, RIGHT, number)
        inner.setRight(inner.right() - width(number, number_size) - inset / 2)
        size = s * (23 if tall else 18 if wide else 14)
        # A long label is made smaller before it is cut off.
        while size > 13 * s and width(words, size, settled) > inner.width():
            size -= 1
        painter.setFont(font(size, bold=settled))
        painter.drawText(
            inner,
            LEFT,
            elided(words, size, inner.width(), settled),
        )
