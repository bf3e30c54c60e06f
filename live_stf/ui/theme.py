"""Colours and the style sheet of everything that is shown."""

from __future__ import annotations

from PyQt5 import QtGui

BACKGROUND = "#0f1216"
PANEL = "#171b21"
RAISED = "#20262e"
BORDER = "#2b323c"
TEXT = "#eceff3"
MUTED = "#9aa5b3"
FAINT = "#5d6876"
ACCENT = "#4cc2a8"
TRACK = "#232a33"
BAR = "#3d4a59"
OUTLINE = "#0b0d10"

# One a person. None is close to the blue, grey or yellow of the attention colours.
PERSONS = ("#4fd8bd", "#f783bd", "#b9a1ff", "#ff9466", "#8fdc5c", "#ff7a7a")


def person_colour(identity: int) -> QtGui.QColor:
    """The same colour for a person everywhere; identities start at 1, 0 is somebody who is not tracked."""
    return QtGui.QColor(PERSONS[(identity - 1) % len(PERSONS)] if identity > 0 else TEXT)
