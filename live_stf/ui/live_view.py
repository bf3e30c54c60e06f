"""The content of the window: the picture, the timeline, the side panel and the status line."""

from __future__ import annotations

from dataclasses import replace

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from live_stf.live.session import About
from live_stf.types import Snapshot
from live_stf.ui.attention_panel import BODY
from live_stf.ui.overlay import Style
from live_stf.ui.picture import WAITING, PictureView
from live_stf.ui.side_panel import SidePanel
from live_stf.ui.status_line import StatusLine
from live_stf.ui.timeline import Timeline

_COMPACT = 680  # pixels of height, below which the side panel leaves out details
_LOW = 520  # pixels of height, below which fewer classes are shown
_CLASSES, _FEW_CLASSES = 5, 3
_USUAL_HEIGHT = 760  # pixels, at which type has its usual size
_FULL_SCREEN_OVERLAY = 1.9  # scale of the type on the picture in full screen


class LiveView(QWidget):
    """Shows snapshots.

    `attention_view_chosen` is emitted with the view that a user chose in the attention panel (see `AttentionPanel`),
    `pointed` with a text about the cell of the attention matrix under the mouse, empty for none.
    """

    attention_view_chosen = pyqtSignal(int)
    pointed = pyqtSignal(str)

    def __init__(self, overlay: Style) -> None:
        super().__init__()
        self.picture = PictureView(overlay)
        self.side = SidePanel(overlay.frames)
        self.timeline = Timeline()
        self.status = StatusLine()
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(self.picture, 1)
        left.addWidget(self.timeline)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addLayout(left, 1)
        middle.addWidget(self.side)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addLayout(middle, 1)
        rows.addWidget(self.status)

    def show_about(self, about: About) -> None:
        """Take over the skeleton, the window length and the labels of the model that runs from now on."""
        self.picture.set_skeleton(about.model.skeleton)
        self.picture.set_overlay(replace(self.picture.overlay, frames=about.model.preparation.frames))
        self.side.persons.set_frames(about.model.preparation.frames)
        self.side.set_labels(about.model.labels)

    def replace_attention(self, about: About, view: int | None, visible: bool) -> None:
        """Replace the attention panel by one for another network.

        view: the view to begin with, None for the usual one.
        """
        attention = self.side.replace_attention(about.model.skeleton, len(about.model.grains))
        if attention is not None:
            attention.choose(BODY if view is None else view)
            attention.body.set_mirrored(self.picture.overlay.mirrored)
            attention.chosen.connect(self.attention_view_chosen)
            attention.matrix.pointed.connect(self.pointed)
            attention.setVisible(visible)

    def show_snapshot(self, snapshot: Snapshot, opening: str, selected: int | None) -> None:
        """opening: what is being opened, empty for nothing. selected: the person whose details are shown."""
        self.picture.show_snapshot(snapshot, f"{opening}..." if opening else WAITING)
        if snapshot.people is not None:
            self.timeline.show_events(snapshot.events, snapshot.people.time)
        note = "No person in view" if snapshot.people is not None else WAITING
        self.side.show_events(snapshot.events, snapshot.scores, selected, note)

    def next_attention_view(self) -> int | None:
        """Show the next view of the attention and return it; None without an attention panel."""
        attention = self.side.attention
        if attention is None:
            return None
        views = attention.views
        attention.choose(views[(views.index(attention.view) + 1) % len(views)])
        return attention.view

    def set_mirrored(self, mirrored: bool) -> None:
        """Exchange left and right of the picture and of the figure in the attention panel."""
        self.picture.set_overlay(replace(self.picture.overlay, mirrored=mirrored))
        if self.side.attention is not None:
            self.side.attention.body.set_mirrored(mirrored)

    def fit(self, width: int, height: int, full: bool) -> None:
        """Choose the size of type and panels for a window of this size in pixels.

        full: the window fills the screen, and is read from a distance of three metres.
        """
        scale = type_scale(height, full)
        compact = not full and height < _COMPACT
        classes = _FEW_CLASSES if not full and height < _LOW else _CLASSES
        self.side.fit(width, scale, full, compact, classes)
        self.timeline.set_scale(0.8 * scale if full else scale)
        self.status.set_scale(max(0.6 * scale, 1.0) if full else max(scale, 1.0))
        self.picture.set_scale(scale)
        overlay = replace(self.picture.overlay, scale=_FULL_SCREEN_OVERLAY if full else 1.0)
        if overlay != self.picture.overlay:
            self.picture.set_overlay(overlay)


def type_scale(height: int, full: bool) -> float:
    """Size of type, relative to the usual one, in a window of this height in pixels; full: it fills the screen."""
    scale = height / _USUAL_HEIGHT
    return min(max(1.4 * scale, 1.2), 5.0) if full else min(max(scale, 0.85), 1.35)
