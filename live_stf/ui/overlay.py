"""The overlay of a picture: skeletons with limbs coloured by attention, and a tag with the label of every person.

`paint` works with any QPainter (the window), `annotate` on an image as an array (the annotated video).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PyQt5.QtCore import QLineF, QPointF, QRectF, QSizeF, Qt
from PyQt5.QtGui import QColor, QImage, QLinearGradient, QPainter, QPen
from PyQt5.sip import voidptr

from live_stf.skeleton import OPENPOSE_18, Skeleton
from live_stf.types import Event, People, Person, Scores, State, result_for
from live_stf.ui import attention_colours, theme
from live_stf.ui.alignment import CENTRE, LEFT, RIGHT, UNCLIPPED
from live_stf.ui.fonts import elided, font, width
from live_stf.ui.qt import painting_application
from live_stf.ui.wording import event_words

_UNTINTED = QColor("#d5dae1")


@dataclass(frozen=True)
class Style:
    """What is painted over a picture.

    frames: length of a full window, for "filling 80/150". tint: limbs coloured by attention. mirrored: for a picture
    whose left and right are exchanged. scale: of the type, larger for reading from a distance.
    """

    frames: int = 150
    skeletons: bool = True
    tint: bool = True
    tags: bool = True
    legend: bool = True
    mirrored: bool = False
    scale: float = 1.0


def annotate(
    image: np.ndarray,
    people: People | None,
    events: Mapping[int, Event],
    scores: Mapping[int, Scores],
    skeleton: Skeleton = OPENPOSE_18,
    style: Style = Style(),
) -> np.ndarray:
    """Return a copy of an image, (height, width, 3) uint8 BGR, with the overlay painted on it. Needs no display."""
    painting_application()
    painted = np.array(image, np.uint8, order="C", copy=True)
    high, wide = painted.shape[:2]
    picture = image_over(painted, QImage.Format.Format_BGR888)
    painter = QPainter(picture)
    paint(painter, QRectF(0, 0, wide, high), people, events, scores, skeleton, style)
    painter.end()
    return painted


def image_over(pixels: np.ndarray, layout: QImage.Format) -> QImage:
    """A QImage that paints into `pixels`, (height, width, channels) uint8, which has to outlive it."""
    high, wide = pixels.shape[:2]
    # By address: a QImage over a buffer object is read-only, and a copy would be painted.
    return QImage(voidptr(pixels.ctypes.data), wide, high, pixels.strides[0], layout)


def paint(
    painter: QPainter,
    area: QRectF,
    people: People | None,
    events: Mapping[int, Event],
    scores: Mapping[int, Scores],
    skeleton: Skeleton = OPENPOSE_18,
    style: Style = Style(),
) -> None:
    """Paint the overlay of a picture that lies in `area` of the painter. events, scores: by identity."""
    if people is None:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setClipRect(area)
    placed = [_Placed.of(person, people.size, area, style.mirrored) for person in people.persons]
    for body in placed if style.skeletons else ():
        one = result_for(body.person.identity, scores)
        _paint_skeleton(painter, body, skeleton, one.attention if one and style.tint else ())
    if style.tags:
        taken: list[QRectF] = []
        for body in placed:
            if body.present.any():
                event = result_for(body.person.identity, events)
                taken.append(_paint_tag(painter, area, body, event, skeleton, style, taken))
    all_scores = [result_for(body.person.identity, scores) for body in placed]
    has_attention = any(one.attention for one in all_scores if one is not None)
    if style.legend and style.tint and style.skeletons and has_attention:
        _paint_legend(painter, area, style.scale)
    painter.restore()


@dataclass(frozen=True, eq=False)
class _Placed:
    """A person in the coordinates of the painter."""

    person: Person
    points: np.ndarray  # (V, 2)
    present: np.ndarray  # (V,) bool
    width: float  # of a limb

    @classmethod
    def of(cls, person: Person, size: tuple[int, int], area: QRectF, mirrored: bool) -> _Placed:
        scale = np.array([area.width() / size[0], area.height() / size[1]])
        points = person.joints[:, :2] * scale
        if mirrored:
            points[:, 0] = area.width() - points[:, 0]
        points += (area.x(), area.y())
        present = person.joints[:, 2] > 0
        extent = np.ptp(points[present], axis=0).max() if present.any() else 0.0
        return cls(person, points, present, float(np.clip(0.019 * extent, 2.0, 0.016 * max(area.height(), 125.0))))


@lru_cache(maxsize=8)
def _bone_parts(skeleton: Skeleton, grain: int) -> tuple[int, ...]:
    return attention_colours.bone_parts(skeleton, skeleton.use_grains(grain + 1)[grain])


def _bone_colours(skeleton: Skeleton, attention: tuple[np.ndarray, ...]) -> list[QColor]:
    grain = attention_colours.shown_grain(skeleton, attention)
    if grain is None:
        return [_UNTINTED] * len(skeleton.bones)
    relative = attention_colours.part_weights(attention[grain])
    part_colours = [QColor(*rgb) for rgb in attention_colours.colours(relative).tolist()]
    return [part_colours[part] for part in _bone_parts(skeleton, grain)]


def _paint_skeleton(painter: QPainter, body: _Placed, skeleton: Skeleton, attention: tuple[np.ndarray, ...]) -> None:
    points, present = body.points.tolist(), body.present.tolist()
    lines, radius = [], [0.4 * body.width] * len(points)
    for (child, parent), colour in zip(skeleton.bones, _bone_colours(skeleton, attention), strict=True):
        if present[child] and present[parent]:
            line = QLineF(*points[child], *points[parent])
            thick = min(body.width, max(1.5, 0.3 * line.length()))  # the short bones of a face stay apart
            lines.append((line, thick, colour))
            radius[child] = 0.62 * thick
            radius[parent] = max(radius[parent], 0.62 * thick)
    edge = max(1.0, 0.3 * body.width)
    for line, thick, _ in lines:
        painter.setPen(QPen(QColor(theme.OUTLINE), thick + 2 * edge, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(line)
    for line, thick, colour in lines:
        painter.setPen(QPen(colour, thick, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(line)
    painter.setPen(QPen(QColor(theme.OUTLINE), 0.8 * edge))
    painter.setBrush(theme.person_colour(body.person.identity))
    for joint, (x, y) in enumerate(points):
        if present[joint]:
            painter.drawEllipse(QPointF(x, y), radius[joint], radius[joint])
    painter.setBrush(Qt.BrushStyle.NoBrush)


def place_tag(head: QRectF, size: QSizeF, area: QRectF, taken: Sequence[QRectF]) -> QRectF:
    """Place a tag above the head, else to its right or left, else where it fits.

    The tag lies inside `area` unless it is larger, and does not overlap the tags in `taken` if one of these places is
    free.
    """
    gap = 0.25 * size.height()
    above = QPointF(head.center().x() - size.width() / 2, head.top() - gap - size.height())
    middle = head.center().y() - size.height() / 2
    beside = [QPointF(head.right() + gap, middle), QPointF(head.left() - gap - size.width(), middle)]

    def clamped(corner: QPointF, upright: bool) -> QRectF:
        x, y = corner.x(), corner.y()
        if upright:
            x = max(area.left(), min(x, area.right() - size.width()))
        else:
            y = max(area.top(), min(y, area.bottom() - size.height()))
        return QRectF(QPointF(x, y), size)

    choices = [clamped(above, True), *(clamped(corner, False) for corner in beside)]
    for choice in choices:
        if area.contains(choice) and not any(choice.intersects(other) for other in taken):
            return choice
    last = choices[0]
    for other in sorted(taken, key=QRectF.top):
        if last.intersects(other):
            last.moveTop(other.bottom() + 1)
    last.moveTop(max(area.top(), min(last.top(), area.bottom() - size.height())))
    return last


def _head(body: _Placed, skeleton: Skeleton) -> QRectF:
    """The head as a box; if the head is not seen, the highest joint that is."""
    heads = [part.joints for grain in skeleton.grains for part in grain.parts if part.name == "head"]
    seen = [joint for joint in (heads[0] if heads else ()) if body.present[joint]]
    if seen:
        points = body.points[seen]
    else:
        points = body.points[body.present]
        points = points[points[:, 1].argmin()][None]
    # Eyes, ears and nose lie in the middle of a head, which extends some limb widths farther.
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    reach = 3.5 * body.width
    return QRectF(QPointF(left - 0.5 * reach, top - reach), QPointF(right + 0.5 * reach, bottom + 0.5 * reach))


def _type_size(area: QRectF, scale: float) -> int:
    """Size of type in pixels on a picture of this size."""
    return round(scale * min(max(7 + 0.018 * area.height(), 12), 36))


def _paint_tag(
    painter: QPainter,
    area: QRectF,
    body: _Placed,
    event: Event | None,
    skeleton: Skeleton,
    style: Style,
    taken: Sequence[QRectF],
) -> QRectF:
    words, number = event_words(event, style.frames)
    settled = event is not None and event.state is State.LABEL
    em = _type_size(area, style.scale)
    identity = str(body.person.identity) if body.person.identity else ""
    chip = max(1.35 * em, width(identity, em) + 0.7 * em) if identity else 0.35 * em
    number_width = width(number, em) + 0.5 * em if number else 0.0
    room = max(area.width() - chip - number_width - 1.5 * em, 2 * em)
    words = elided(words, em, room, settled)
    words_width = width(words, em, settled)
    size = QSizeF(min(chip + words_width + number_width + 1.2 * em, area.width()), 1.7 * em)
    if not words:
        size.setWidth(chip + 0.4 * em)
    tag = place_tag(_head(body, skeleton), size, area, taken)

    colour = theme.person_colour(body.person.identity)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(11, 13, 16, 215))
    painter.drawRoundedRect(tag, 0.4 * em, 0.4 * em)
    badge = QRectF(tag.left() + 0.2 * em, tag.top() + 0.2 * em, chip, size.height() - 0.4 * em)
    painter.setBrush(colour)
    painter.drawRoundedRect(badge, 0.28 * em, 0.28 * em)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setFont(font(0.92 * em, bold=True))
    painter.setPen(QColor(theme.OUTLINE))
    painter.drawText(badge, CENTRE, identity)
    painter.setFont(font(em, settled))
    painter.setPen(QColor(theme.DARK.text if settled else theme.DARK.muted))
    at = QRectF(badge.right() + 0.45 * em, tag.top(), words_width + 1, size.height())
    painter.drawText(at, LEFT | UNCLIPPED, words)
    if number:
        painter.setFont(font(em))
        painter.setPen(QColor(theme.DARK.muted))
        at = QRectF(at.right(), tag.top(), number_width, size.height())
        painter.drawText(at, RIGHT | UNCLIPPED, number)
    return tag


def _paint_legend(painter: QPainter, area: QRectF, scale: float) -> None:
    """Paint the colour scale of the attention in the lower right corner."""
    em = round(0.8 * _type_size(area, scale))
    less, more = "less attention", "more"
    bar, less_width, more_width = 6.0 * em, width(less, em), width(more, em)
    size = QSizeF(bar + less_width + more_width + 2.4 * em, 1.9 * em)
    if size.width() > 0.6 * area.width():
        return
    box = QRectF(QPointF(area.right() - size.width() - 0.7 * em, area.bottom() - size.height() - 0.7 * em), size)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(11, 13, 16, 190))
    painter.drawRoundedRect(box, 0.4 * em, 0.4 * em)
    strip = QRectF(box.left() + less_width + 1.2 * em, box.center().y() - 0.3 * em, bar, 0.6 * em)
    painter.setBrush(attention_gradient(strip.topLeft(), strip.topRight()))
    painter.drawRoundedRect(strip, 0.3 * em, 0.3 * em)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setFont(font(em))
    painter.setPen(QColor(theme.DARK.text))
    painter.drawText(QRectF(box.left() + 0.7 * em, box.top(), less_width + 1, box.height()), LEFT, less)
    painter.drawText(QRectF(strip.right() + 0.5 * em, box.top(), more_width + 1, box.height()), LEFT, more)


def attention_gradient(start: QPointF, end: QPointF) -> QLinearGradient:
    """The colours from least to most attention between two points."""
    gradient = QLinearGradient(start, end)
    table = attention_colours.colour_table()
    for stop in np.linspace(0, 1, 17):
        gradient.setColorAt(stop, QColor(*table[round(stop * (len(table) - 1))].tolist()))
    return gradient
