"""The light and the dark theme, and the style sheet of the window."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt5 import QtGui, QtWidgets


@dataclass(frozen=True)
class Theme:
    """Colours as #rrggbb.

    raised: of things that stand out from a panel. track: of the area that a bar fills. accent: of the decided label.
    """

    name: str
    background: str
    panel: str
    raised: str
    border: str
    text: str
    muted: str
    faint: str
    accent: str
    track: str
    bar: str


DARK = Theme(
    name="dark",
    background="#0f1216",
    panel="#171b21",
    raised="#20262e",
    border="#2b323c",
    text="#eceff3",
    muted="#9aa5b3",
    faint="#5d6876",
    accent="#1f7d6b",
    track="#232a33",
    bar="#3d4a59",
)
LIGHT = Theme(
    name="light",
    background="#dfe3e8",
    panel="#f6f7f9",
    raised="#ffffff",
    border="#cfd5dc",
    text="#171b21",
    muted="#535e6b",
    faint="#8d98a5",
    accent="#7fd6c3",
    track="#e3e7ec",
    bar="#bcc7d3",
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT)}
SYSTEM = "system"  # the theme closer to that of the desktop

# Text on the picture has a dark background in both themes.
OUTLINE = "#0b0d10"

# One per person, light enough for dark digits. None is close to the blue, grey or yellow of the attention colours.
PERSONS = ("#4fd8bd", "#f783bd", "#b9a1ff", "#ff9466", "#8fdc5c", "#ff7a7a")

_active = DARK
_desktop_is_dark: bool | None = None


def active() -> Theme:
    """The current theme."""
    return _active


def person_colour(identity: int) -> QtGui.QColor:
    """The colour of a person. Identities start at 1; 0 is a person who is not tracked."""
    return QtGui.QColor(PERSONS[(identity - 1) % len(PERSONS)] if identity > 0 else DARK.text)


def apply(application: QtWidgets.QApplication, choice: str = DARK.name) -> None:
    """Apply a theme, by its name or SYSTEM, to every widget."""
    global _active, _desktop_is_dark
    if _desktop_is_dark is None:  # read only once: afterwards the palette is that of a theme
        _desktop_is_dark = application.palette().color(QtGui.QPalette.ColorRole.Window).lightness() < 128
    _active = THEMES.get(choice) or (DARK if _desktop_is_dark else LIGHT)
    look = _active
    application.setStyle("Fusion")
    colours = QtGui.QPalette()
    for role, colour in (
        (QtGui.QPalette.ColorRole.Window, look.background),
        (QtGui.QPalette.ColorRole.WindowText, look.text),
        (QtGui.QPalette.ColorRole.Base, look.panel),
        (QtGui.QPalette.ColorRole.AlternateBase, look.raised),
        (QtGui.QPalette.ColorRole.Text, look.text),
        (QtGui.QPalette.ColorRole.Button, look.raised),
        (QtGui.QPalette.ColorRole.ButtonText, look.text),
        (QtGui.QPalette.ColorRole.ToolTipBase, look.raised),
        (QtGui.QPalette.ColorRole.ToolTipText, look.text),
        (QtGui.QPalette.ColorRole.Highlight, look.accent),
        (QtGui.QPalette.ColorRole.HighlightedText, look.text),
    ):
        colours.setColor(role, QtGui.QColor(colour))
    for role in (
        QtGui.QPalette.ColorRole.Text,
        QtGui.QPalette.ColorRole.WindowText,
        QtGui.QPalette.ColorRole.ButtonText,
    ):
        colours.setColor(QtGui.QPalette.ColorGroup.Disabled, role, QtGui.QColor(look.faint))
    application.setPalette(colours)
    application.setStyleSheet(f"""
        QWidget#side {{ background: {look.panel}; border-left: 1px solid {look.border}; }}
        QGraphicsView {{ background: transparent; border: none; }}
        QMenuBar {{ background: {look.panel}; color: {look.text}; border-bottom: 1px solid {look.border}; }}
        QMenuBar::item {{ padding: 4px 10px; background: transparent; }}
        QMenuBar::item:selected {{ background: {look.track}; border-radius: 4px; }}
        QMenu {{ background: {look.raised}; color: {look.text}; border: 1px solid {look.border}; padding: 4px; }}
        QMenu::item {{ padding: 5px 28px 5px 26px; border-radius: 4px; }}
        QMenu::item:selected {{ background: {look.accent}; }}
        QMenu::item:disabled {{ color: {look.faint}; }}
        QMenu::separator {{ height: 1px; background: {look.border}; margin: 4px 8px; }}
        QPushButton[switch="true"] {{ color: {look.muted}; background: {look.track};
                                      border: none; border-radius: 4px; padding: 3px 10px; }}
        QPushButton[switch="true"]:checked {{ color: {look.text}; background: {look.bar}; }}
        QPushButton[switch="true"]:hover {{ color: {look.text}; }}
    """)
