"""The actions of the window and their entries in the menus.

To add an action: write a method of `live_stf.ui.live_window.LiveWindow`, add an `Action` for it to
`LiveWindow._make_actions`, and give it a key in `live_stf.ui.keys`. The View menu has its own in
`live_stf.ui.view_options.ViewOptions`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PyQt5.QtCore import QObject, pyqtSignal
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QAction, QActionGroup, QMainWindow, QMenu, QMenuBar

from live_stf.ui import theme
from live_stf.ui.keys import SOURCE_KEYS, keys_of

MENUS = ("File", "Source", "Recognition", "View", "Help")


@dataclass(frozen=True)
class Action:
    """Something that a user can do in the window.

    id: unique name, to which `live_stf.ui.keys.KEYS` maps keys. menu: title of its menu; empty for an action without an
    entry. text: of the entry. help: in the list of keys. checkable: whether the entry shows if the action is on or off.
    """

    id: str
    menu: str
    text: str
    help: str
    run: Callable[[], None]
    checkable: bool = False


class WindowActions:
    """Adds actions to the menu bar of `window`, with their keys. [id] is the QAction of an action.

    `actions` are those given, `menus` the menus by title, `bar` the menu bar.
    """

    def __init__(self, window: QMainWindow, actions: Sequence[Action]) -> None:
        self.actions = tuple(actions)
        self.bar = QMenuBar(window)
        window.setMenuBar(self.bar)
        self.menus = {title: QMenu(title, self.bar) for title in MENUS}
        for menu in self.menus.values():
            self.bar.addMenu(menu)
        self._entries: dict[str, QAction] = {}
        for action in actions:
            entry = QAction(action.text, window)
            entry.setShortcuts([QKeySequence(key) for key in keys_of(action.id)])
            entry.setCheckable(action.checkable)
            entry.triggered.connect(action.run)
            if action.menu:
                self.menus[action.menu].addAction(entry)
            window.addAction(entry)  # so that its key works while the menu bar is hidden
            self._entries[action.id] = entry

    def __getitem__(self, identifier: str) -> QAction:
        return self._entries[identifier]


def help_rows(actions: Sequence[Action]) -> list[tuple[str, str]]:
    """(keys, what they do) of all actions in a menu, in this order, after the keys of the sources."""
    rows = [(f"{SOURCE_KEYS[0]}-{SOURCE_KEYS[-1]}", "choose a source from the Source menu")]
    for action in actions:
        if action.menu:
            # Esc goes back step by step; the last step quits.
            keys = [*keys_of(action.id), *(keys_of("go_back") if action.id == "quit" else ())]
            rows.append((", ".join(keys), action.help))
    return rows


class ThemeMenu(QObject):
    """A menu with one choice of several themes. `chosen` is emitted with the name of a theme, or theme.SYSTEM."""

    chosen = pyqtSignal(str)

    def __init__(self, menu: QMenu) -> None:
        super().__init__(menu)
        self._themes = QActionGroup(menu)
        for name in (*theme.THEMES, theme.SYSTEM):
            entry = QAction("Same as the desktop" if name == theme.SYSTEM else name.capitalize(), menu)
            entry.setData(name)
            entry.setCheckable(True)
            menu.addAction(entry)
            self._themes.addAction(entry)
        self._themes.triggered.connect(self._emit)

    def mark(self, name: str) -> None:
        """Mark this theme as chosen."""
        for entry in self._themes.actions():
            entry.setChecked(entry.data() == name)

    def _emit(self, entry: QAction) -> None:
        self.chosen.emit(entry.data())
