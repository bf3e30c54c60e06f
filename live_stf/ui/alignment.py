"""Short names for the alignments of text, as flags for `QPainter.drawText`."""

from __future__ import annotations

from PyQt5.QtCore import Qt

# Vertically centred in all of them.
LEFT = int(Qt.AlignmentFlag.AlignVCenter) | int(Qt.AlignmentFlag.AlignLeft)
RIGHT = int(Qt.AlignmentFlag.AlignVCenter) | int(Qt.AlignmentFlag.AlignRight)
CENTRE = int(Qt.AlignmentFlag.AlignCenter)
UNCLIPPED = int(Qt.TextFlag.TextDontClip)  # added to one of the others
