"""The attention matrix of one person: how much every joint attends to every part."""

from __future__ import annotations

from math import ceil

import numpy as np
import pyqtgraph
from PyQt5.QtCore import QEvent, QPointF, QRectF, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QFont, QFontMetricsF, QPainter, QResizeEvent
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from live_stf.skeleton import Grain, Skeleton
from live_stf.ui import attention_colours, theme
from live_stf.ui.alignment import LEFT, RIGHT, UNCLIPPED
from live_stf.ui.wording import percent, readable

_FONT, _SMALLEST, _SPACE = 11, 7, 10  # pixels


class AttentionMatrix(QWidget):
    """Joints (rows) by parts (columns) in the colours of the limbs; the top row is the mean over the joints.

    `pointed` is emitted with a text about the cell under the mouse, and with an empty text when the mouse leaves.
    """

    pointed = pyqtSignal(str)

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__()
        self._skeleton = skeleton
        self._grain: Grain | None = None
        self._attention: np.ndarray | None = None
        self._image = pyqtgraph.ImageItem(axisOrder="row-major")
        self._image.setLookupTable(attention_colours.colour_table())
        self._axes = {"left": _NameAxis("left"), "top": _NameAxis("top")}
        self._plot = pyqtgraph.PlotWidget(background=None, axisItems=self._axes)
        self._plot.setFrameStyle(0)
        self._plot.hideAxis("bottom")
        self._plot.showAxis("top")
        self._plot.hideButtons()
        self._plot.getPlotItem().layout.setContentsMargins(0, 0, 0, 0)
        self._plot.setMenuEnabled(False)
        self._plot.setMouseEnabled(False, False)
        self._plot.invertY(True)
        self._plot.addItem(self._image)
        # Separates the row of means from the rows of single joints.
        self._gap = pyqtgraph.InfiniteLine(1, 0)
        self._plot.addItem(self._gap)
        self._plot.scene().sigMouseMoved.connect(self._point)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        self._take_theme()

    def set_scale(self, scale: float) -> None:
        """Set the size of type."""
        for axis in self._axes.values():
            axis.largest = _FONT * scale
        self._fit_axes()

    def changeEvent(self, event: QEvent | None) -> None:
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._take_theme()
        super().changeEvent(event)

    def _take_theme(self) -> None:
        look = theme.active()
        self._plot.getPlotItem().vb.setBackgroundColor(look.track)
        self._gap.setPen(pyqtgraph.mkPen(look.panel, width=4))

    def show_attention(self, grain: Grain, attention: np.ndarray | None) -> None:
        """Show attention over the parts of a grain, (V, U) with rows that sum to 1; None while there is none."""
        if grain != self._grain:
            self._grain = grain
            self._set_axes(grain)
        if attention is self._attention:
            return
        self._attention = attention
        if attention is None:
            self._image.clear()
            return
        relative = attention * attention.shape[1]
        rows = np.concatenate([attention_colours.part_weights(attention)[None], relative])
        self._image.setImage(attention_colours.colour_index(rows).astype(np.uint8), autoLevels=False, levels=(0, 255))
        self._image.setRect(QRectF(0, 0, attention.shape[1], len(rows)))

    def words_at(self, column: int, row: int) -> str:
        """A text about a cell; empty outside the matrix."""
        if self._attention is None or self._grain is None:
            return ""
        joints, parts = self._attention.shape
        if not (0 <= column < parts and 0 <= row <= joints):
            return ""
        who = "All joints" if row == 0 else readable(self._skeleton.joints[row - 1])
        share = self._attention[:, column].mean() if row == 0 else self._attention[row - 1, column]
        part = readable(self._grain.parts[column].name)
        return f"{who} to {part}: {percent(share)}, {share * parts:.2f}x the even share"

    def leaveEvent(self, _event: object) -> None:
        self.pointed.emit("")

    def _point(self, position: QPointF) -> None:
        at = self._plot.getPlotItem().vb.mapSceneToView(position)
        self.pointed.emit(self.words_at(int(np.floor(at.x())), int(np.floor(at.y()))))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._fit_axes()

    def _set_axes(self, grain: Grain) -> None:
        rows = ["all joints", *(readable(joint) for joint in self._skeleton.joints)]
        columns = [readable(part.name) for part in grain.parts]
        self._axes["left"].names, self._axes["top"].names = rows, columns
        self._plot.setRange(QRectF(0, 0, len(columns), len(rows)), padding=0)
        self._fit_axes()

    def _fit_axes(self) -> None:
        left, top = self._axes["left"], self._axes["top"]
        if not left.names:
            return
        high = 0.0
        for _ in range(2):  # each axis takes room from the other
            wide = left.fit(self.height() - high, most=self.width())
            high = top.fit(self.width() - wide, most=self.height() / 3)
        # Rows of whole pixels keep the distances between their names even.
        spare = max(self.height() - high, 0.0) % len(left.names)
        self._plot.getPlotItem().layout.setContentsMargins(0, 0, 0, spare)


