"""The live window: menus, keys and polling around `live_stf.ui.live_view.LiveView`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from time import monotonic

from PyQt5.QtCore import QSize, Qt, QTimer
from PyQt5.QtGui import QCloseEvent, QKeySequence, QResizeEvent
from PyQt5.QtWidgets import QAction, QMainWindow, QMenu, QShortcut

from live_stf.errors import LiveStfError
from live_stf.live.session import About, Settings
from live_stf.types import Rates, Snapshot
from live_stf.ui.actions import Action, ThemeMenu, WindowActions, help_rows
from live_stf.ui.help_overlay import HelpOverlay
from live_stf.ui.keys import SOURCE_KEYS, keys_of
from live_stf.ui.live_view import LiveView
from live_stf.ui.menus import Menus
from live_stf.ui.overlay import Style
from live_stf.ui.preferences import Preferences
from live_stf.ui.saving import Saver, unwritable
from live_stf.ui.selected_person import Selection
from live_stf.ui.session_protocol import LiveSession
from live_stf.ui.view_options import ViewOptions
from live_stf.ui.wording import short_source

_POLL_MS = 15  # half the time between two frames, so that no frame waits long
_NOTICE = 6.0  # seconds
_POINTED = 60.0  # seconds that the text about a cell of the attention matrix stays
_RATES_EVERY = 0.25  # seconds; numbers that change with every frame cannot be read


class LiveWindow(QMainWindow):
    """Shows the snapshots of `live` and asks it for the changes that a user makes.

    preferences: the choices of earlier runs. folder: where images and recordings are saved; None for the current one.
    `view` is the content of the window; `window_actions` has everything that a key or a menu does.
    """

    def __init__(self, live: LiveSession, preferences: Preferences, folder: Path | None = None) -> None:
        super().__init__()
        self._live, self._preferences = live, preferences
        self._about: About | None = None
        self._settings = live.settings
        self._shown = Snapshot()
        self._paused = False
        self._next_rates = self._notice_until = 0.0
        self.rates = Rates()  # the newest before the source ended
        self.saver = Saver(folder)
        self.selection = Selection()
        self.setWindowTitle("live-stf")
        self.setMinimumSize(720, 460)
        if (screen := self.screen()) is not None:
            self.resize(QSize(1280, 760).boundedTo(screen.availableSize() * 0.9))
        self.restoreGeometry(preferences.geometry)

        mirrored, skeletons = preferences.flag("mirrored", False), preferences.flag("skeletons", True)
        self.view = LiveView(Style(mirrored=mirrored, skeletons=skeletons))
        self.view.side.persons.chosen.connect(self.select)
        self.view.pointed.connect(self._show_pointed)
        self.setCentralWidget(self.view)
        self.options = ViewOptions(self.view, preferences)
        self.window_actions = WindowActions(self, self._make_actions())
        self._make_menus()
        self.help = HelpOverlay(help_rows(self.window_actions.actions), self.view)
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._poll)
        self._timer.start()
        self._poll()
        self.say(f"{keys_of('toggle_help')[0]}: list of keys")

    def _make_actions(self) -> tuple[Action, ...]:
        return (
            Action("open_file", "Source", "Open a file...", "open a video or a recording", self.open_file),
            Action("open_address", "Source", "Open an address...", "open a stream", self.open_address),
            Action("toggle_pause", "Source", "Pause", "pause or resume the display", self.toggle_pause, True),
            Action("save_picture", "File", "Save an image", "save an image of the window", self.save_image),
            Action(
                "toggle_recording", "File", "Record", "record annotated video and joints", self.toggle_recording, True
            ),
            Action("choose_labels", "Recognition", "Labels...", "choose which labels to report", self.choose_labels),
            *self.options.actions,
            Action("next_person", "View", "Next person", "show the next person's details", self.select_next),
            Action(
                "toggle_full_screen", "View", "Full screen", "full screen, large type", self.toggle_full_screen, True
            ),
            Action("toggle_help", "Help", "Keys", "show or hide this list", self.toggle_help),
            Action("quit", "File", "Quit", "quit", self.quit),
            Action("go_back", "", "", "", self.go_back),
        )

    def _make_menus(self) -> None:
        menus = self.window_actions.menus
        self.menus = Menus(self, menus["Source"], menus["Recognition"], self._preferences)
        self.menus.wanted.connect(self.change)
        themes = QMenu("Theme", menus["View"])
        menus["View"].addMenu(themes)
        self._themes = ThemeMenu(themes)
        self._themes.chosen.connect(self.options.choose_theme)
        forget = QAction("Reset preferences", self)
        forget.triggered.connect(self.forget)
        menus["Help"].addAction(forget)
        for number, key in enumerate(SOURCE_KEYS, 1):
            QShortcut(QKeySequence(key), self).activated.connect(partial(self._choose_source, number))
        self.options.changed.connect(self._mark)
        self._mark()

    def open_file(self) -> None:
        """Let the user choose a file."""
        self.menus.open_file()

    def open_address(self) -> None:
        """Let the user type an address."""
        self.menus.open_address()

    def choose_labels(self) -> None:
        """Let the user choose which labels are reported."""
        self.menus.choose_labels()

    def _choose_source(self, number: int) -> None:
        if problem := self.menus.choose_source(number):
            self.say(problem)

    def change(self, settings: Settings) -> None:
        """Ask for other settings; they take effect as soon as everything for them is open."""
        if settings.source != self._live.settings.source:
            self.saver.stop()
        self._live.change(settings)

    def _poll(self) -> None:
        # The timer keeps running while the display is paused: it also lets Python notice Ctrl-C.
        about = self._live.about
        if about is not None and about is not self._about:
            self._show_about(about)
        if self._live.settings != self._settings:
            self._preferences.remember(self._live.settings, self._settings)
            self._settings = self._live.settings
            self.menus.show_running(self._settings, about)
        self._show_status()
        if self._paused:
            return
        self._shown = self._live.snapshot()
        if not self._shown.finished:
            self.rates = self._shown.rates
        self.refresh()

    def _show_status(self) -> None:
        """Notices, what is being opened, results of saving, and rates."""
        now = monotonic()
        for line in [*self._live.notices(), *self.saver.lines()]:
            self.say(line)
            self._mark()
        status = self.view.status
        if now >= self._notice_until:
            status.show_notice(f"{self._live.opening}..." if self._live.opening and self._about else "")
        if now >= self._next_rates:
            self._next_rates = now + _RATES_EVERY
            if self._about is not None:
                running = f"{self._about.model.name} on {self._live.engine}  \u00b7  pose by {self._about.pose}"
                status.show_running(short_source(self._about.source), running)
                status.show_rates(self._shown.rates)

    def _show_about(self, about: About) -> None:
        """Switch to another model or source, which runs from now on."""
        before, self._about = self._about, about
        self.setWindowTitle(f"{short_source(about.source)} - live-stf")
        if before is None or before.source != about.source:
            self.view.timeline.clear()
        self.menus.show_running(self._live.settings, about)
        self.view.show_about(about)
        if before is None or (before.model.skeleton, before.model.grains) != (about.model.skeleton, about.model.grains):
            self.options.replace_attention(about)
            self._fit()
        if self._paused:
            self.toggle_pause()

    def refresh(self) -> None:
        """Show the last snapshot again, e.g. with another person selected."""
        self.selection.follow(self._shown.events)
        self.view.show_snapshot(self._shown, self._live.opening, self.selection.identity)

    def select(self, identity: int) -> None:
        """Show the scores and the attention of this person."""
        self.selection.choose(identity)
        self.refresh()

    def select_next(self) -> None:
        """Select the next person in view."""
        self.selection.choose_next(self._shown.events)
        self.refresh()

    def toggle_pause(self) -> None:
        """Pause or resume the display. Recognition goes on meanwhile."""
        self._paused = not self._paused
        self.view.picture.set_paused(self._paused)
        self._mark()

    def set_mirrored(self, mirrored: bool) -> None:
        """Mirror the picture or not, for this run only."""
        self.options.set_mirrored(mirrored)

    def toggle_full_screen(self) -> None:
        """Fill the screen, with type that can be read from three metres, or become a window again."""
        self.window_actions.bar.setVisible(self.isFullScreen())
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)
        self._fit()
        self._mark()

    def toggle_help(self) -> None:
        """Show or hide the list of keys."""
        self.help.toggle()

    def forget(self) -> None:
        """Reset the preferences for the next run; this run does not change."""
        self._preferences.forget()
        self.say("Preferences are reset for the next run")

    def toggle_recording(self) -> None:
        """Start or stop a recording."""
        if self.saver.recorder is not None:
            self.saver.stop()
        elif self._about is not None:
            self.saver.record(self._live.snapshot, self._about, self.view.picture.overlay)
        self._mark()

    def quit(self) -> None:
        """Close the window."""
        self.close()

    def go_back(self) -> None:
        """Hide the list of keys, else leave the full screen, else close the window."""
        if self.help.isVisible():
            self.help.hide()
        elif self.isFullScreen():
            self.toggle_full_screen()
        else:
            self.close()

    def save_picture(self, path: Path) -> None:
        """Save an image of the window; the suffix names the format. Raises LiveStfError if it cannot be written."""
        self.view.picture.settle()
        if not self.grab().save(str(path)):
            raise LiveStfError(unwritable(path))

    def save_image(self) -> None:
        """Save an image of the window as PNG under a new name."""
        self.view.picture.settle()
        self.saver.save(self.grab().toImage())

    def _show_pointed(self, text: str) -> None:
        self.say(text, _POINTED)

    def say(self, text: str, seconds: float | None = None) -> None:
        """Show a notice in the status line for `seconds`, None for the usual time; an empty text removes it."""
        self.view.status.show_notice(text)
        self._notice_until = monotonic() + ((_NOTICE if seconds is None else seconds) if text else 0.0)

    def _mark(self) -> None:
        """Update the check marks of the menus, and the notes on the picture that belong to them."""
        recording = self.saver.recorder is not None
        self.view.picture.set_recording(recording)
        checked = {
            **self.options.checked,
            "toggle_full_screen": bool(self.windowState() & Qt.WindowState.WindowFullScreen),
            "toggle_recording": recording,
            "toggle_pause": self._paused,
        }
        for action, on in checked.items():
            self.window_actions[action].setChecked(on)
        for action in ("toggle_attention", "next_attention_view"):
            self.window_actions[action].setEnabled(self.view.side.attention is not None)
        self._themes.mark(self._preferences.theme)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        self._fit()
        super().resizeEvent(event)

    def _fit(self) -> None:
        full = bool(self.windowState() & Qt.WindowState.WindowFullScreen)
        self.view.fit(self.width(), self.height(), full)
        self.help.setGeometry(self.view.rect())

    def closeEvent(self, event: QCloseEvent | None) -> None:
        self._timer.stop()
        self.saver.stop(wait=True)
        if not self.isFullScreen():
            self._preferences.geometry = self.saveGeometry()
        self._preferences.save()
        super().closeEvent(event)
