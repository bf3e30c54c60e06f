"""The attention matrix with its heading, the choice of its grain and the scale of its colours."""

from __future__ import annotations

from PyQt5.QtCore import QPointF, QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PyQt5.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from live_stf.skeleton import Skeleton
from live_stf.types import Scores
from live_stf.ui import attention as part_attention
from live_stf.ui import theme
from live_stf.ui.matrix import AttentionMatrix
from live_stf.ui.overlay import attention_gradient


class AttentionPanel(QWidget):
    """Shows the attention of one person over the grain that is chosen; the finest grain of parts at first.

    grains: how many the network reports, the joint grain counted.
    """

    def __init__(self, skeleton: Skeleton, grains: int) -> None:
        super().__init__()
        self._grains = skeleton.use_grains(grains) if grains else ()
        self._chosen = min(1, len(self._grains) - 1)
        self._scores: Scores | None = None
        self.matrix = AttentionMatrix(skeleton)
        heading = QLabel("Attention", objectName="heading")
        heading.setToolTip("How much each joint (row) draws on each part of the body (column)")
        top = QHBoxLayout()
        top.setSpacing(1)
        top.addWidget(heading)
        top.addStretch()
        self._buttons = QButtonGroup(self)
        # From coarse to fine reads better than the network's order, which starts at the joints.
        for index in reversed(range(len(self._grains))):
            button = QPushButton(self._grains[index].name, checkable=True, focusPolicy=Qt.NoFocus)
            button.setChecked(index == self._chosen)
            self._buttons.addButton(button, index)
            top.addWidget(button)
        self._buttons.idClicked.connect(self.choose_grain)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addWidget(self.matrix, 1)
        self._scale = _Scale()
        layout.addWidget(self._scale)
        self.show_scores(None)

    def choose_grain(self, index: int) -> None:
        """Show grain `index` of the network's attention, 0 being the joints."""
        self._chosen = index
        self._buttons.button(index).setChecked(True)
        self._show()

    def set_compact(self, compact: bool) -> None:
        """Leave out the scale, for a small window; the picture has one too."""
        self._scale.setVisible(not compact)

    def show_scores(self, scores: Scores | None) -> None:
        """The person's newest scores, None when there are none yet."""
        self._scores = scores
        self._show()

    def _show(self) -> None:
        if self._grains:
            said = self._scores.attention if self._scores is not None else ()
            self.matrix.show_attention(self._grains[self._chosen], said[self._chosen] if said else None)


class _Scale(QWidget):
    """The attention colours, with what the ends and the middle mean."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(200, 28)

    minimumSizeHint = sizeHint

    def paintEvent(self, _event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        strip = QRectF(0, 1, self.width(), 7)
        painter.setPen(Qt.NoPen)
        painter.setBrush(attention_gradient(QPointF(strip.left(), 0), QPointF(strip.right(), 0)))
        painter.drawRoundedRect(strip, 3.5, 3.5)
        font = QFont()
        font.setPixelSize(11)
        painter.setFont(font)
        painter.setPen(QColor(theme.MUTED))
        end = 2**part_attention.SPAN
        below = QRectF(0, 11, self.width(), QFontMetricsF(font).height())
        for side, text in (
            (Qt.AlignLeft, f"{1 / end:.2g} x or less"),
            (Qt.AlignHCenter, "even share"),
            (Qt.AlignRight, f"{end:.2g} x or more"),
        ):
            painter.drawText(below, side | Qt.AlignVCenter, text)
        painter.end()