class _NameAxis(pyqtgraph.AxisItem):
    """An axis with a name at every cell; names on the top axis are rotated if they do not fit side by side."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation, pen=None)
        self.names: list[str] = []
        self.largest: float = _FONT  # pixels of type
        self._used_font = QFont()
        self._upright = False

    def fit(self, length: float, most: float) -> float:
        """Choose the font for an axis of this length in pixels; returns the breadth of the axis in pixels.

        The breadth is at most `most` unless the smallest type needs more.
        """
        cell = length / len(self.names)
        self._used_font.setPixelSize(round(self.largest))
        if self.orientation == "top":
            words = [word for name in self.names for word in name.split(" ")]
            widest = max(QFontMetricsF(self._used_font).horizontalAdvance(word) for word in words)
            self._upright = widest + 4 > cell
        if self.orientation == "left" or self._upright:
            self._used_font.setPixelSize(max(round(min(self.largest, 0.9 * cell)), _SMALLEST))
        breadth = self._widest_name()
        if self._upright and breadth + _SPACE > most:
            smaller = self._used_font.pixelSize() * (most - _SPACE) / breadth
            self._used_font.setPixelSize(max(int(smaller), _SMALLEST))
            breadth = self._widest_name()
        metrics = QFontMetricsF(self._used_font)
        if self.orientation == "top" and not self._upright:
            breadth = metrics.height() * (1 + max(name.count(" ") for name in self.names))
        breadth = float(round(breadth + _SPACE))
        if self.orientation == "left":
            self.setWidth(breadth)
        else:
            self.setHeight(breadth)
        self.update()
        return breadth

    def _widest_name(self) -> float:
        metrics = QFontMetricsF(self._used_font)
        return max(metrics.horizontalAdvance(name) for name in self.names)

    def paint(self, painter: QPainter, _option: object, _widget: object) -> None:
        if not self.names:
            return
        width, height = self.size().width(), self.size().height()
        painter.setPen(QColor(theme.active().muted))
        painter.setFont(self._used_font)
        cell = (height if self.orientation == "left" else width) / len(self.names)
        # Where even the smallest type is higher than a cell, some names are left out, so that none overlap.
        step = max(ceil(0.8 * self._used_font.pixelSize() / cell), 1) if self.orientation == "left" else 1
        for index, name in list(enumerate(self.names))[::step]:
            if self.orientation == "left":
                at = QRectF(0, index * cell, width - _SPACE / 2, cell)
                painter.drawText(at, RIGHT | UNCLIPPED, name)
            elif self._upright:
                painter.save()
                painter.translate((index + 0.5) * cell, height - _SPACE / 2)
                painter.rotate(-90)
                painter.drawText(QRectF(0, -cell / 2, height, cell), LEFT, name)
                painter.restore()
            else:
                at = QRectF(index * cell, 0, cell, height - _SPACE / 2)
                painter.drawText(
                    at,
                    Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom | UNCLIPPED,
                    name.replace(" ", "\n"),
                )
