"""The attention of one person: as a figure for everybody, as a matrix for those who want it."""

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
from live_stf.ui import attention as part_attention
from live_stf.ui import theme
from live_stf.ui.body_map import BodyMap
from live_stf.ui.heading import Heading
from live_stf.ui.matrix import AttentionMatrix
from live_stf.ui.overlay import attention_gradient
from live_stf.ui.scaled import ScaledWidget
from live_stf.ui.typeface import font, metrics

BODY = -1  # the figure, in place of a grain


class AttentionPanel(QWidget):
    """Shows the figure, or the matrix over the grain that is chosen.

    grains: how many the network reports, the joint grain counted; above 0. `chosen` is sent with the view that a user
    has chosen: BODY or a grain's index, 0 being the joints.
    """

    chosen = pyqtSignal(int)

    def __init__(self, skeleton: Skeleton, grains: int) -> None:
        super().__init__()
        self._grains = skeleton.use_grains(grains)
        self._body_grain = min(1, grains - 1)  # whose parts tint the limbs, too
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
        # From coarse to fine reads better than the network's order, which starts at the joints.
        for view in (BODY, *reversed(range(grains))):
            button = QPushButton("body" if view == BODY else self._grains[view].name, checkable=True)
            button.setFocusPolicy(Qt.NoFocus)
            button.setProperty("switch", True)
            button.setToolTip("a figure" if view == BODY else f"matrix: every joint by {button.text()}")
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
        """What can be chosen: BODY, then grains from coarse to fine."""
        return (BODY, *reversed(range(len(self._grains))))

    def choose(self, view: int) -> None:
        """Show the figure (BODY), or the matrix of grain `view`; one that is not there leaves all as it is."""
        if view in self.views:
            self.view = view
            self._buttons.button(view - BODY).setChecked(True)
            self._views.setCurrentWidget(self.body if view == BODY else self.matrix)
            self._show()

    def set_scale(self, scale: float, compact: bool) -> None:
        """Larger or smaller type; compact: without the scale of colours, which the picture has too."""
        self.heading.set_scale(scale)
        self.body.set_scale(scale)
        self.matrix.set_scale(scale)
        self._legend.set_scale(scale)
        self._legend.setVisible(not compact)
        for button in self._buttons.buttons():
            button.setFont(font(12 * scale))

    def show_scores(self, scores: Scores | None) -> None:
        """The person's newest scores, None when there are none yet."""
        if scores is not self._scores:
            self._scores = scores
            self._show()

    def _clicked(self, button: int) -> None:
        self.choose(button + BODY)
        self.chosen.emit(self.view)

    def _show(self) -> None:
        said = self._scores.attention if self._scores is not None else ()
        if self.view == BODY:
            self.body.show_attention(said[self._body_grain] if said else None)
        else:
            self.matrix.show_attention(self._grains[self.view], said[self.view] if said else None)


class _Legend(ScaledWidget):
    """The attention colours, with what the ends and the middle mean."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(200, round(28 * self._scale))

    minimumSizeHint = sizeHint

    def paintEvent(self, _event: object) -> None:
        look, s = theme.active(), self._scale
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        strip = QRectF(0, 1, self.width(), 7 * s)
        painter.setPen(Qt.NoPen)
        painter.setBrush(attention_gradient(QPointF(strip.left(), 0), QPointF(strip.right(), 0)))
        painter.drawRoundedRect(strip, 3.5 * s, 3.5 * s)
        painter.setFont(font(11 * s))
        painter.setPen(QColor(look.muted))
        end = 2**part_attention.SPAN
        below = QRectF(0, 11 * s, self.width(), metrics(11 * s).height())
        for side, text in (
            (Qt.AlignLeft, f"{1 / end:.2g} x or less"),
            (Qt.AlignHCenter, "even share"),
            (Qt.AlignRight, f"{end:.2g} x or more"),
        ):
            painter.drawText(below, side | Qt.AlignVCenter, text)
        painter.end()
