"""The picture with everything painted over it, as large as its place allows."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from PyQt5.QtCore import QPointF, QRect, QRectF, QSize, QSizeF, Qt
from PyQt5.QtGui import QColor, QImage, QPainter
from PyQt5.QtWidgets import QSizePolicy, QWidget

from live_stf.skeleton import OPENPOSE_18, Skeleton
from live_stf.types import Snapshot
from live_stf.ui import theme
from live_stf.ui.overlay import Style, paint
from live_stf.ui.typeface import elided, font, width

WAITING = "Waiting for the first picture"
_MARGIN, _NOTE, _FONT = 16, 36, 15  # pixels at scale 1


def fit(size: QSize, place: QRectF) -> QRectF:
    """The largest area of this aspect in the middle of `place`, on whole pixels."""
    scaled = QSizeF(size).scaled(place.size(), Qt.KeepAspectRatio)
    area = QRectF(QPointF(0, 0), QSizeF(max(round(scaled.width()), 1), max(round(scaled.height()), 1)))
    area.moveTo(round(place.center().x() - area.width() / 2), round(place.center().y() - area.height() / 2))
    return area


class Scaler:
    """Brings pictures to the size and form in which they are drawn, in memory that is used again.

    OpenCV does it in a fraction of the time that Qt's painter takes, and lets other threads run meanwhile.
    """

    def __init__(self) -> None:
        self._scaled = np.empty((0, 0, 3), np.uint8)
        self._drawn = np.empty((0, 0, 4), np.uint8)

    def __call__(self, image: np.ndarray, size: tuple[int, int], mirrored: bool = False) -> QImage:
        """image: (height, width, 3) uint8 BGR. size: (width, height) in pixels. Overwrites what was given before."""
        wide, high = size
        if self._drawn.shape[:2] != (high, wide):
            self._scaled, self._drawn = (np.empty((high, wide, channels), np.uint8) for channels in (3, 4))
        smaller = wide < image.shape[1]
        if (image.shape[1], image.shape[0]) == size:
            scaled = image
        else:
            kind = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
            scaled = cv2.resize(image, size, dst=self._scaled, interpolation=kind)
        if mirrored:
            scaled = cv2.flip(scaled, 1, dst=None if scaled is image else scaled)
        cv2.cvtColor(scaled, cv2.COLOR_BGR2BGRA, dst=self._drawn)
        return QImage(self._drawn.data, wide, high, self._drawn.strides[0], QImage.Format_RGB32)


class PictureView(QWidget):
    """Shows the picture of a snapshot, or says why there is none."""

    def __init__(self, style: Style, skeleton: Skeleton = OPENPOSE_18) -> None:
        super().__init__()
        self._skeleton = skeleton
        self._style = style
        self._snapshot = Snapshot()
        self._scaler = Scaler()
        self._image: QImage | None = None  # as it is drawn
        self._waiting = WAITING
        self._frozen = self._recording = False
        self._scale = 1.0
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)
        self.setMinimumSize(240, 180)
        self.setAttribute(Qt.WA_OpaquePaintEvent)

    def show_snapshot(self, snapshot: Snapshot, waiting: str = WAITING) -> None:
        """Paint this from now on; nothing is repainted when nothing in it has changed. waiting: said while there is no
        picture."""
        before, self._snapshot = self._snapshot, snapshot
        if snapshot.frame is not before.frame:
            self._image = None
        if _painted(before) != _painted(snapshot) or waiting != self._waiting:
            self._waiting = waiting
            self.update()

    @property
    def style(self) -> Style:
        """What is painted over the picture."""
        return self._style

    def set_style(self, **changes: object) -> None:
        """Change what is painted over the picture; names are those of `Style`."""
        self._style = replace(self._style, **changes)
        self._image = None
        self.update()

    def set_skeleton(self, skeleton: Skeleton) -> None:
        """People have these joints from now on."""
        self._skeleton = skeleton

    def set_scale(self, scale: float) -> None:
        """Larger or smaller notes."""
        self._scale = scale
        self.update()

    def set_frozen(self, frozen: bool) -> None:
        """Say on the picture that it stands still because the user wants it."""
        self._frozen = frozen
        self.update()

    def set_recording(self, recording: bool) -> None:
        """Say on the picture that it is being recorded."""
        self._recording = recording
        self.update()

    @property
    def picture_area(self) -> QRectF:
        """Where the picture lies in this widget, empty without one."""
        frame = self._snapshot.frame
        return fit(QSize(*frame.size), QRectF(self.rect())) if frame is not None else QRectF()

    def paintEvent(self, _event: object) -> None:
        look = theme.active()
        painter = QPainter(self)
        painter.setRenderHints(QPainter.Antialiasing | QPainter.TextAntialiasing)
        area = self.picture_area
        self._around(painter, area.toRect(), QColor(look.background))
        shown = self._snapshot
        if shown.frame is None:
            painter.setFont(font(1.2 * _FONT * self._scale))
            painter.setPen(QColor(look.muted))
            place = self.rect().adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
            painter.drawText(place, Qt.AlignCenter | Qt.TextWordWrap, shown.message or self._waiting)
        else:
            self._draw(painter, area)
            paint(painter, area, shown.people, shown.events, shown.scores, self._skeleton, self._style)
            self._say(painter)
        painter.end()

    def _around(self, painter: QPainter, area: QRect, colour: QColor) -> None:
        """Fill what the picture leaves over."""
        place = self.rect()
        if area.isEmpty():
            painter.fillRect(place, colour)
            return
        painter.fillRect(0, 0, place.width(), area.top(), colour)
        painter.fillRect(0, area.bottom() + 1, place.width(), place.height() - area.bottom() - 1, colour)
        painter.fillRect(0, area.top(), area.left(), area.height(), colour)
        painter.fillRect(area.right() + 1, area.top(), place.width() - area.right() - 1, area.height(), colour)

    def _draw(self, painter: QPainter, area: QRectF) -> None:
        ratio = self.devicePixelRatioF()
        size = round(area.width() * ratio), round(area.height() * ratio)
        if self._image is None or (self._image.width(), self._image.height()) != size:
            self._image = self._scaler(self._snapshot.frame.image, size, self._style.mirrored)
            self._image.setDevicePixelRatio(ratio)
        painter.drawImage(area.topLeft(), self._image)

    def _say(self, painter: QPainter) -> None:
        """What is to be said beside the picture's own content, from the lower left corner upwards."""
        shown, s = self._snapshot, self._scale
        nobody = shown.people is not None and not shown.people.persons and not shown.finished
        size, margin, high = _FONT * s, _MARGIN * s, _NOTE * s
        notes = (
            (shown.message, False),
            ("Paused: press Space to go on" if self._frozen else "", False),
            ("No person in view" if nobody else "", False),
            ("Recording: press R to end it" if self._recording else "", True),
        )
        bottom = self.height() - margin
        for text, dot in notes:
            if not text:
                continue
            text = elided(text, size, self.width() - 4 * margin)
            lead = 1.4 * size if dot else 0.0
            box = QRectF(margin, bottom - high, width(text, size) + 2 * margin + lead, high)
            painter.setPen(Qt.NoPen)
            painter.setBrush(QColor(11, 13, 16, 215))
            painter.drawRoundedRect(box, 8 * s, 8 * s)
            if dot:
                painter.setBrush(QColor("#ff4d4d"))
                painter.drawEllipse(QPointF(box.left() + margin + 0.3 * size, box.center().y()), 0.4 * size, 0.4 * size)
            painter.setFont(font(size))
            painter.setPen(QColor(theme.DARK.text))
            painter.drawText(box.adjusted(lead, 0, 0, 0), Qt.AlignCenter, text)
            bottom -= high + margin / 2


def _painted(snapshot: Snapshot) -> tuple[object, ...]:
    """What the picture depends on; arrays are compared by identity."""
    return (
        id(snapshot.frame),
        id(snapshot.people),
        dict(snapshot.events),
        {identity: id(one) for identity, one in snapshot.scores.items()},
        snapshot.message,
        snapshot.finished,
    )
