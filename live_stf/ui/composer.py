"""Composes the picture of a snapshot, the scaled frame with everything painted over it, in a thread of its own."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import cv2
import numpy as np
from PyQt5.QtCore import QObject, QRectF, pyqtSignal
from PyQt5.QtGui import QImage, QPainter

from live_stf.skeleton import Skeleton
from live_stf.types import Snapshot
from live_stf.ui.overlay import Style, image_over, paint
from live_stf.ui.qt import PaintingThread


@dataclass(frozen=True, eq=False)
class Job:
    """A picture to be composed.

    image: (height, width, 3) uint8 BGR. snapshot: people, events and scores to be painted over it. size: (width,
    height) of the picture in pixels of the screen. ratio: pixels of the screen per pixel of Qt.
    """

    image: np.ndarray
    snapshot: Snapshot
    skeleton: Skeleton
    style: Style
    size: tuple[int, int]
    ratio: float


class Canvas:
    """Memory for one picture, reused for the next picture of the same size."""

    def __init__(self) -> None:
        self._scaled = np.empty((0, 0, 3), np.uint8)
        self._drawn = np.empty((0, 0, 4), np.uint8)

    def compose(self, job: Job) -> QImage:
        """Compose the picture of this job; overwrites the picture before.

        OpenCV scales in a fraction of the time that Qt's painter takes, and lets other threads run meanwhile.
        """
        image = job.image
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
        picture = image_over(self._drawn, QImage.Format.Format_RGB32)
        picture.setDevicePixelRatio(job.ratio)
        shown, area = job.snapshot, QRectF(0, 0, wide / job.ratio, high / job.ratio)
        painter = QPainter(picture)
        paint(painter, area, shown.people, shown.events, shown.scores, job.skeleton, job.style)
        painter.end()
        return picture


class Composer(QObject):
    """Composes pictures in a thread of its own, always the newest job.

    `composed` is emitted with this object and the picture, a QImage. A picture is valid until `take` was called for the
    next picture but one: two canvases are used in turn.
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

    def submit(self, job: Job) -> None:
        """Compose this job next; replaces a job that has not been started."""
        with self._change:
            self._job = job
            self._change.notify()

    def take(self) -> None:
        """Tell that the last picture is on the screen, and the one before is not."""
        with self._change:
            self._taken = True
            self._change.notify()

    def stop(self) -> None:
        """End the thread after the picture that it is composing."""
        with self._change:
            self._stopped = True
            self._change.notify()
        self._thread.wait()

    def _next(self) -> Job | None:
        """Wait for a job and for the last picture to be taken; None after `stop`."""
        with self._change:
            self._change.wait_for(lambda: self._stopped or (self._taken and self._job is not None))
            if self._stopped:
                return None
            job, self._job, self._taken = self._job, None, False
            return job

    def _run(self) -> None:
        turn = 0
        while (job := self._next()) is not None:
            turn = 1 - turn
            self.composed.emit(self, self._canvases[turn].compose(job))
