"""How much attention every part of the body gets, on a small figure."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
from PyQt5.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QPainter, QPen, QPolygonF
from PyQt5.QtWidgets import QSizePolicy

from live_stf.skeleton import Grain, Skeleton
from live_stf.ui import attention as part_attention
from live_stf.ui import theme
from live_stf.ui.scaled import ScaledWidget
from live_stf.ui.typeface import font, metrics
from live_stf.ui.wording import percent, readable

# Somebody who faces the viewer, arms a little off: x and y in heights, y down, (0, 0) where the neck is.
FIGURE = MappingProxyType({
    "nose": (0.0, -0.125), "neck": (0.0, 0.0), "right_shoulder": (-0.105, 0.01), "right_elbow": (-0.185, 0.16),
    "right_wrist": (-0.235, 0.31), "left_shoulder": (0.105, 0.01), "left_elbow": (0.185, 0.16),
    "left_wrist": (0.235, 0.31), "right_hip": (-0.065, 0.31), "right_knee": (-0.085, 0.54),
    "right_ankle": (-0.095, 0.77), "left_hip": (0.065, 0.31), "left_knee": (0.085, 0.54), "left_ankle": (0.095, 0.77),
})  # fmt: skip
_TOP, _BOTTOM, _SIDE = -0.235, 0.81, 0.29  # what the figure fills
_HEAD = 0.082  # radius
_LIMB = 0.062  # width
_TORSO = ("right_shoulder", "left_shoulder", "left_hip", "right_hip")
_FONT = 12
_NAMED = 6  # parts, those with most attention; more names than these are in each other's way


class BodyMap(ScaledWidget):
    """A figure whose parts are coloured as the limbs on the picture, with each part's share of the attention.

    Left and right are the person's own: the figure faces the viewer, or is seen as in a mirror.
    """

    def __init__(self, skeleton: Skeleton, grain: Grain) -> None:
        super().__init__()
        self._skeleton, self._grain = skeleton, grain
        self._bone_parts = part_attention.bone_parts(skeleton, grain)
        self._attention: np.ndarray | None = None
        self._mirrored = False
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)

    def show_attention(self, attention: np.ndarray | None) -> None:
        """attention: (V, U) over the grain's parts, rows sum to one; None when there is none yet."""
        if attention is not self._attention:
            self._attention = attention
            self.update()

    def set_mirrored(self, mirrored: bool) -> None:
        """As in a mirror: the person's right on the right."""
        self._mirrored = mirrored
        self.update()

    @property
    def shares(self) -> list[tuple[str, float]]:
        """(part, its share of the whole attention) in the grain's order; empty without attention."""
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
        painter.setRenderHint(QPainter.Antialiasing)
        if self._attention is None:
            painter.setFont(font(s * _FONT))
            painter.setPen(QColor(look.muted))
            painter.drawText(self.rect(), Qt.AlignCenter, "No attention yet")
            painter.end()
            return
        size = s * _FONT
        line = metrics(size).height()
        high = min((self.height() - 4) / (_BOTTOM - _TOP), (self.width() - 2 * self._name_width(size)) / (2 * _SIDE))
        middle = QPointF(self.width() / 2, (self.height() - (_BOTTOM + _TOP) * high) / 2)
        self._figure(painter, middle, high)
        self._names(painter, middle, high, size, line)
        painter.end()

    def _name_width(self, size: float) -> float:
        return max(metrics(size, bold=True).horizontalAdvance(readable(part.name)) for part in self._grain.parts) + size

    def _at(self, joint: str, middle: QPointF, high: float) -> QPointF:
        x, y = FIGURE[joint]
        return QPointF(middle.x() + (-x if self._mirrored else x) * high, middle.y() + y * high)

    def _colours(self) -> list[QColor]:
        relative = part_attention.part_weights(self._attention)
        return [QColor(*rgb) for rgb in part_attention.colours(relative).tolist()]

    def _figure(self, painter: QPainter, middle: QPointF, high: float) -> None:
        colours, joints = self._colours(), self._skeleton.joints
        lines, of_bone = [], {}
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
            painter.setPen(QPen(outline, limb + edge, Qt.SolidLine, Qt.RoundCap))
            painter.drawLine(line)
        for shape, colour, more in ((torso, outline, edge), (torso, torso_colour, 0.0)):
            painter.setPen(QPen(colour, 0.8 * limb + more, Qt.SolidLine, Qt.RoundCap, Qt.RoundJoin))
            painter.setBrush(colour)
            painter.drawPolygon(shape)
        for line, colour in lines:
            painter.setPen(QPen(colour, limb, Qt.SolidLine, Qt.RoundCap))
            painter.drawLine(line)
        painter.setPen(QPen(outline, edge / 2))
        painter.setBrush(head_colour)
        painter.drawEllipse(head, radius.x(), radius.y())

    def _names(self, painter: QPainter, middle: QPointF, high: float, size: float, line: float) -> None:
        """Each part's name and share beside it: what lies left on the left, the middle's on the side with more room."""
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
                aligned = Qt.AlignVCenter | (Qt.AlignRight if right else Qt.AlignLeft)
                painter.setFont(font(size, bold=share == most))
                painter.setPen(QColor(look.text if share == most else look.muted))
                painter.drawText(box, aligned | Qt.TextDontClip, name)
                painter.setPen(QColor(look.text))
                painter.drawText(box.translated(0, line), aligned | Qt.TextDontClip, percent(share))


def _spread(entries: Sequence[tuple[float, str, float]], high: float, room: float) -> list[float]:
    """Tops of blocks of this height around the entries' middles, in order, that do not overlap; within 0..room."""
    tops: list[float] = []
    for y, *_ in sorted(entries):
        tops.append(max(y - high / 2, tops[-1] + high if tops else 0.0))
    below = room
    for index in reversed(range(len(tops))):
        tops[index] = max(min(tops[index], below - high), 0.0)
        below = tops[index]
    return tops
