"""The right side of the window: the people in view, and the details of the selected person."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from live_stf.skeleton import Skeleton
from live_stf.types import Event, Scores, State
from live_stf.ui.attention_panel import AttentionPanel
from live_stf.ui.class_bars import ClassBars
from live_stf.ui.heading import Heading
from live_stf.ui.person_list import PersonList


class SidePanel(QWidget):
    """A card for every person, then the most probable classes and the attention of one person.

    frames: length of a full window. `attention` is None for a network that reports none.
    """

    def __init__(self, frames: int) -> None:
        super().__init__()
        self.setObjectName("side")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
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
        # Takes the free room while there is no attention panel.
        self._column.addStretch()

    def set_labels(self, labels: tuple[str, ...]) -> None:
        """Set the classes of the model that runs from now on."""
        if labels != self.bars.labels:
            self.bars.set_labels(labels)

    def replace_attention(self, skeleton: Skeleton, grains: int) -> AttentionPanel | None:
        """Replace the attention panel by one for a network with this number of grains; None for 0."""
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
        """Show events and scores by identity.

        selected: the person whose details are shown. note: the text if there is nobody.
        """
        self.persons.show_events(events, selected, note)
        self.likely.set_remark(f"Person {selected}" if len(events) > 1 else "")
        event = None if selected is None else events.get(selected)
        details = None if selected is None else scores.get(selected)
        label = event.label if event is not None and event.state is State.LABEL else None
        probabilities = None if details is None else details.probabilities
        if probabilities is not None and len(probabilities) != len(self.bars.labels):
            probabilities = None  # just after a change of the model, the scores are still those of the old one
        self.bars.show_scores(probabilities, label)
        if self.attention is not None:
            self.attention.show_scores(details)

    def fit(self, width: int, scale: float, full: bool, compact: bool, classes: int) -> None:
        """Choose the size of type and panels for a window of this width in pixels.

        full: the window fills the screen. compact: the window is low. classes: number of most likely classes.
        """
        share, least, most = (0.34, 290, 2000) if full else (0.29, 290, 520)
        self.setFixedWidth(round(max(least, min(share * width, most))))
        self.persons.set_scale(1.3 * scale if full else scale)
        self.persons.set_tall(1 if full else 0 if compact else 2)
        self.likely.set_scale(scale)
        self.bars.set_scale(scale)
        self.bars.set_count(classes)
        if self.attention is not None:
            self.attention.set_scale(scale, compact)
