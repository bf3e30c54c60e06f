"""The base class of widgets that paint themselves at a variable scale."""

from __future__ import annotations

from PyQt5.QtWidgets import QWidget


class ScaledWidget(QWidget):
    """A widget whose type and lengths are `_scale` times their usual size."""

    def __init__(self) -> None:
        super().__init__()
        self._scale = 1.0

    def set_scale(self, scale: float) -> None:
        """Set the scale, 1 for the usual size."""
        if scale != self._scale:
            self._scale = scale
            self.updateGeometry()
            self.update()
