"""The picture: the frame with everything painted over it, as large as there is room."""

from __future__ import annotations

from PyQt5.QtCore import QPoint, QPointF, QRect, QRectF, QSize, QSizeF, Qt
from PyQt5.QtGui import QColor, QHideEvent, QImage, QPainter, QResizeEvent, QShowEvent
from PyQt5.QtWidgets import QSizePolicy

from live_stf.skeleton import OPENPOSE_18, Skeleton
from live_stf.types import Frame, Snapshot
from live_stf.ui import theme
from live_stf.ui.alignment import CENTRE
from live_stf.ui.composer import Canvas, Composer, Job
from live_stf.ui.fonts import elided, font, width
from live_stf.ui.keys import keys_of
from live_stf.ui.overlay import Style
from live_stf.ui.scaled import ScaledWidget

WAITING = "Waiting for the first frame"
_MARGIN, _NOTE, _FONT = 16, 36, 15  # pixels at scale 1


def fit(size: QSize, place: QRectF) -> QRectF:
    """The largest area with the aspect ratio of `size` in the middle of `place`, on whole pixels."""
    scaled = QSizeF(size).scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
    area = QRectF(QPointF(0, 0), QSizeF(max(round(scaled.width()), 1), max(round(scaled.height()), 1)))
    area.moveTo(round(place.center().x() - area.width() / 2), round(place.center().y() - area.height() / 2))
    return area


