"""The picture with everything painted over it, as large as its place allows."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PyQt5.QtCore import QObject, QPoint, QPointF, QRect, QRectF, QSize, QSizeF, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QHideEvent, QImage, QPainter, QResizeEvent, QShowEvent
from PyQt5.QtWidgets import QSizePolicy

from live_stf.skeleton import OPENPOSE_18, Skeleton
from live_stf.types import Snapshot
from live_stf.ui import theme
from live_stf.ui.overlay import Style, paint
from live_stf.ui.qt import PaintingThread
from live_stf.ui.scaled import ScaledWidget
from live_stf.ui.typeface import elided, font, width

WAITING = "Waiting for the first picture"
_MARGIN, _NOTE, _FONT = 16, 36, 15  # pixels at scale 1


def fit(size: QSize, place: QRectF) -> QRectF:
    """The largest area of this aspect in the middle of `place`, on whole pixels."""
    scaled = QSizeF(size).scaled(place.size(), Qt.KeepAspectRatio)
    area = QRectF(QPointF(0, 0), QSizeF(max(round(scaled.width()), 1), max(round(scaled.height()), 1)))
    area.moveTo(round(place.center().x() - area.width() / 2), round(place.center().y() - area.height() / 2))
    return area


@dataclass(frozen=True, eq=False)
class Job:
    """A picture to be made. size: (width, height) in the screen's pixels; ratio: of those to Qt's."""

    snapshot: Snapshot
    skeleton: Skeleton
    style: Style
    size: tuple[int, int]
    ratio: float


class Canvas:
    """Memory in which one picture is made, used again for the next one of this size."""

    def __init__(self) -> None:
        self._scaled = np.empty((0, 0, 3), np.uint8)
        self._drawn = np.empty((0, 0, 4), np.uint8)

    def make(self, job: Job) -> QImage:
        """The picture of the job's snapshot at its size, with everything on it; overwrites the one before.

        OpenCV scales in a fraction of the time that Qt's painter takes, and lets other threads run meanwhile.
        """
        image = job.snapshot.frame.image
        wide, high = job.size
        if self._drawn.shape[:2] != (high, wide):
            self._scaled, self._drawn = (np.empty((high, wide, channels), np.uint8) for channels in (3, 4))
        if (image.shape[1], image.shape[0]) != job.size:
            # Where several pixels become one, all of them have to count; that takes longer.
            kind = cv2.INTER_AREA if wide < 0.6 * image.shape[1] else cv2.INTER_LINEAR
            image = cv2.resize(image, job.size, dst=self._scaled, interpolation=kind)
        if job.style.mirrored:
            image = cv2.flip(image, 1)
        cv2.cvtColor(image, cv2.COLOR_BGR2BGRA, dst=self._drawn)
        # By address: a QImage over a buffer object is read-only, and a copy would be painted.
        picture = QImage(self._drawn.ctypes.data, wide, high, self._drawn.strides[0], QImage.Format_RGB32)
        picture.setDevicePixelRatio(job.ratio)
        shown, area = job.snapshot, QRectF(0, 0, wide / job.ratio, high / job.ratio)
        painter = QPainter(picture)
        paint(painter, area, shown.people, shown.events, shown.scores, job.skeleton, job.style)
        painter.end()
        return picture


class Composer(QObject):
    """Makes pictures in a thread of its own, the newest that was asked for; `composed` is sent with it and a QImage.

    A picture is good until the next but one was taken by `take`: two canvases take turns.
    """

    composed = pyqtSignal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._job: Job | None = None
        self._canvases = Canvas(), Canvas()
        self._taken, self._stopped = True, False
        self._change = threading.Condition()
        self._thread = PaintingThread(self._run)
        self._thread.start()

    def ask(self, job: Job) -> None:
        """Make this one next; one that was not begun yet is forgotten."""
        with self._change:
            self._job = job
            self._change.notify()

    def take(self) -> None:
        """The last picture that was sent is shown now, and the one before no longer."""
        with self._change:
            self._taken = True
            self._change.notify()

    def stop(self) -> None:
        """End the thread, when the picture that it is at is done."""
        with self._change:
            self._stopped = True
            self._change.notify()
        self._thread.wait()

    def _run(self) -> None:
        turn = 0
        while True:
            with self._change:
                self._change.wait_for(lambda: self._stopped or (self._taken and self._job is not None))
                if self._stopped:
                    return
                job, self._job, self._taken = self._job, None, False
            turn = 1 - turn
            self.composed.emit(self, self._canvases[turn].make(job))


class PictureView(ScaledWidget):
    """Shows the picture of a snapshot, or says why there is none.

    While it is visible the picture is made in a thread of its own, so that the interface has no more to do than to
    show it.
    """

    def __init__(self, style: Style, skeleton: Skeleton = OPENPOSE_18) -> None:
        super().__init__()
        self._skeleton = skeleton
        self._style = style
        self._snapshot = Snapshot()
        self._canvas = Canvas()
        self._composer: Composer | None = None
        self._image: QImage | None = None  # as it is shown
        self._waiting = WAITING
        self._frozen = self._recording = False
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)
        self.setMinimumSize(240, 180)
        self.setAttribute(Qt.WA_OpaquePaintEvent)

    def show_snapshot(self, snapshot: Snapshot, waiting: str = WAITING) -> None:
        """Show this from now on; nothing is made anew when nothing in it has changed. waiting: said while there is no
        picture."""
        before, self._snapshot = self._snapshot, snapshot
        if _painted(before) != _painted(snapshot):
            self._make()
        if (waiting, snapshot.message, snapshot.finished) != (self._waiting, before.message, before.finished):
            self._waiting = waiting
            self.update()

    @property
    def style(self) -> Style:
        """What is painted over the picture."""
        return self._style

    def set_style(self, **changes: object) -> None:
        """Change what is painted over the picture; names are those of `Style`."""
        self._style = replace(self._style, **changes)
        self._make()

    def set_skeleton(self, skeleton: Skeleton) -> None:
        """People have these joints from now on."""
        self._skeleton = skeleton

    def set_frozen(self, frozen: bool) -> None:
        """Say on the picture that it stands still because the user wants it."""
        self._frozen = frozen
        self.update()

    def set_recording(self, recording: bool) -> None:
        """Say on the picture that it is being recorded."""
        if recording != self._recording:
            self._recording = recording
            self.update()

    @property
    def picture_area(self) -> QRectF:
        """Where the picture lies in this widget, empty without one."""
        frame = self._snapshot.frame
        return fit(QSize(*frame.size), QRectF(self.rect())) if frame is not None else QRectF()

    def settle(self) -> None:
        """Have the newest picture at once."""
        self._image = self._canvas.make(self._job()) if self._snapshot.frame is not None else None
        self.update()

    def _job(self) -> Job:
        area, ratio = self.picture_area, self.devicePixelRatioF()
        size = round(area.width() * ratio), round(area.height() * ratio)
        return Job(self._snapshot, self._skeleton, self._style, size, ratio)

    def _make(self) -> None:
        if self._composer is None or self._snapshot.frame is None:
            self._image = None  # it is made when it is painted
            self.update()
        else:
            self._composer.ask(self._job())

    def _show_composed(self, composer: Composer, image: QImage) -> None:
        if composer is not self._composer:  # the widget was hidden meanwhile
            return
        self._image = image
        self._composer.take()
        self.update()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._composer is None:
            self._composer = Composer()
            self._composer.composed.connect(self._show_composed, Qt.QueuedConnection)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self._composer is not None:
            self.settle()  # the last picture lies in memory that goes with the thread
            self._composer.stop()
            self._composer = None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make()

    def paintEvent(self, _event: object) -> None:
        look = theme.active()
        painter = QPainter(self)
        area = self.picture_area
        self._around(painter, area.toRect(), QColor(look.background))
        painter.setRenderHints(QPainter.Antialiasing | QPainter.TextAntialiasing)
        shown = self._snapshot
        if shown.frame is None:
            painter.setFont(font(1.2 * _FONT * self._scale))
            painter.setPen(QColor(look.muted))
            place = self.rect().adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
            painter.drawText(place, Qt.AlignCenter | Qt.TextWordWrap, shown.message or self._waiting)
        else:
            if self._image is None:
                self._image = self._canvas.make(self._job())
            if QSizeF(self._image.size()) / self._image.devicePixelRatioF() == area.size():
                painter.drawImage(area.topLeft(), self._image)
            else:  # the window's size has just changed
                painter.drawImage(area, self._image)
            self._say(painter)
        painter.end()

    def _around(self, painter: QPainter, area: QRect, colour: QColor) -> None:
        """Fill what the picture leaves over.

        A pixel more on every side: where the desktop's scale is no whole number, edges lie within the screen's pixels,
        and those that nobody filled would keep what was there before.
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
    )
