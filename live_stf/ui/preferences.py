"""The preferences of the user, kept between runs in a file of the user's configuration folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PyQt5.QtCore import QByteArray, QSettings

from live_stf.engine import ENGINES
from live_stf.live.session import Settings
from live_stf.ui import theme

MOST_PEOPLE = 4
_RECENT = 5  # sources, and model folders, that the menus offer again
_OF_A_MODEL = {"threshold", "listen"}
_REMEMBERED = {"source", "model", "engine", "people"} | _OF_A_MODEL


class Preferences:
    """Reads and writes one INI file; invalid values in it are ignored.

    file: by default `live-stf/live-stf.ini` in the user's configuration folder.
    """

    def __init__(self, file: Path | None = None) -> None:
        if file is None:
            self._store = QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "live-stf", "live-stf")
        else:
            self._store = QSettings(str(file), QSettings.Format.IniFormat)

    @property
    def file(self) -> Path:
        """Path of the file."""
        return Path(self._store.fileName())

    def forget(self) -> None:
        """Remove all preferences."""
        self._store.clear()
        self._store.sync()

    def settings(self, given: Mapping[str, Any]) -> Settings:
        """The default settings, overridden by the remembered ones, overridden by those `given` by name."""
        settings = Settings()
        if source := self._text("source"):
            settings = replace(settings, source=source)
        if model := self._text("model"):
            settings = replace(settings, model=model)
        if (engine := self._text("engine")) in ENGINES:
            settings = replace(settings, engine=engine)
        if (people := self._text("people")).isdigit() and 1 <= int(people) <= MOST_PEOPLE:
            settings = replace(settings, people=int(people))
        settings = replace(settings, **given)
        # A threshold and labels were chosen for one model.
        if self._text("decided_for") != settings.model:
            return settings
        if (threshold := _number(self._text("threshold"))) is not None and 0 < threshold <= 1:
            settings = replace(settings, threshold=threshold)
        if listen := self._list("listen"):
            settings = replace(settings, listen=frozenset(listen))
        return replace(settings, **given)

    def remember(self, settings: Settings, before: Settings) -> None:
        """Keep the settings that differ from `before`; a source with a password in its address is not kept."""
        changed = {name for name in _REMEMBERED if getattr(settings, name) != getattr(before, name)}
        if changed & _OF_A_MODEL:
            changed |= _OF_A_MODEL  # those of another model are replaced
            self._store.setValue("decided_for", settings.model)
        if _has_password(settings.source):
            changed.discard("source")
        for name in changed:
            value = getattr(settings, name)
            if value is None:
                self._store.remove(name)
            else:
                self._store.setValue(name, sorted(value) if isinstance(value, frozenset) else str(value))
        if settings.source != before.source and not settings.source.isdigit() and not _has_password(settings.source):
            self._add("recent_sources", settings.source)
        if settings.model != before.model and Path(settings.model).is_dir():
            self._add("recent_models", settings.model)

    @property
    def recent_sources(self) -> list[str]:
        """Files and addresses that were open, the newest first."""
        return self._list("recent_sources")

    @property
    def recent_models(self) -> list[str]:
        """Folders of models that were open, the newest first."""
        return self._list("recent_models")

    @property
    def theme(self) -> str:
        """Name of a theme, or theme.SYSTEM."""
        name = self._text("theme")
        return name if name in (*theme.THEMES, theme.SYSTEM) else theme.DARK.name

    @theme.setter
    def theme(self, name: str) -> None:
        self._store.setValue("theme", name)

    def flag(self, name: str, default: bool) -> bool:
        """An option that is on or off."""
        return {"true": True, "false": False}.get(self._text(name), default)

    def set_flag(self, name: str, value: bool) -> None:
        self._store.setValue(name, "true" if value else "false")

    @property
    def attention_view(self) -> int | None:
        """The view of the attention, see `AttentionPanel.choose`; None if none was chosen."""
        number = _number(self._text("attention_view"))
        return None if number is None else int(number)

    @attention_view.setter
    def attention_view(self, view: int) -> None:
        self._store.setValue("attention_view", str(view))

    @property
    def geometry(self) -> QByteArray:
        """Position and size of the window in Qt's format; empty if not known."""
        value = self._store.value("geometry")
        return value if isinstance(value, QByteArray) else QByteArray()

    @geometry.setter
    def geometry(self, value: QByteArray) -> None:
        self._store.setValue("geometry", value)

    def save(self) -> None:
        """Write everything to disk."""
        self._store.sync()

    def _text(self, name: str) -> str:
        value = self._store.value(name, "")
        return value if isinstance(value, str) else ""

    def _list(self, name: str) -> list[str]:
        value = self._store.value(name, [])
        return [value] if isinstance(value, str) and value else [str(one) for one in value or []]

    def _add(self, name: str, value: str) -> None:
        others = [one for one in self._list(name) if one != value]
        self._store.setValue(name, [value, *others][:_RECENT])


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _has_password(source: str) -> bool:
    try:
        return "://" in source and urlsplit(source).password is not None
    except ValueError:
        return True
