"""The attention that every part of the body gets, on a figure."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
from PyQt5.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QPainter, QPen, QPolygonF
from PyQt5.QtWidgets import QSizePolicy

from live_stf.skeleton import Grain, Skeleton
from live_stf.ui import attention_colours, theme
from live_stf.ui.alignment import CENTRE, LEFT, RIGHT, UNCLIPPED
from live_stf.ui.fonts import font, metrics
from live_stf.ui.scaled import ScaledWidget
from live_stf.ui.wording import percent, readable

# A person who faces the viewer: x and y in body heights, y down, (0, 0) at the neck.
FIGURE = MappingProxyType({
    "nose": (0.0, -0.125), "neck": (0.0, 0.0), "right_shoulder": (-0.105, 0.01), "right_elbow": (-0.185, 0.16),
    "right_wrist": (-0.235, 0.31), "left_shoulder": (0.105, 0.01), "left_elbow": (0.185, 0.16),
    "left_wrist": (0.235, 0.31), "right_hip": (-0.065, 0.31), "right_knee": (-0.085, 0.54),
    "right_ankle": (-0.095, 0.77), "left_hip": (0.065, 0.31), "left_knee": (0.085, 0.54), "left_ankle": (0.095, 0.77),
})  # fmt: skip
_TOP, _BOTTOM, _SIDE = -0.235, 0.81, 0.29  # extent of the figure
_HEAD = 0.082  # radius
_LIMB = 0.062  # width
_TORSO = ("right_shoulder", "left_shoulder", "left_hip", "right_hip")
_FONT = 12
_NAMED = 6  # parts with the most attention; more names would overlap


class BodyMap(ScaledWidget):
    """A figure in the colours of the limbs on the picture, with each part's share of the attention.

    Left and right are the person's own. The figure faces the viewer, or is a mirror image.
    """

    def __init__(self, skeleton: Skeleton, grain: Grain) -> None:
        super().__init__()
        self._skeleton, self._grain = skeleton, grain
        self._bone_parts = attention_colours.bone_parts(skeleton, grain)
        self._attention: np.ndarray | None = None
        self._mirrored = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_attention(self, attention: np.ndarray | None) -> None:
        """Show attention over the parts of the grain, (V, U) with rows that sum to 1; None while there is none."""
        if attention is not self._attention:
            self._attention = attention
            self.update()

    def set_mirrored(self, mirrored: bool) -> None:
        """Show the person's right on the right, as in a mirror, or on the left."""
        self._mirrored = mirrored
        self.update()

    @property
    def shares(self) -> list[tuple[str, float]]:
        """(name of a part, its share of the attention) in the order of the grain; empty without attention."""
        if self._attention is None:
            return []
        shares = self._attention.mean(axis=0).tolist()
        return [(readable(part.name), share) for part, share in zip(self._grain.parts, shares, strict=True)]

    def sizeHint(self) -> QSize:
        return QSize(240, round(self._scale * 210))

    def minimumSizeHint(self) -> QSize:
        return QSize(200, round(self._scale * 120))

    def paintEvent(self, _event: object) -> None:
        look, s = theme.active(), self._scale
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._attention is None:
            painter.setFont(font(s * _FONT))
            painter.setPen(QColor(look.muted))
            painter.drawText(self.rect(), CENTRE, "No attention yet")
            painter.end()
            return
        size = s * _FONT
        line = metrics(size).height()
        high = min((self.height() - 4) / (_BOTTOM - _TOP), (self.width() - 2 * self._name_width(size)) / (2 * _SIDE))
        middle = QPointF(self.width() / 2, (self.height() - (_BOTTOM + _TOP) * high) / 2)
        self._figure(painter, self._attention, middle, high)
        self._names(painter, middle, high, size, line)
        painter.end()

    def _name_width(self, size: float) -> float:
        return max(metrics(size, bold=True).horizontalAdvance(readable(part.name)) for part in self._grain.parts) + size

    def _at(self, joint: str, middle: QPointF, high: float) -> QPointF:
        x, y = FIGURE[joint]
        return QPointF(middle.x() + (-x if self._mirrored else x) * high, middle.y() + y * high)

    def _figure(self, painter: QPainter, attention: np.ndarray, middle: QPointF, high: float) -> None:
        relative = attention_colours.part_weights(attention)
        colours = [QColor(*rgb) for rgb in attention_colours.colours(relative).tolist()]
        joints = self._skeleton.joints
        lines: list[tuple[QLineF, QColor]] = []
        of_bone: dict[frozenset[str], QColor] = {}
        for (child, parent), part in zip(self._skeleton.bones, self._bone_parts, strict=True):
            ends = joints[child], joints[parent]
            of_bone[frozenset(ends)] = colours[part]
            if all(joint in FIGURE for joint in ends) and not set(ends) <= {"neck", *_TORSO}:
                lines.append((QLineF(*(self._at(joint, middle, high) for joint in ends)), colours[part]))
        torso = QPolygonF([self._at(joint, middle, high) for joint in _TORSO])
        torso_colour, head_colour = of_bone[frozenset(_TORSO[1:3])], of_bone[frozenset(("nose", "neck"))]
        head, radius = self._at("nose", middle, high), QPointF(_HEAD * high, 1.15 * _HEAD * high)
        edge, limb = max(3.0, 0.024 * high), _LIMB * high
        outline = QColor(theme.OUTLINE)
        for line, _ in lines:
            painter.setPen(QPen(outline, limb + edge, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawLine(line)
        for shape, colour, more in ((torso, outline, edge), (torso, torso_colour, 0.0)):
            pen = QPen(colour, 0.8 * limb + more)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            painter.setBrush(colour)
            painter.drawPolygon(shape)
        for line, colour in lines:
            painter.setPen(QPen(colour, limb, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawLine(line)
        painter.setPen(QPen(outline, edge / 2))
        painter.setBrush(head_colour)
        painter.drawEllipse(head, radius.x(), radius.y())

    def _names(self, painter: QPainter, middle: QPointF, high: float, size: float, line: float) -> None:
        """Paint each part's name and share on its side of the figure; parts in the middle take the side with room."""
        look = theme.active()
        sides: dict[bool, list[tuple[float, str, float]]] = {False: [], True: []}
        least = sorted((share for _, share in self.shares), reverse=True)[:_NAMED][-1]
        for part, (name, share) in zip(self._grain.parts, self.shares, strict=True):
            joints = [self._skeleton.joints[index] for index in part.joints]
            places = [self._at(joint, middle, high) for joint in joints if joint in FIGURE]
            if share < least or not places:
                continue
            x, y = (float(np.mean([getattr(place, axis)() for place in places])) for axis in ("x", "y"))
            right = x > middle.x() + 1 if abs(x - middle.x()) > 1 else len(sides[True]) <= len(sides[False])
            sides[right].append((y, name, share))
        most = max(share for _, share in self.shares)
        for right, entries in sides.items():
            for (_, name, share), top in zip(sorted(entries), _spread(entries, 2 * line, self.height()), strict=True):
                box = QRectF(0, top, self._name_width(size), line)
                if right:
                    box.moveRight(self.width())
                aligned = RIGHT if right else LEFT
                painter.setFont(font(size, bold=share == most))
                painter.setPen(QColor(look.text if share == most else look.muted))
                painter.drawText(box, aligned | UNCLIPPED, name)
                painter.setPen(QColor(look.text))
                painter.drawText(box.translated(0, line), aligned | UNCLIPPED, percent(share))


def _spread(entries: Sequence[tuple[float, str, float]], high: float, room: float) -> list[float]:
    """Tops of blocks of height `high` near the middles of the entries, in order, without overlap, within 0..room."""
    tops: list[float] = []
    for y, *_ in sorted(entries):
        tops.append(max(y - high / 2, tops[-1] + high if tops else 0.0))
    below = room
    for index in reversed(range(len(tops))):
        tops[index] = max(min(tops[index], below - high), 0.0)
        below = tops[index]
    return tops
