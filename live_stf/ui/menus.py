"""The menus: where the pictures come from and what recognises; what they change is sent, and done elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from PyQt5.QtCore import QObject, pyqtSignal
from PyQt5.QtWidgets import QAction, QActionGroup, QFileDialog, QInputDialog, QMenu, QWidget

from live_stf.engine import ENGINES
from live_stf.live.session import About, Settings
from live_stf.model import DESCRIPTION, MODELS, available_models
from live_stf.sources.cameras import cameras
from live_stf.ui.label_dialog import ListenDialog
from live_stf.ui.preferences import MOST_PEOPLE, Preferences

_THRESHOLDS = tuple(percent / 100 for percent in range(30, 100, 10))
_VIDEOS = "Videos and recordings (*.mp4 *.mov *.avi *.mkv *.webm *.m4v *.mpg *.mpeg *.jsonl);;All files (*)"


def offered_sources(recent: Sequence[str]) -> list[tuple[str, str]]:
    """(source, how it is called): cameras first, then what was open lately; the keys 1 to 9 choose from it."""
    found = [(str(camera.number), camera.name) for camera in cameras()]
    if not found and not sys.platform.startswith("linux"):  # elsewhere they are not listed, but may be there
        found = [(str(number), f"Camera {number}") for number in range(3)]
    return [*found, *((source, _short(source)) for source in recent)]


class Menus(QObject):
    """Fills the menus Source and Recognition. `wanted` is sent with the Settings that a user asks for."""

    wanted = pyqtSignal(object)

    def __init__(self, window: QWidget, source: QMenu, recognition: QMenu, preferences: Preferences) -> None:
        super().__init__(window)
        self._window, self._preferences = window, preferences
        self._settings, self._about = Settings(), None
        self.source = source
        self.model, self.engine, self.people, self.threshold = (
            recognition.addMenu(title) for title in ("Model", "Engine", "People", "Threshold")
        )
        source.aboutToShow.connect(self._fill_sources)
        self._actions: list[QAction] = []  # of the sources
        self.model.aboutToShow.connect(self._fill_models)
        self.engine.aboutToShow.connect(self._fill_engines)
        self.people.aboutToShow.connect(self._fill_people)
        self.threshold.aboutToShow.connect(self._fill_thresholds)
        self._fill_sources()

    def show_running(self, settings: Settings, about: About | None) -> None:
        """What is marked as chosen, and what the choices are changes of."""
        self._settings, self._about = settings, about

    def choose_source(self, number: int) -> str:
        """Ask for the number-th source, 1 being the first; returns what there is to say when there is none."""
        offered = offered_sources(self._preferences.recent_sources)
        if number > len(offered):
            return f"There is no source {number}; the menu Source has what there is"
        self._want(source=offered[number - 1][0])
        return ""

    def open_file(self) -> None:
        """Let the user look for a video or a recording."""
        dialog = QFileDialog(self._window, "Open a video or a recording", str(Path.cwd()), _VIDEOS)
        dialog.setFileMode(QFileDialog.ExistingFile)
        dialog.fileSelected.connect(self._want_file)
        self._open(dialog)

    def open_address(self) -> None:
        """Let the user type the address of a stream."""
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle("Open an address")
        dialog.setLabelText("Address of a stream: http://, rtsp://, udp://, ...")
        dialog.resize(480, 120)
        dialog.textValueSelected.connect(self._want_address)
        self._open(dialog)

    def open_model(self) -> None:
        """Let the user look for a model's folder."""
        dialog = QFileDialog(self._window, f"Open a model: a folder with a {DESCRIPTION}", str(MODELS))
        dialog.setFileMode(QFileDialog.Directory)
        dialog.setOption(QFileDialog.ShowDirsOnly)
        dialog.fileSelected.connect(self._want_model)
        self._open(dialog)

    def listen(self) -> None:
        """Let the user choose the labels that are said."""
        if self._about is None:
            return
        labels = [label for label in self._about.labels if label != self._about.none_label]
        dialog = ListenDialog(labels, self._settings.listen, self._window)
        dialog.accepted.connect(self._want_labels)
        self._open(dialog)

    def _open(self, dialog: QWidget) -> None:
        self.dialog = dialog
        dialog.open()  # not exec: what is shown goes on behind it

    def _want(self, **changes: object) -> None:
        self.wanted.emit(replace(self._settings, **changes))

    def _want_file(self, path: str) -> None:
        self._want(source=path)

    def _want_address(self, address: str) -> None:
        if address.strip():
            self._want(source=address.strip())

    def _want_model(self, model: str) -> None:
        if model != self._settings.model or self._about is None:
            self._want(model=model, threshold=None, listen=None)  # both are of the model before

    def _want_labels(self) -> None:
        self._want(listen=self.dialog.chosen)

    def _fill_sources(self) -> None:
        for action in self._actions:
            self.source.removeAction(action)
            action.deleteLater()
        offered = offered_sources(self._preferences.recent_sources)
        first = self.source.actions()[0] if self.source.actions() else None
        self._actions = []
        for number, (source, name) in enumerate(offered, 1):
            action = QAction(f"{name}\t{number}" if number < 10 else name, self.source, checkable=True)
            action.setChecked(source == self._settings.source)
            action.triggered.connect(partial(self._want_source, source))
            self._actions.append(action)
        if not offered:
            action = QAction("No camera was found", self.source)
            action.setEnabled(False)
            self._actions.append(action)
        separator = QAction(self.source)
        separator.setSeparator(True)
        self._actions.append(separator)
        self.source.insertActions(first, self._actions)

    def _want_source(self, source: str, _checked: bool = False) -> None:
        self._want(source=source)

    def _fill_models(self) -> None:
        choices = [(name, name) for name in available_models()]
        folders = [*self._preferences.recent_models]
        if self._settings.model not in [*(name for name, _ in choices), *folders]:
            folders.insert(0, self._settings.model)
        choices += [(folder, _short(folder)) for folder in folders]
        _fill(self.model, choices, self._settings.model, self._want_model)
        self.model.addSeparator()
        self.model.addAction("Open a folder...").triggered.connect(self.open_model)

    def _fill_engines(self) -> None:
        choices = [("auto", "The best for this machine"), *((name, name) for name in ENGINES)]
        _fill(self.engine, choices, self._settings.engine, self._want_engine)

    def _want_engine(self, engine: str) -> None:
        self._want(engine=engine)

    def _fill_people(self) -> None:
        choices = [(number, f"Up to {number}" if number > 1 else "One") for number in range(1, MOST_PEOPLE + 1)]
        _fill(self.people, choices, self._settings.people, self._want_people)

    def _want_people(self, people: int) -> None:
        self._want(people=people)

    def _fill_thresholds(self) -> None:
        own = f" ({100 * self._about.enter:.0f} %)" if self._about is not None else ""
        choices = [(None, f"The model's own{own}"), *((value, f"{100 * value:.0f} %") for value in _THRESHOLDS)]
        if self._settings.threshold not in [value for value, _ in choices]:
            choices.append((self._settings.threshold, f"{100 * self._settings.threshold:.0f} %"))
        _fill(self.threshold, choices, self._settings.threshold, self._want_threshold)

    def _want_threshold(self, threshold: float | None) -> None:
        self._want(threshold=threshold)


def _fill(menu: QMenu, choices: Iterable[tuple[object, str]], chosen: object, want: Callable[[object], None]) -> None:
    """Make the menu anew: one choice out of several, (value, how it is called)."""
    menu.clear()
    group = QActionGroup(menu)
    for value, words in choices:
        action = menu.addAction(words)
        action.setCheckable(True)
        action.setChecked(value == chosen)
        action.triggered.connect(partial(_pass_on, want, value))
        group.addAction(action)


def _pass_on(want: Callable[[object], None], value: object, _checked: bool = False) -> None:
    want(value)


def _short(source: str) -> str:
    """A file's or folder's name, or an address, not too long for a menu."""
    text = source if "://" in source else Path(source).name or source
    return text if len(text) <= 48 else f"{text[:22]}...{text[-23:]}"
