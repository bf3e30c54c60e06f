"""What the window's own widgets have in common."""

from __future__ import annotations

from PyQt5.QtWidgets import QWidget


class ScaledWidget(QWidget):
    """Paints with type and lengths that are `_scale` times as large as usual."""

    def __init__(self) -> None:
        super().__init__()
        self._scale = 1.0

    def set_scale(self, scale: float) -> None:
        """Larger or smaller type, and what belongs to it."""
        if scale != self._scale:
            self._scale = scale
            self.updateGeometry()
            self.update()
