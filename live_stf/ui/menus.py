"""The Source and Recognition menus: sources, models, engines and everything else that a session can change."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from PyQt5.QtCore import QObject, pyqtSignal
from PyQt5.QtWidgets import QAction, QActionGroup, QDialog, QFileDialog, QInputDialog, QMenu, QWidget

from live_stf.engine import ENGINES
from live_stf.live.session import About, Settings
from live_stf.model import DESCRIPTION, MODELS, available_models
from live_stf.sources.cameras import cameras
from live_stf.ui.keys import SOURCE_KEYS
from live_stf.ui.labels_dialog import LabelsDialog
from live_stf.ui.preferences import MOST_PEOPLE, Preferences

T = TypeVar("T")
_THRESHOLDS = tuple(percent / 100 for percent in range(30, 100, 10))
_VIDEOS = "Videos and recordings (*.mp4 *.mov *.avi *.mkv *.webm *.m4v *.mpg *.mpeg *.jsonl);;All files (*)"


def offered_sources(recent: Sequence[str]) -> list[tuple[str, str]]:
    """(source, text) of every source in the menu: cameras first, then those in `recent`."""
    found = [(str(camera.number), camera.name) for camera in cameras()]
    if not found and not sys.platform.startswith("linux"):  # other systems do not list cameras, but may have some
        found = [(str(number), f"Camera {number}") for number in range(3)]
    return [*found, *((source, _short(source)) for source in recent)]


class Menus(QObject):
    """Fills the Source and Recognition menus. `wanted` is emitted with the Settings that a user asks for."""

    wanted = pyqtSignal(object)

    def __init__(self, window: QWidget, source: QMenu, recognition: QMenu, preferences: Preferences) -> None:
        super().__init__(window)
        self._window, self._preferences = window, preferences
        self._settings = Settings()
        self._about: About | None = None
        self.dialog: QDialog | None = None  # the last one that was opened
        self.source = source
        source.aboutToShow.connect(self._fill_sources)
        self._source_entries: list[QAction] = []
        self.model = _submenu(recognition, "Model", self._fill_models)
        self.engine = _submenu(recognition, "Engine", self._fill_engines)
        self.people = _submenu(recognition, "People", self._fill_people)
        self.threshold = _submenu(recognition, "Threshold", self._fill_thresholds)
        self._fill_sources()

    def show_running(self, settings: Settings, about: About | None) -> None:
        """Mark these settings as chosen, and base further changes on them."""
        self._settings, self._about = settings, about

    def choose_source(self, number: int) -> str:
        """Ask for a source by its number in the menu, from 1; returns an error message, empty for none."""
        offered = offered_sources(self._preferences.recent_sources)
        if number > len(offered):
            return f"There is no source {number}; see the Source menu"
        self._choose_source(offered[number - 1][0])
        return ""

    def open_file(self) -> None:
        """Let the user choose a video or a recording."""
        dialog = QFileDialog(self._window, "Open a video or a recording", str(Path.cwd()), _VIDEOS)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self._choose_source)
        self._open(dialog)

    def open_address(self) -> None:
        """Let the user type the address of a stream."""
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle("Open an address")
        dialog.setLabelText("Address of a stream: http://, rtsp://, udp://, ...")
        dialog.resize(480, 120)
        dialog.textValueSelected.connect(self._choose_address)
        self._open(dialog)

    def open_model(self) -> None:
        """Let the user choose the folder of a model."""
        dialog = QFileDialog(self._window, f"Open a model: a folder with a {DESCRIPTION}", str(MODELS))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self._choose_model)
        self._open(dialog)

    def choose_labels(self) -> None:
        """Let the user choose which labels are reported."""
        if self._about is None:
            return
        labels = [label for label in self._about.model.labels if label != self._about.model.none_label]
        dialog = LabelsDialog(labels, self._settings.listen, self._window)
        dialog.accepted.connect(partial(self._take_labels, dialog))
        self._open(dialog)

    def _open(self, dialog: QDialog) -> None:
        self.dialog = dialog
        dialog.open()  # unlike exec, this lets the window go on behind the dialog

    def _want(self, settings: Settings) -> None:
        self.wanted.emit(settings)

    def _choose_source(self, source: str) -> None:
        self._want(replace(self._settings, source=source))

    def _choose_address(self, address: str) -> None:
        if address.strip():
            self._choose_source(address.strip())

    def _choose_model(self, model: str) -> None:
        if model != self._settings.model or self._about is None:
            # Threshold and labels were chosen for the model before.
            self._want(replace(self._settings, model=model, threshold=None, listen=None))

    def _choose_engine(self, engine: str) -> None:
        self._want(replace(self._settings, engine=engine))

    def _choose_people(self, people: int) -> None:
        self._want(replace(self._settings, people=people))

    def _choose_threshold(self, threshold: float | None) -> None:
        self._want(replace(self._settings, threshold=threshold))

    def _take_labels(self, dialog: LabelsDialog) -> None:
        self._want(replace(self._settings, listen=dialog.chosen))

    def _fill_sources(self) -> None:
        for entry in self._source_entries:
            self.source.removeAction(entry)
            entry.deleteLater()
        self._source_entries = []
        offered = offered_sources(self._preferences.recent_sources)
        for number, (source, name) in enumerate(offered):
            text = f"{name}\t{SOURCE_KEYS[number]}" if number < len(SOURCE_KEYS) else name
            entry = QAction(text, self.source)
            entry.setCheckable(True)
            entry.setChecked(source == self._settings.source)
            entry.triggered.connect(partial(_call, self._choose_source, source))
            self._source_entries.append(entry)
        if not offered:
            entry = QAction("No camera found", self.source)
            entry.setEnabled(False)
            self._source_entries.append(entry)
        separator = QAction(self.source)
        separator.setSeparator(True)
        self._source_entries.append(separator)
        others = self.source.actions()
        self.source.insertActions(others[0] if others else None, self._source_entries)

    def _fill_models(self) -> None:
        choices = [(name, name) for name in available_models()]
        folders = [*self._preferences.recent_models]
        if self._settings.model not in [*(name for name, _ in choices), *folders]:
            folders.insert(0, self._settings.model)
        choices += [(folder, _short(folder)) for folder in folders]
        _fill(self.model, choices, self._settings.model, self._choose_model)
        self.model.addSeparator()
        entry = QAction("Open a folder...", self.model)
        entry.triggered.connect(self.open_model)
        self.model.addAction(entry)

    def _fill_engines(self) -> None:
        choices = [("auto", "Best for this machine"), *((name, name) for name in ENGINES)]
        _fill(self.engine, choices, self._settings.engine, self._choose_engine)

    def _fill_people(self) -> None:
        choices = [(number, f"Up to {number}" if number > 1 else "One") for number in range(1, MOST_PEOPLE + 1)]
        _fill(self.people, choices, self._settings.people, self._choose_people)

    def _fill_thresholds(self) -> None:
        own = f" ({100 * self._about.model.decision.enter:.0f} %)" if self._about is not None else ""
        choices: list[tuple[float | None, str]] = [(None, f"Default of the model{own}")]
        choices += [(value, f"{100 * value:.0f} %") for value in _THRESHOLDS]
        chosen = self._settings.threshold
        if chosen is not None and chosen not in _THRESHOLDS:
            choices.append((chosen, f"{100 * chosen:.0f} %"))
        _fill(self.threshold, choices, chosen, self._choose_threshold)


def _submenu(menu: QMenu, title: str, fill: Callable[[], None]) -> QMenu:
    """Add a menu that `fill` fills every time it is opened."""
    made = QMenu(title, menu)
    made.aboutToShow.connect(fill)
    menu.addMenu(made)
    return made


def _fill(menu: QMenu, choices: Iterable[tuple[T, str]], chosen: T, choose: Callable[[T], None]) -> None:
    """Replace the entries of the menu by one choice of several, (value, text)."""
    menu.clear()
    group = QActionGroup(menu)
    for value, text in choices:
        entry = QAction(text, menu)
        entry.setCheckable(True)
        entry.setChecked(value == chosen)
        entry.triggered.connect(partial(_call, choose, value))
        menu.addAction(entry)
        group.addAction(entry)


def _call(choose: Callable[[T], None], value: T, _checked: bool = False) -> None:
    choose(value)


def _short(source: str) -> str:
    """The name of a file or folder, or an address, shortened to fit into a menu."""
    text = source if "://" in source else Path(source).name or source
    return text if len(text) <= 48 else f"{text[:22]}...{text[-23:]}"
