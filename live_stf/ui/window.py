"""The live window: the picture, what everybody is doing, why, and how fast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from time import monotonic

from PyQt5.QtCore import QSize, Qt, QTimer
from PyQt5.QtGui import QCloseEvent, QKeySequence, QResizeEvent
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QMainWindow, QShortcut, QVBoxLayout, QWidget

from live_stf.errors import LiveStfError
from live_stf.types import Rates, Snapshot, State
from live_stf.ui.about import About
from live_stf.ui.attention_panel import AttentionPanel
from live_stf.ui.bars import ClassBars
from live_stf.ui.help import HelpOverlay
from live_stf.ui.overlay import Style
from live_stf.ui.person_list import PersonList
from live_stf.ui.picture import WAITING, PictureView
from live_stf.ui.status import StatusLine
from live_stf.ui.timeline import Timeline

_POLL_MS = 33
_NOTICE_MS = 5000
_RATES_EVERY = 0.25  # seconds; numbers that change with every picture cannot be read
_COMPACT = 680  # pixels of height
_HINT = "H: what the keys do"


class LiveWindow(QMainWindow):
    """Asks `snapshot` about 30 times a second and shows what it says; `snapshot` must not block.

    `keys` has every key and what it does; H shows them.
    """

    def __init__(self, snapshot: Callable[[], Snapshot], about: About) -> None:
        super().__init__()
        self._snapshot = snapshot
        self._shown = Snapshot()
        self._frozen = False
        self._next_rates = 0.0
        self.rates = Rates()  # the newest from before the source ended
        self._selected: int | None = None
        self.setWindowTitle(f"{about.source} - live-stf")
        self.setMinimumSize(720, 460)
        self.resize(QSize(1280, 720).boundedTo(0.9 * self.screen().availableSize()))

        self.picture = PictureView(about.skeleton, Style(frames=about.frames))
        self.persons = PersonList(about.frames)
        self.bars = ClassBars(about.labels)
        self.attention = AttentionPanel(about.skeleton, about.grains)
        self._has_attention = about.grains > 0
        self.attention.setVisible(self._has_attention)
        self.timeline = Timeline()
        self.status = StatusLine(about)
        self.persons.chosen.connect(self.select)
        self.attention.matrix.pointed.connect(self.status.show_notice)
        self._lay_out()
        self.help = HelpOverlay([(key, what) for key, what, _ in self.keys], self.centralWidget())
        for key, _, action in self.keys:
            QShortcut(QKeySequence(key), self, activated=action)
        QShortcut(QKeySequence("Esc"), self, activated=self._back)
        self._notice = QTimer(self, interval=_NOTICE_MS, singleShot=True)
        self._notice.timeout.connect(lambda: self.status.show_notice(""))
        self._timer = QTimer(self, interval=_POLL_MS)
        self._timer.timeout.connect(self._poll)
        self._timer.start()
        self._say(_HINT)

    @property
    def keys(self) -> tuple[tuple[str, str, Callable[[], object]], ...]:
        """(key, what it does, in words, and in fact). Esc leaves what F and H have opened, else the window."""
        return (
            ("Space", "freeze what is shown, and go on", self.toggle_freeze),
            ("S", "save a picture of the window", self._save_picture_here),
            ("A", "attention on and off", self.toggle_attention),
            ("K", "skeletons on and off", self.toggle_skeletons),
            ("Tab", "the next person's details", self.select_next),
            ("F", "full screen on and off", self.toggle_full_screen),
            ("H", "this list", self.toggle_help),
            ("Q", "quit", self.close),
        )

    def _poll(self) -> None:
        # The timer runs on while the window is frozen: it is also what lets Python see Ctrl-C.
        if self._frozen:
            return
        self._shown = self._snapshot()
        if not self._shown.finished:
            self.rates = self._shown.rates
        self.refresh()
        now = monotonic()
        if now >= self._next_rates:
            self._next_rates = now + _RATES_EVERY
            self.status.show_rates(self._shown.rates)

    def refresh(self) -> None:
        """Show what was known at the last look."""
        shown = self._shown
        if self._selected not in shown.events:
            self._selected = min(shown.events, default=None)
        event, scores = shown.events.get(self._selected), shown.scores.get(self._selected)
        label = event.label if event is not None and event.state is State.LABEL else None
        self.picture.show_snapshot(shown)
        if shown.people is not None:
            self.timeline.show_events(shown.events, shown.people.time)
        note = WAITING if shown.people is None else "No person in view"
        self.persons.show_events(shown.events, self._selected, note)
        self._whose.setText(f"Person {self._selected}" if len(shown.events) > 1 else "")
        self.bars.show_scores(scores.probabilities if scores is not None else None, label)
        self.attention.show_scores(scores)

    def select(self, identity: int) -> None:
        """Show the scores and the attention of this person."""
        self._selected = identity
        self.refresh()

    def select_next(self) -> None:
        """Go on to the next person in view."""
        identities = sorted(self._shown.events)
        if identities:
            later = [identity for identity in identities if identity > (self._selected or 0)]
            self.select((later or identities)[0])

    def toggle_freeze(self) -> None:
        """Let what is shown stand still, or go on. Recognition goes on all the while."""
        self._frozen = not self._frozen
        self.picture.set_frozen(self._frozen)

    def toggle_attention(self) -> None:
        """Show or hide the attention panel; it stays hidden for a network that reports none."""
        self.attention.setVisible(self.attention.isHidden() and self._has_attention)

    def toggle_skeletons(self) -> None:
        """Show the skeletons on the picture, or the picture and the labels alone."""
        self.picture.set_style(replace(self.picture.style, skeletons=not self.picture.style.skeletons))

    def toggle_full_screen(self) -> None:
        """Fill the screen, or be a window again."""
        self.setWindowState(self.windowState() ^ Qt.WindowFullScreen)

    def toggle_help(self) -> None:
        """Show what the keys do, or hide it."""
        self.help.toggle()

    def _back(self) -> None:
        if self.help.isVisible():
            self.help.hide()
        elif self.isFullScreen():
            self.toggle_full_screen()
        else:
            self.close()

    def save_picture(self, path: Path) -> None:
        """Save a picture of the window; the name's ending says the format. LiveStfError when it cannot be written."""
        if not self.grab().save(str(path)):
            raise LiveStfError(f"cannot write {path}: check the folder and the name's ending")

    def _save_picture_here(self) -> None:
        path = Path.cwd() / f"live-stf-{datetime.now():%Y%m%d-%H%M%S}.png"
        try:
            self.save_picture(path)
        except LiveStfError as error:
            self._say(str(error))
        else:
            self._say(f"Saved {path.name}")

    def _say(self, text: str) -> None:
        self.status.show_notice(text)
        self._notice.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._side.setFixedWidth(max(290, min(round(0.29 * self.width()), 460)))
        compact = self.height() < _COMPACT
        self.persons.set_compact(compact)
        self.bars.set_compact(compact)
        self.attention.set_compact(compact)
        self.help.setGeometry(self.centralWidget().rect())
        super().resizeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._timer.stop()
        super().closeEvent(event)

    def _lay_out(self) -> None:
        self._whose = QLabel(objectName="muted")
        heading = QHBoxLayout()
        heading.addWidget(QLabel("Most likely", objectName="heading"))
        heading.addStretch()
        heading.addWidget(self._whose)

        self._side = QWidget(objectName="side")
        self._side.setAttribute(Qt.WA_StyledBackground)
        column = QVBoxLayout(self._side)
        column.setContentsMargins(16, 14, 16, 12)
        column.setSpacing(8)
        column.addWidget(self.persons)
        column.addSpacing(8)
        column.addLayout(heading)
        column.addWidget(self.bars)
        column.addSpacing(8)
        column.addWidget(self.attention, 1)
        # Takes the room while the attention is hidden, and none beside it.
        column.addStretch()

        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(self.picture, 1)
        left.addWidget(self.timeline)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addLayout(left, 1)
        middle.addWidget(self._side)
        everything = QWidget()
        rows = QVBoxLayout(everything)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addLayout(middle, 1)
        rows.addWidget(self.status)
        self.setCentralWidget(everything)
