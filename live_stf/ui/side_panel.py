"""The window's right side: who is in view, and what is known of one of them."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from live_stf.skeleton import Skeleton
from live_stf.types import Event, Scores, State
from live_stf.ui.attention_panel import AttentionPanel
from live_stf.ui.bars import ClassBars
from live_stf.ui.heading import Heading
from live_stf.ui.person_list import PersonList


class SidePanel(QWidget):
    """A card for everybody, then the most probable classes and the attention of one person.

    frames: length of a full window. attention: None for a network that reports none.
    """

    def __init__(self, frames: int) -> None:
        super().__init__(objectName="side")
        self.setAttribute(Qt.WA_StyledBackground)
        self.persons = PersonList(frames)
        self.likely = Heading("Most likely")
        self.bars = ClassBars()
        self.attention: AttentionPanel | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(16, 14, 16, 12)
        self._column.setSpacing(8)
        self._column.addWidget(self.persons)
        self._column.addSpacing(6)
        self._column.addWidget(self.likely)
        self._column.addWidget(self.bars)
        self._column.addSpacing(6)
        # Takes the room while there is no attention, and none beside it.
        self._column.addStretch()

    def set_labels(self, labels: tuple[str, ...]) -> None:
        """The classes of the model that runs from now on."""
        if labels != self.bars.labels:
            self.bars.set_labels(labels)

    def replace_attention(self, skeleton: Skeleton, grains: int) -> AttentionPanel | None:
        """The panel for a network with so many grains, which takes the other's place; None for 0."""
        if self.attention is not None:
            self.attention.hide()
            self.attention.deleteLater()
            self.attention = None
        if grains:
            self.attention = AttentionPanel(skeleton, grains)
            self._column.insertWidget(self._column.count() - 1, self.attention, 1)
        return self.attention

    def show_events(
        self, events: Mapping[int, Event], scores: Mapping[int, Scores], selected: int | None, note: str
    ) -> None:
        """events, scores: by identity. selected: whose details are shown. note: what is said when there is nobody."""
        self.persons.show_events(events, selected, note)
        self.likely.set_remark(f"Person {selected}" if len(events) > 1 else "")
        event, said = events.get(selected), scores.get(selected)
        label = event.label if event is not None and event.state is State.LABEL else None
        # For a moment after the model has changed what there is is still the old one's.
        fits = said is not None and len(said.probabilities) == len(self.bars.labels)
        self.bars.show_scores(said.probabilities if fits else None, label)
        if self.attention is not None:
            self.attention.show_scores(said)

    def fit(self, width: int, scale: float, full: bool, compact: bool) -> None:
        """Type and panels for a window of this width in pixels; full: it fills the screen; compact: it is low."""
        share, least, most = (0.34, 290, 2000) if full else (0.29, 290, 520)
        self.setFixedWidth(round(max(least, min(share * width, most))))
        self.persons.set_scale(1.3 * scale if full else scale)
        self.persons.set_tall(1 if full else 0 if compact else 2)
        self.likely.set_scale(scale)
        self.bars.set_scale(scale)
        if self.attention is not None:
            self.attention.set_scale(scale, compact)