class PictureView(ScaledWidget):
    """Shows the picture of a snapshot, or a message if there is no frame.

    overlay: what is painted over the frame. While the widget is visible, a thread of its own composes the picture, so
    that the interface only has to draw it.
    """

    def __init__(self, overlay: Style, skeleton: Skeleton = OPENPOSE_18) -> None:
        super().__init__()
        self._skeleton = skeleton
        self._overlay = overlay
        self._snapshot = Snapshot()
        self._canvas = Canvas()
        self._composer: Composer | None = None
        self._image: QImage | None = None  # as it is shown
        self._waiting = WAITING
        self._paused = self._recording = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 180)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def show_snapshot(self, snapshot: Snapshot, waiting: str = WAITING) -> None:
        """Show this snapshot; the picture is composed only if something in it has changed.

        waiting: the message while there is no frame.
        """
        before, self._snapshot = self._snapshot, snapshot
        if _painted(before) != _painted(snapshot):
            self._compose()
        if (waiting, snapshot.message, snapshot.finished) != (self._waiting, before.message, before.finished):
            self._waiting = waiting
            self.update()

    @property
    def overlay(self) -> Style:
        """What is painted over the frame."""
        return self._overlay

    def set_overlay(self, overlay: Style) -> None:
        """Change what is painted over the frame."""
        self._overlay = overlay
        self._compose()

    def set_skeleton(self, skeleton: Skeleton) -> None:
        """Set the joints that people have from now on."""
        self._skeleton = skeleton

    def set_paused(self, paused: bool) -> None:
        """Say on the picture that the display is paused, or no longer."""
        self._paused = paused
        self.update()

    def set_recording(self, recording: bool) -> None:
        """Say on the picture that it is being recorded, or no longer."""
        if recording != self._recording:
            self._recording = recording
            self.update()

    @property
    def picture_area(self) -> QRectF:
        """Where the picture lies in this widget; empty without a frame."""
        frame = self._snapshot.frame
        return fit(QSize(*frame.size), QRectF(self.rect())) if frame is not None else QRectF()

    def settle(self) -> None:
        """Compose the newest picture now instead of in the thread."""
        frame = self._snapshot.frame
        self._image = self._canvas.compose(self._job(frame)) if frame is not None else None
        self.update()

    def _job(self, frame: Frame) -> Job:
        area, ratio = self.picture_area, self.devicePixelRatioF()
        size = round(area.width() * ratio), round(area.height() * ratio)
        return Job(frame.image, self._snapshot, self._skeleton, self._overlay, size, ratio)

    def _compose(self) -> None:
        if self._composer is None or self._snapshot.frame is None:
            self._image = None  # composed when the widget is painted
            self.update()
        else:
            self._composer.submit(self._job(self._snapshot.frame))

    def _show_composed(self, composer: Composer, image: QImage) -> None:
        if composer is not self._composer:  # the widget was hidden meanwhile
            return
        self._image = image
        self._composer.take()
        self.update()

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        if self._composer is None:
            self._composer = Composer()
            self._composer.composed.connect(self._show_composed)

    def hideEvent(self, event: QHideEvent | None) -> None:
        super().hideEvent(event)
        if self._composer is not None:
            self.settle()  # the memory of the last picture belongs to the composer
            self._composer.stop()
            self._composer = None

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._compose()

    def paintEvent(self, _event: object) -> None:
        look = theme.active()
        painter = QPainter(self)
        area = self.picture_area
        self._fill_around(painter, area.toRect(), QColor(look.background))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        frame, message = self._snapshot.frame, self._snapshot.message
        if frame is None:
            painter.setFont(font(1.2 * _FONT * self._scale))
            painter.setPen(QColor(look.muted))
            place = self.rect().adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
            centred = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(place, centred, message or self._waiting)
        else:
            if self._image is None:
                self._image = self._canvas.compose(self._job(frame))
            if QSizeF(self._image.size()) / self._image.devicePixelRatioF() == area.size():
                painter.drawImage(area.topLeft(), self._image)
            else:  # the window's size has just changed
                painter.drawImage(area, self._image)
            self._paint_notes(painter)
        painter.end()

    def _fill_around(self, painter: QPainter, area: QRect, colour: QColor) -> None:
        """Fill the widget around the picture.

        The areas overlap the picture by one pixel: where the scale of the desktop is not a whole number, edges lie
        inside pixels of the screen, and pixels that nothing fills would keep their old content.
        """
        place = self.rect().adjusted(-1, -1, 1, 1)
        if area.isEmpty():
            painter.fillRect(place, colour)
            return
        inner = area.adjusted(1, 1, -1, -1)
        for corner, opposite in (
            (place.topLeft(), QPoint(place.right(), inner.top())),
            (QPoint(place.left(), inner.bottom()), place.bottomRight()),
            (QPoint(place.left(), inner.top()), QPoint(inner.left(), inner.bottom())),
            (QPoint(inner.right(), inner.top()), QPoint(place.right(), inner.bottom())),
        ):
            painter.fillRect(QRect(corner, opposite), colour)

    def _notes(self) -> list[str]:
        shown = self._snapshot
        nobody = shown.people is not None and not shown.people.persons and not shown.finished
        notes = (
            shown.message,
            f"Paused: press {keys_of('toggle_pause')[0]} to resume" if self._paused else "",
            "No person in view" if nobody else "",
        )
        return [note for note in notes if note]

    def _paint_notes(self, painter: QPainter) -> None:
        """Paint the notes over the picture, from the lower left corner upwards."""
        bottom = self.height() - _MARGIN * self._scale
        for text in self._notes():
            bottom = self._paint_note(painter, text, bottom, dot=False)
        if self._recording:
            stop = f"Recording: press {keys_of('toggle_recording')[0]} to stop"
            self._paint_note(painter, stop, bottom, dot=True)

    def _paint_note(self, painter: QPainter, text: str, bottom: float, dot: bool) -> float:
        """Paint one note that ends at `bottom`, with a red dot in front if asked; returns the bottom of the next."""
        s = self._scale
        size, margin, high = _FONT * s, _MARGIN * s, _NOTE * s
        text = elided(text, size, self.width() - 4 * margin)
        lead = 1.4 * size if dot else 0.0
        box = QRectF(margin, bottom - high, width(text, size) + 2 * margin + lead, high)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(11, 13, 16, 215))
        painter.drawRoundedRect(box, 8 * s, 8 * s)
        if dot:
            painter.setBrush(QColor("#ff4d4d"))
            painter.drawEllipse(QPointF(box.left() + margin + 0.3 * size, box.center().y()), 0.4 * size, 0.4 * size)
        painter.setFont(font(size))
        painter.setPen(QColor(theme.DARK.text))
        painter.drawText(box.adjusted(lead, 0, 0, 0), CENTRE, text)
        return bottom - high - margin / 2


def _painted(snapshot: Snapshot) -> tuple[object, ...]:
    """Everything the picture depends on; arrays are compared by identity."""
    return (
        id(snapshot.frame),
        id(snapshot.people),
        dict(snapshot.events),
        {identity: id(one) for identity, one in snapshot.scores.items()},
    )
