"""What keys and menus do, as actions of the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PyQt5.QtCore import QObject, pyqtSignal
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QAction, QActionGroup, QMainWindow, QMenu

from live_stf.ui import theme

_MENUS = ("File", "Source", "Recognition", "View", "Help")


@dataclass(frozen=True)
class Command:
    """Something a key and a menu do. words: in the menu; more: in the list of keys, where that says more."""

    key: str
    menu: str
    words: str
    do: Callable[[], object]
    more: str = ""


class Switch(Command):
    """A command for what is on or off, which the menu shows."""


class CommandActions:
    """Puts commands into the menu bar of `window`. [key] is a command's action."""

    def __init__(self, window: QMainWindow, commands: Sequence[Command]) -> None:
        bar = window.menuBar()
        self.menus: dict[str, QMenu] = {title: bar.addMenu(title) for title in _MENUS}
        self._actions: dict[str, QAction] = {}
        for command in commands:
            action = QAction(command.words, window)
            action.setShortcut(QKeySequence(command.key))
            action.setCheckable(isinstance(command, Switch))
            action.triggered.connect(command.do)
            self.menus[command.menu].addAction(action)
            window.addAction(action)  # so that its key works while the menu bar is hidden
            self._actions[command.key] = action

    def __getitem__(self, key: str) -> QAction:
        return self._actions[key]


class ThemeMenu(QObject):
    """One theme out of several. `chosen` is sent with its name, or theme.SYSTEM."""

    chosen = pyqtSignal(str)

    def __init__(self, menu: QMenu) -> None:
        super().__init__(menu)
        self._themes = QActionGroup(menu)
        for name in (*theme.THEMES, theme.SYSTEM):
            action = menu.addAction("As the desktop" if name == theme.SYSTEM else name.capitalize())
            action.setData(name)
            action.setCheckable(True)
            self._themes.addAction(action)
        self._themes.triggered.connect(self._send)

    def mark(self, name: str) -> None:
        """Show this one as chosen."""
        for action in self._themes.actions():
            action.setChecked(action.data() == name)

    def _send(self, action: QAction) -> None:
        self.chosen.emit(action.data())
