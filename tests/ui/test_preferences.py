"""What is remembered, and what is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from live_stf.live.session import Settings
from live_stf.ui.preferences import Preferences

CHOSEN = Settings(
    source="rtsp://host/1", model="other", engine="torch", people=3, threshold=0.7, listen=frozenset({"walk", "wave"})
)


def again(preferences: Preferences) -> Preferences:
    preferences.save()
    return Preferences(preferences.file)


def test_choices_are_kept_for_the_next_run(preferences):
    assert preferences.settings({}) == Settings()
    preferences.remember(CHOSEN, Settings())
    later = again(preferences)
    assert later.settings({}) == CHOSEN
    assert later.recent_sources == ["rtsp://host/1"]


def test_the_command_line_overrides_preferences_and_is_not_remembered(preferences):
    preferences.remember(CHOSEN, Settings())
    given = {"source": "0", "threshold": 0.2}
    assert again(preferences).settings(given) == replace(CHOSEN, **given)
    assert again(preferences).settings({}) == CHOSEN


def test_only_changes_in_the_window_are_remembered(preferences):
    """A source that the command line gave stays out of it when the engine is changed."""
    before = Settings(source="clip.mp4")
    preferences.remember(replace(before, engine="torch"), before)
    assert again(preferences).settings({}) == Settings(engine="torch")


def test_threshold_and_labels_apply_only_to_their_model(preferences):
    preferences.remember(CHOSEN, Settings())
    settings = again(preferences).settings({"model": "everyday"})
    assert (settings.threshold, settings.listen) == (None, None)


def test_a_threshold_for_another_model_removes_the_labels_of_the_last_one(preferences):
    preferences.remember(CHOSEN, Settings())
    here = Settings(model="everyday")
    preferences.remember(replace(here, threshold=0.5), here)
    settings = again(preferences).settings({"model": "everyday"})
    assert (settings.threshold, settings.listen) == (0.5, None)


def test_all_labels_and_the_models_own_threshold_are_remembered_too(preferences):
    preferences.remember(CHOSEN, Settings())
    preferences.remember(replace(CHOSEN, threshold=None, listen=None), CHOSEN)
    settings = again(preferences).settings({})
    assert (settings.threshold, settings.listen) == (None, None)


def test_a_single_label_stays_a_label(preferences):
    preferences.remember(replace(Settings(), listen=frozenset({"wave"})), Settings())
    assert again(preferences).settings({}).listen == frozenset({"wave"})


@pytest.mark.parametrize("source", ["rtsp://me:secret@host/1", "http://me:@host/"])
def test_passwords_are_not_kept(preferences, source):
    preferences.remember(Settings(source=source), Settings())
    later = again(preferences)
    assert later.settings({}).source == "0"
    assert later.recent_sources == []
    assert not later.file.exists() or "secret" not in later.file.read_text()


def test_recent_sources_are_unique_and_newest_first(preferences, tmp_path):
    before = Settings()
    for number in (1, 2, 3, 4, 5, 6, 2):
        after = replace(before, source=f"clip {number}.mp4")
        preferences.remember(after, before)
        before = after
    assert again(preferences).recent_sources == [f"clip {number}.mp4" for number in (2, 6, 5, 4, 3)]
    preferences.remember(replace(before, model=str(tmp_path)), before)
    assert again(preferences).recent_models == [str(tmp_path)]


@pytest.mark.parametrize(
    "text",
    [
        "engine=abacus\npeople=many\nthreshold=7\ndecided_for=everyday\ntheme=pink\ngeometry=3\nattention_view=x",
        "people=99\nthreshold=nan\ndecided_for=everyday\nlisten=\nsource=\nskeletons=perhaps",
        "\x00\x01 not an ini file [",
    ],
)
def test_a_damaged_file_is_ignored(preferences, text):
    preferences.file.parent.mkdir(parents=True)
    preferences.file.write_text("[General]\n" + text)
    later = Preferences(preferences.file)
    assert later.settings({}) == Settings()
    assert later.theme == "dark"
    assert later.attention_view is None
    assert later.geometry.isEmpty()
    assert later.flag("skeletons", True)


def test_forgetting_restores_the_defaults(preferences):
    preferences.remember(CHOSEN, Settings())
    preferences.theme = "light"
    preferences.set_flag("mirrored", True)
    preferences.attention_view = 1
    preferences = again(preferences)
    assert (preferences.theme, preferences.flag("mirrored", False), preferences.attention_view) == ("light", True, 1)
    preferences.forget()
    later = again(preferences)
    assert later.settings({}) == Settings()
    assert (later.theme, later.flag("mirrored", False), later.attention_view) == ("dark", False, None)
    assert later.recent_sources == []


def test_the_file_is_in_the_users_configuration_folder(monkeypatch, tmp_path):
    from PyQt5.QtCore import QSettings

    QSettings.setPath(QSettings.IniFormat, QSettings.UserScope, str(tmp_path))
    assert Preferences().file == tmp_path / "live-stf" / "live-stf.ini"
