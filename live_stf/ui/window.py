"""The live window: the picture, what everybody is doing, why, and how fast."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import Protocol

from PyQt5.QtCore import QSize, Qt, QTimer
from PyQt5.QtGui import QCloseEvent, QKeySequence, QResizeEvent
from PyQt5.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QShortcut, QVBoxLayout, QWidget

from live_stf.errors import LiveStfError
from live_stf.live.session import About, Settings
from live_stf.types import Rates, Snapshot
from live_stf.ui import theme
from live_stf.ui.attention_panel import BODY
from live_stf.ui.commands import Command, CommandActions, Switch, ThemeMenu
from live_stf.ui.help import HelpOverlay
from live_stf.ui.menus import Menus
from live_stf.ui.overlay import Style
from live_stf.ui.picture import WAITING, PictureView
from live_stf.ui.preferences import Preferences
from live_stf.ui.saving import Saver, unwritable
from live_stf.ui.selected_person import Selection
from live_stf.ui.side_panel import SidePanel
from live_stf.ui.status import StatusLine
from live_stf.ui.timeline import Timeline
from live_stf.ui.wording import short_source

_POLL_MS = 15  # twice as often as there are pictures, so that none waits long
_NOTICE = 6.0  # seconds
_RATES_EVERY = 0.25  # seconds; numbers that change with every picture cannot be read
_COMPACT = 680  # pixels of height
_USUAL_HEIGHT = 760  # pixels, at which type has its usual size
_HINT = "H: what the keys do"


class Live(Protocol):
    """What the window needs of a `live_stf.live.session.Session`; nothing in it blocks."""

    opening: str

    @property
    def settings(self) -> Settings: ...

    @property
    def about(self) -> About | None: ...

    @property
    def engine(self) -> str: ...

    def snapshot(self) -> Snapshot: ...

    def notices(self) -> list[str]: ...

    def change(self, settings: Settings) -> None: ...


class LiveWindow(QMainWindow):
    """Asks `live` for what there is to show, and for the changes that a user wants.

    preferences: what is remembered. folder: where pictures and recordings go; None for the current one. `commands` has
    every key and what it does; H shows them.
    """

    def __init__(self, live: Live, preferences: Preferences, folder: Path | None = None) -> None:
        super().__init__()
        self._live, self._preferences = live, preferences
        self._about: About | None = None
        self._settings = live.settings
        self._shown = Snapshot()
        self._paused = False
        self._next_rates = self._notice_until = 0.0
        self.rates = Rates()  # the newest from before the source ended
        self.saver = Saver(folder)
        self.selection = Selection()
        self.setWindowTitle("live-stf")
        self.setMinimumSize(720, 460)
        self.resize(QSize(1280, 760).boundedTo(0.9 * self.screen().availableSize()))
        self.restoreGeometry(preferences.geometry)

        mirrored, skeletons = preferences.flag("mirrored", False), preferences.flag("skeletons", True)
        self.picture = PictureView(Style(mirrored=mirrored, skeletons=skeletons))
        self.side = SidePanel(Style.frames)
        self.timeline = Timeline()
        self.status = StatusLine()
        self.side.persons.chosen.connect(self.select)
        self._lay_out()
        self.commands = self._make_commands()
        self._make_menus()
        self.help = HelpOverlay(self._key_list(), self.centralWidget())
        self._timer = QTimer(self, interval=_POLL_MS)
        self._timer.setTimerType(Qt.PreciseTimer)
        self._timer.timeout.connect(self._poll)
        self._timer.start()
        self._poll()
        self.say(_HINT)

    def _make_commands(self) -> tuple[Command, ...]:
        return (
            Command("Ctrl+O", "Source", "Open a file...", self.open_file, "open a video or a recording"),
            Command("Ctrl+U", "Source", "Open an address...", self.open_address, "open a stream"),
            Switch("Space", "Source", "Pause", self.toggle_pause, "pause what is shown, and go on"),
            Command("S", "File", "Save a picture", self.save_picture_here, "save a picture of the window"),
            Switch("R", "File", "Record", self.toggle_recording, "record: annotated video and joints"),
            Command("L", "Recognition", "Listen for...", self.choose_labels, "choose the labels that are said"),
            Switch("A", "View", "Attention", self.toggle_attention, "attention on and off"),
            Switch("X", "View", "Attention as a matrix", self.next_attention_view, "attention as figure or matrix"),
            Switch("K", "View", "Skeletons", self.toggle_skeletons, "skeletons on and off"),
            Switch("M", "View", "Mirror", self.toggle_mirror, "left and right as in a mirror"),
            Command("T", "View", "Light or dark", self.toggle_theme, "light or dark"),
            Command("Tab", "View", "Next person", self.select_next, "the next person's details"),
            Switch("F", "View", "Full screen", self.toggle_full_screen, "full screen, with large type"),
            Command("H", "Help", "Keys", self.toggle_help, "this list"),
            Command("Q", "File", "Quit", self.close, "quit"),
        )

    def _key_list(self) -> list[tuple[str, str]]:
        keys = [(command.key, command.more) for command in self.commands]
        return [("1-9", "choose a source, as in the menu Source"), *keys[:-1], ("Q, Esc", keys[-1][1])]

    def _make_menus(self) -> None:
        self.command_actions = CommandActions(self, self.commands)
        menus = self.command_actions.menus
        self.menus = Menus(self, menus["Source"], menus["Recognition"], self._preferences)
        self.menus.wanted.connect(self.change)
        self._themes = ThemeMenu(menus["View"].addMenu("Theme"))
        self._themes.chosen.connect(self._take_theme)
        forget = menus["Help"].addAction("Forget what was chosen")
        forget.triggered.connect(self.forget)
        for number in range(1, 10):
            shortcut = QShortcut(QKeySequence(str(number)), self)
            shortcut.activated.connect(self._choose_source)
        QShortcut(QKeySequence("Esc"), self).activated.connect(self._back)
        self._mark()

    def open_file(self) -> None:
        """Let the user look for a file."""
        self.menus.open_file()

    def open_address(self) -> None:
        """Let the user type an address."""
        self.menus.open_address()

    def choose_labels(self) -> None:
        """Let the user choose labels."""
        self.menus.listen()

    def _choose_source(self) -> None:
        if said := self.menus.choose_source(int(self.sender().key().toString())):
            self.say(said)

    def change(self, settings: Settings) -> None:
        """Go on by these settings, when all for them is open."""
        if settings.source != self._live.settings.source:
            self.saver.stop()
        self._live.change(settings)

    def _poll(self) -> None:
        # The timer runs on while the window is paused: it is also what lets Python see Ctrl-C.
        about = self._live.about
        if about is not None and about is not self._about:
            self._show_about(about)
        if self._live.settings != self._settings:
            self._preferences.remember(self._live.settings, self._settings)
            self._settings = self._live.settings
            self.menus.show_running(self._settings, about)
        self._tell()
        if self._paused:
            return
        self._shown = self._live.snapshot()
        if not self._shown.finished:
            self.rates = self._shown.rates
        self.refresh()

    def _tell(self) -> None:
        """Notices, what is being opened, what was saved, and rates."""
        now = monotonic()
        for line in [*self._live.notices(), *self.saver.lines()]:
            self.say(line)
            self._mark()
        if now >= self._notice_until:
            self.status.show_notice(f"{self._live.opening}..." if self._live.opening and self._about else "")
        if now >= self._next_rates:
            self._next_rates = now + _RATES_EVERY
            if self._about is not None:
                running = f"{self._about.model} on {self._live.engine}  \u00b7  pose by {self._about.pose}"
                self.status.show_running(short_source(self._about.source), running)
                self.status.show_rates(self._shown.rates)

    def _show_about(self, about: About) -> None:
        """Another model or source runs from now on."""
        before, self._about = self._about, about
        self.setWindowTitle(f"{short_source(about.source)} - live-stf")
        if before is None or before.source != about.source:
            self.timeline.clear()
        self.menus.show_running(self._live.settings, about)
        self.picture.set_skeleton(about.skeleton)
        self.picture.set_style(frames=about.frames)
        self.side.persons.set_frames(about.frames)
        self.side.set_labels(about.labels)
        if before is None or (before.skeleton, before.grains) != (about.skeleton, about.grains):
            self._replace_attention(about)
        if self._paused:
            self.toggle_pause()

    def _replace_attention(self, about: About) -> None:
        attention = self.side.replace_attention(about.skeleton, about.grains)
        if attention is not None:
            attention.choose(self._preferences.attention_view or BODY)
            attention.chosen.connect(self._keep_attention_view)
            attention.body.set_mirrored(self.picture.style.mirrored)
            attention.matrix.pointed.connect(self._point)
            attention.setVisible(self._preferences.flag("attention", True))
            self._fit()
        self._mark()

    def refresh(self) -> None:
        """Show what was known at the last look."""
        shown = self._shown
        self.selection.follow(shown.events)
        self.picture.show_snapshot(shown, f"{self._live.opening}..." if self._live.opening else WAITING)
        if shown.people is not None:
            self.timeline.show_events(shown.events, shown.people.time)
        note = "No person in view" if shown.people is not None else WAITING
        self.side.show_events(shown.events, shown.scores, self.selection.identity, note)

    def select(self, identity: int) -> None:
        """Show the scores and the attention of this person."""
        self.selection.choose(identity)
        self.refresh()

    def select_next(self) -> None:
        """Go on to the next person in view."""
        self.selection.choose_next(self._shown.events)
        self.refresh()

    def toggle_pause(self) -> None:
        """Let what is shown stand still, or go on. Recognition goes on all the while."""
        self._paused = not self._paused
        self.picture.set_frozen(self._paused)
        self._mark()

    def toggle_attention(self) -> None:
        """Show or hide the attention panel; there is none for a network that reports none."""
        if self.side.attention is not None:
            visible = self.side.attention.isHidden()
            self.side.attention.setVisible(visible)
            self._preferences.set_flag("attention", visible)
        self._mark()

    def next_attention_view(self) -> None:
        """The figure, the matrix of parts, the matrix of joints, and again."""
        if self.side.attention is not None:
            views = self.side.attention.views
            self.side.attention.choose(views[(views.index(self.side.attention.view) + 1) % len(views)])
            self._keep_attention_view(self.side.attention.view)

    def _keep_attention_view(self, view: int) -> None:
        self._preferences.attention_view = view
        self._mark()

    def toggle_skeletons(self) -> None:
        """Show the skeletons on the picture, or the picture and the labels alone."""
        self.picture.set_style(skeletons=not self.picture.style.skeletons)
        self._preferences.set_flag("skeletons", self.picture.style.skeletons)
        self._mark()

    def toggle_mirror(self) -> None:
        """Show the picture as in a mirror, or as others see it. What is recognised stays the same."""
        self.set_mirrored(not self.picture.style.mirrored)
        self._preferences.set_flag("mirrored", self.picture.style.mirrored)

    def set_mirrored(self, mirrored: bool) -> None:
        """As `toggle_mirror`, for this run alone."""
        self.picture.set_style(mirrored=mirrored)
        if self.side.attention is not None:
            self.side.attention.body.set_mirrored(mirrored)
        self._mark()

    def toggle_theme(self) -> None:
        """Light or dark."""
        self._take_theme(theme.LIGHT.name if theme.active() is theme.DARK else theme.DARK.name)

    def _take_theme(self, name: str) -> None:
        self._preferences.theme = name
        theme.apply(QApplication.instance(), name)
        self._mark()

    def toggle_full_screen(self) -> None:
        """Fill the screen, with type that is read from three metres, or be a window again."""
        self.menuBar().setVisible(self.isFullScreen())
        self.setWindowState(self.windowState() ^ Qt.WindowFullScreen)
        self._fit()
        self._mark()

    def toggle_help(self) -> None:
        """Show what the keys do, or hide it."""
        self.help.toggle()

    def forget(self) -> None:
        """Choose nothing beforehand in the next run. What runs now goes on."""
        self._preferences.forget()
        self.say("Forgotten; the next run begins as the first one did")

    def toggle_recording(self) -> None:
        """Begin to record what is seen, or end it."""
        if self.saver.recorder is not None:
            self.saver.stop()
        elif self._about is not None:
            self.saver.record(self._live.snapshot, self._about, self.picture.style)
        self._mark()

    def _back(self) -> None:
        if self.help.isVisible():
            self.help.hide()
        elif self.isFullScreen():
            self.toggle_full_screen()
        else:
            self.close()

    def save_picture(self, path: Path) -> None:
        """Save a picture of the window; the name's ending says the format. LiveStfError when it cannot be written."""
        self.picture.settle()
        if not self.grab().save(str(path)):
            raise LiveStfError(unwritable(path))

    def save_picture_here(self) -> None:
        """Save a picture of the window as PNG."""
        self.picture.settle()
        self.saver.save(self.grab().toImage())

    def _point(self, words: str) -> None:
        self.say(words, 60.0)

    def say(self, text: str, seconds: float = _NOTICE) -> None:
        """Say something for some seconds, in the status line; an empty text ends what is said."""
        self.status.show_notice(text)
        self._notice_until = monotonic() + (seconds if text else 0.0)

    def _mark(self) -> None:
        """Have the menus show what is on."""
        style, attention = self.picture.style, self.side.attention
        self.picture.set_recording(self.saver.recorder is not None)
        for key, on in (
            ("A", attention is not None and not attention.isHidden()),
            ("X", attention is not None and attention.view != BODY),
            ("K", style.skeletons),
            ("M", style.mirrored),
            ("F", bool(self.windowState() & Qt.WindowFullScreen)),
            ("R", self.saver.recorder is not None),
            ("Space", self._paused),
        ):
            self.command_actions[key].setChecked(on)
        self.command_actions["A"].setEnabled(attention is not None)
        self.command_actions["X"].setEnabled(attention is not None)
        self._themes.mark(self._preferences.theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def _fit(self) -> None:
        """Type and panels for this size; in full screen for somebody who stands three metres away."""
        full = bool(self.windowState() & Qt.WindowFullScreen)
        scale = type_scale(self.height(), full)
        compact = not full and self.height() < _COMPACT
        self.side.fit(self.width(), scale, full, compact)
        self.timeline.set_scale(0.8 * scale if full else scale)
        self.status.set_scale(max(0.6 * scale, 1.0) if full else max(scale, 1.0))
        self.picture.set_scale(scale)
        if self.picture.style.scale != (wanted := 1.9 if full else 1.0):
            self.picture.set_style(scale=wanted)
        self.help.setGeometry(self.centralWidget().rect())

    def closeEvent(self, event: QCloseEvent) -> None:
        self._timer.stop()
        self.saver.stop(wait=True)
        if not self.isFullScreen():
            self._preferences.geometry = self.saveGeometry()
        self._preferences.save()
        super().closeEvent(event)

    def _lay_out(self) -> None:
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(self.picture, 1)
        left.addWidget(self.timeline)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addLayout(left, 1)
        middle.addWidget(self.side)
        everything = QWidget()
        rows = QVBoxLayout(everything)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addLayout(middle, 1)
        rows.addWidget(self.status)
        self.setCentralWidget(everything)


def type_scale(height: int, full: bool) -> float:
    """How much larger than usual type is in a window of this height in pixels; full: that fills the screen."""
    scale = height / _USUAL_HEIGHT
    return min(max(1.4 * scale, 1.2), 5.0) if full else min(max(scale, 0.85), 1.35)
