"""The picture with everything painted over it, as large as its place allows."""

from __future__ import annotations

from PyQt5.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PyQt5.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter
from PyQt5.QtWidgets import QSizePolicy, QWidget

from live_stf.skeleton import Skeleton
from live_stf.types import Frame, Snapshot
from live_stf.ui import theme
from live_stf.ui.overlay import Style, paint

WAITING = "Waiting for the first picture"
_MARGIN, _NOTE = 16, 36  # pixels


def fit(size: QSize, place: QRectF) -> QRectF:
    """The largest area of this aspect in the middle of `place`."""
    scaled = QSizeF(size).scaled(place.size(), Qt.KeepAspectRatio)
    area = QRectF(QPointF(0, 0), scaled)
    area.moveCenter(place.center())
    return area


def to_image(frame: Frame) -> QImage:
    """A frame as an image that owns its pixels, in the format that is drawn fastest."""
    pixels = frame.image
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, pixels.strides[0], QImage.Format_BGR888).convertToFormat(
        QImage.Format_RGB32
    )


class PictureView(QWidget):
    """Shows the picture of a snapshot, or says why there is none."""

    def __init__(self, skeleton: Skeleton, style: Style) -> None:
        super().__init__()
        self._skeleton = skeleton
        self._style = style
        self._snapshot = Snapshot()
        self._image: QImage | None = None
        self._frozen = False
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)
        self.setMinimumSize(240, 180)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Paint this from now on; nothing is repainted when nothing in it has changed."""
        before, self._snapshot = self._snapshot, snapshot
        if snapshot.frame is not before.frame:
            self._image = None if snapshot.frame is None else to_image(snapshot.frame)
        if _painted(before) != _painted(snapshot):
            self.update()

    @property
    def style(self) -> Style:
        """What is painted over the picture."""
        return self._style

    def set_style(self, style: Style) -> None:
        """Paint this over the picture from now on."""
        self._style = style
        self.update()

    def set_frozen(self, frozen: bool) -> None:
        """Say on the picture that it stands still because the user wants it."""
        self._frozen = frozen
        self.update()

    @property
    def picture_area(self) -> QRectF:
        """Where the picture lies in this widget, empty without one."""
        return fit(self._image.size(), QRectF(self.rect())) if self._image is not None else QRectF()

    def paintEvent(self, _event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.Antialiasing | QPainter.SmoothPixmapTransform | QPainter.TextAntialiasing)
        painter.fillRect(self.rect(), QColor(theme.BACKGROUND))
        if self._image is None:
            painter.setFont(_font())
            painter.setPen(QColor(theme.MUTED))
            painter.drawText(self.rect(), Qt.AlignCenter | Qt.TextWordWrap, self._snapshot.message or WAITING)
        else:
            area = self.picture_area
            self._draw(painter, area)
            shown = self._snapshot
            paint(painter, area, shown.people, shown.events, shown.scores, self._skeleton, self._style)
            self._say(painter)
        painter.end()

    def _draw(self, painter: QPainter, area: QRectF) -> None:
        """Draw the picture; a much larger one is averaged, since the painter reads only four pixels for one."""
        pixels = area.size() * self.devicePixelRatioF()
        if pixels.width() < 0.5 * self._image.width():
            smaller = self._image.scaled(pixels.toSize(), Qt.IgnoreAspectRatio, Qt.SmoothTransformation)
            painter.drawImage(area, smaller)
        else:
            painter.drawImage(area, self._image)

    def _say(self, painter: QPainter) -> None:
        """What is to be said beside the picture's own content, from the lower left corner upwards."""
        shown = self._snapshot
        nobody = shown.people is not None and not shown.people.persons and not shown.finished
        notes = (
            shown.message,
            "Frozen: press Space to go on" if self._frozen else "",
            "No person in view" if nobody else "",
        )
        painter.setFont(_font())
        metrics = QFontMetricsF(_font())
        bottom = self.height() - _MARGIN
        for text in filter(None, notes):
            text = metrics.elidedText(text, Qt.ElideMiddle, self.width() - 4 * _MARGIN)
            box = QRectF(_MARGIN, bottom - _NOTE, metrics.horizontalAdvance(text) + 2 * _MARGIN, _NOTE)
            painter.setPen(Qt.NoPen)
            painter.setBrush(QColor(theme.RAISED))
            painter.drawRoundedRect(box, 8, 8)
            painter.setPen(QColor(theme.TEXT))
            painter.drawText(box, Qt.AlignCenter, text)
            bottom -= _NOTE + _MARGIN / 2


def _font() -> QFont:
    font = QFont()
    font.setPixelSize(15)
    return font


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
