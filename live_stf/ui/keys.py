"""The keys of the window: the one place to give an action another key.

A key is written as Qt writes it ("Ctrl+O"); an action is named by its id, see `live_stf.ui.actions.Action`.
"""

from __future__ import annotations

from types import MappingProxyType

KEYS = MappingProxyType({
    "Ctrl+O": "open_file",
    "Ctrl+U": "open_address",
    "Space": "toggle_pause",
    "S": "save_picture",
    "R": "toggle_recording",
    "L": "choose_labels",
    "A": "toggle_attention",
    "X": "next_attention_view",
    "K": "toggle_skeletons",
    "M": "toggle_mirror",
    "T": "toggle_theme",
    "Tab": "next_person",
    "F": "toggle_full_screen",
    "H": "toggle_help",
    "Q": "quit",
    "Esc": "go_back",
})  # fmt: skip

SOURCE_KEYS = tuple("123456789")  # choose the first to the ninth source of the menu Source


def keys_of(action: str) -> list[str]:
    """The keys of the action with this id, in the order of `KEYS`."""
    return [key for key, other in KEYS.items() if other == action]
