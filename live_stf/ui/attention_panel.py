"""The attention of one person, as a figure or as a matrix."""

from __future__ import annotations

from PyQt5.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QPainter
from PyQt5.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from live_stf.skeleton import Skeleton
from live_stf.types import Scores
from live_stf.ui import attention_colours, theme
from live_stf.ui.alignment import CENTRE, LEFT, RIGHT
from live_stf.ui.attention_matrix import AttentionMatrix
from live_stf.ui.body_map import BodyMap
from live_stf.ui.fonts import font, metrics
from live_stf.ui.heading import Heading
from live_stf.ui.overlay import attention_gradient
from live_stf.ui.scaled import ScaledWidget

BODY = -1  # the figure, in place of a grain


class AttentionPanel(QWidget):
    """Shows the figure, or the matrix of the chosen grain.

    grains: number of grains that the network reports, including the joints; at least 1. `chosen` is emitted with the
    view that a user chose: BODY, or the index of a grain, where 0 is the joints.
    """

    chosen = pyqtSignal(int)

    def __init__(self, skeleton: Skeleton, grains: int) -> None:
        super().__init__()
        self._grains = skeleton.use_grains(grains)
        self._body_grain = min(1, grains - 1)  # its parts colour the limbs on the picture, too
        self.view = BODY
        self._scores: Scores | None = None
        self.body = BodyMap(skeleton, self._grains[self._body_grain])
        self.matrix = AttentionMatrix(skeleton)
        self.heading = Heading("Attention")
        self.heading.setToolTip("How much the network looked at each part of the body")
        top = QHBoxLayout()
        top.setSpacing(1)
        top.addWidget(self.heading, 1)
        self._buttons = QButtonGroup(self)
        for view in self.views:
            button = QPushButton("body" if view == BODY else self._grains[view].name)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setProperty("switch", True)
            button.setToolTip("figure" if view == BODY else f"matrix: joints by {button.text()}")
            button.setChecked(view == self.view)
            self._buttons.addButton(button, view - BODY)
            top.addWidget(button)
        self._buttons.idClicked.connect(self._clicked)
        self._views = QStackedLayout()
        self._views.addWidget(self.body)
        self._views.addWidget(self.matrix)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addLayout(self._views, 1)
        self._legend = _Legend()
        layout.addWidget(self._legend)
        self._show()

    @property
    def views(self) -> tuple[int, ...]:
        """All views: BODY, then the grains from coarse to fine, which is the reverse of the network's order."""
        return (BODY, *reversed(range(len(self._grains))))

    def choose(self, view: int) -> None:
        """Show the figure (BODY) or the matrix of the grain with this index; a view that does not exist is ignored."""
        if view in self.views:
            self.view = view
            self._buttons.buttons()[self.views.index(view)].setChecked(True)
            self._views.setCurrentWidget(self.body if view == BODY else self.matrix)
            self._show()

    def set_scale(self, scale: float, compact: bool) -> None:
        """Set the size of type. compact: hide the colour scale, which is on the picture, too."""
        self.heading.set_scale(scale)
        self.body.set_scale(scale)
        self.matrix.set_scale(scale)
        self._legend.set_scale(scale)
        self._legend.setVisible(not compact)
        for button in self._buttons.buttons():
            button.setFont(font(12 * scale))

    def show_scores(self, scores: Scores | None) -> None:
        """Show a person's newest scores; None while there are none."""
        if scores is not self._scores:
            self._scores = scores
            self._show()

    def _clicked(self, button: int) -> None:
        self.choose(button + BODY)
        self.chosen.emit(self.view)

    def _show(self) -> None:
        attention = self._scores.attention if self._scores is not None else ()
        if self.view == BODY:
            self.body.show_attention(attention[self._body_grain] if attention else None)
        else:
            self.matrix.show_attention(self._grains[self.view], attention[self.view] if attention else None)


class _Legend(ScaledWidget):
    """The colour scale of the attention."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(200, round(28 * self._scale))

    minimumSizeHint = sizeHint

    def paintEvent(self, _event: object) -> None:
        look, s = theme.active(), self._scale
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        strip = QRectF(0, 1, self.width(), 7 * s)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(attention_gradient(QPointF(strip.left(), 0), QPointF(strip.right(), 0)))
        painter.drawRoundedRect(strip, 3.5 * s, 3.5 * s)
        painter.setFont(font(11 * s))
        painter.setPen(QColor(look.muted))
        end = 2**attention_colours.SPAN
        below = QRectF(0, 11 * s, self.width(), metrics(11 * s).height())
        for side, text in (
            (LEFT, f"{1 / end:.2g}x or less"),
            (CENTRE, "even share"),
            (RIGHT, f"{end:.2g}x or more"),
        ):
            painter.drawText(below, side, text)
        painter.end()
