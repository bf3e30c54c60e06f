"""The options of the View menu: attention, skeletons, mirror and theme."""

from __future__ import annotations

from dataclasses import replace

from PyQt5.QtCore import QObject, pyqtSignal

from live_stf.live.session import About
from live_stf.ui import theme
from live_stf.ui.actions import Action
from live_stf.ui.attention_panel import BODY
from live_stf.ui.live_view import LiveView
from live_stf.ui.preferences import Preferences
from live_stf.ui.qt import application


class ViewOptions(QObject):
    """Changes how `view` looks and remembers it in `preferences`. `changed` is emitted after every change."""

    changed = pyqtSignal()

    def __init__(self, view: LiveView, preferences: Preferences) -> None:
        super().__init__(view)
        self._view, self._preferences = view, preferences
        view.attention_view_chosen.connect(self._remember_attention_view)

    @property
    def actions(self) -> tuple[Action, ...]:
        """In the order of the menu."""
        return (
            Action("toggle_attention", "View", "Attention", "show or hide the attention", self.toggle_attention, True),
            Action(
                "next_attention_view", "View", "Attention as a matrix", "attention as a figure or a matrix",
                self.next_attention_view, True,
            ),
            Action("toggle_skeletons", "View", "Skeletons", "show or hide the skeletons", self.toggle_skeletons, True),
            Action("toggle_mirror", "View", "Mirror", "mirror the picture", self.toggle_mirror, True),
            Action("toggle_theme", "View", "Light or dark", "switch between light and dark", self.toggle_theme),
        )  # fmt: skip

    @property
    def checked(self) -> dict[str, bool]:
        """Which of the checkable actions are on."""
        overlay, attention = self._view.picture.overlay, self._view.side.attention
        return {
            "toggle_attention": attention is not None and not attention.isHidden(),
            "next_attention_view": attention is not None and attention.view != BODY,
            "toggle_skeletons": overlay.skeletons,
            "toggle_mirror": overlay.mirrored,
        }

    def replace_attention(self, about: About) -> None:
        """Replace the attention panel by one for another network, as the user had the one before."""
        visible = self._preferences.flag("attention", True)
        self._view.replace_attention(about, self._preferences.attention_view, visible)
        self.changed.emit()

    def toggle_attention(self) -> None:
        """Show or hide the attention panel; without effect for a network that reports no attention."""
        attention = self._view.side.attention
        if attention is not None:
            visible = attention.isHidden()
            attention.setVisible(visible)
            self._preferences.set_flag("attention", visible)
        self.changed.emit()

    def next_attention_view(self) -> None:
        """Go from the figure to the matrix of parts, the matrix of joints and back."""
        view = self._view.next_attention_view()
        if view is not None:
            self._remember_attention_view(view)

    def _remember_attention_view(self, view: int) -> None:
        self._preferences.attention_view = view
        self.changed.emit()

    def toggle_skeletons(self) -> None:
        """Show or hide the skeletons on the picture."""
        overlay = self._view.picture.overlay
        self._view.picture.set_overlay(replace(overlay, skeletons=not overlay.skeletons))
        self._preferences.set_flag("skeletons", not overlay.skeletons)
        self.changed.emit()

    def toggle_mirror(self) -> None:
        """Show the picture as in a mirror or as others see it. The recognition does not change."""
        mirrored = not self._view.picture.overlay.mirrored
        self.set_mirrored(mirrored)
        self._preferences.set_flag("mirrored", mirrored)

    def set_mirrored(self, mirrored: bool) -> None:
        """Mirror the picture or not, for this run only."""
        self._view.set_mirrored(mirrored)
        self.changed.emit()

    def toggle_theme(self) -> None:
        """Switch between light and dark."""
        self.choose_theme(theme.LIGHT.name if theme.active() is theme.DARK else theme.DARK.name)

    def choose_theme(self, name: str) -> None:
        """Apply a theme by its name, or theme.SYSTEM."""
        self._preferences.theme = name
        theme.apply(application(), name)
        self.changed.emit()
