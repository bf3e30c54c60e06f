"""Colours and the style sheet of everything that is shown."""

from __future__ import annotations

from PyQt5 import QtGui, QtWidgets

BACKGROUND = "#0f1216"
PANEL = "#171b21"
RAISED = "#20262e"
BORDER = "#2b323c"
TEXT = "#eceff3"
MUTED = "#9aa5b3"
FAINT = "#5d6876"
ACCENT_DARK = "#1f7d6b"
TRACK = "#232a33"
BAR = "#3d4a59"
OUTLINE = "#0b0d10"

# One a person. None is close to the blue, grey or yellow of the attention colours.
PERSONS = ("#4fd8bd", "#f783bd", "#b9a1ff", "#ff9466", "#8fdc5c", "#ff7a7a")


def person_colour(identity: int) -> QtGui.QColor:
    """The same colour for a person everywhere; identities start at 1, 0 is somebody who is not tracked."""
    return QtGui.QColor(PERSONS[(identity - 1) % len(PERSONS)] if identity > 0 else TEXT)


def apply(application: QtWidgets.QApplication) -> None:
    """Give every widget the dark look, whatever the desktop's own is."""
    application.setStyle("Fusion")
    colours = QtGui.QPalette()
    for role, colour in (
        (QtGui.QPalette.Window, BACKGROUND),
        (QtGui.QPalette.WindowText, TEXT),
        (QtGui.QPalette.Base, PANEL),
        (QtGui.QPalette.Text, TEXT),
        (QtGui.QPalette.Button, RAISED),
        (QtGui.QPalette.ButtonText, TEXT),
    ):
        colours.setColor(role, QtGui.QColor(colour))
    application.setPalette(colours)
    application.setStyleSheet(f"""
        QWidget#side {{ background: {PANEL}; border-left: 1px solid {BORDER}; }}
        QWidget#status {{ background: {PANEL}; border-top: 1px solid {BORDER}; }}
        QGraphicsView {{ background: transparent; border: none; }}
        QLabel {{ color: {TEXT}; font-size: 13px; }}
        QLabel#heading {{ font-size: 14px; font-weight: bold; }}
        QLabel#muted {{ color: {MUTED}; font-size: 12px; }}
        QPushButton {{ color: {MUTED}; background: {TRACK}; font-size: 12px;
                       border: none; border-radius: 4px; padding: 3px 10px; }}
        QPushButton:checked {{ color: {TEXT}; background: {BAR}; }}
        QPushButton:hover {{ color: {TEXT}; }}
    """)
