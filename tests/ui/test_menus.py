"""What the menus offer, and what they ask for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PyQt5.QtCore import Qt

from live_stf.live.session import Settings
from live_stf.sources.cameras import Camera
from live_stf.ui import menus as menus_module
from live_stf.ui.keys import KEYS, keys_of
from live_stf.ui.menus import offered_sources


@pytest.fixture(autouse=True)
def plugged_in(monkeypatch):
    cameras = [Camera(0, "Laptop"), Camera(2, "Desk")]
    monkeypatch.setattr(menus_module, "cameras", lambda: cameras)
    return cameras


def words(menu):
    menu.aboutToShow.emit()
    return {action.text().replace("\t", " | "): action for action in menu.actions() if not action.isSeparator()}


def chosen(menu):
    return [text for text, action in words(menu).items() if action.isChecked()]


def test_cameras_come_before_recent_sources(preferences):
    preferences.remember(Settings(source="/clips/a.mp4"), Settings())
    assert offered_sources(preferences.recent_sources) == [("0", "Laptop"), ("2", "Desk"), ("/clips/a.mp4", "a.mp4")]


def test_a_number_chooses_the_source_that_the_menu_shows_beside_it(window, live, qtbot):
    assert list(words(window.menus.source))[:2] == ["Laptop | 1", "Desk | 2"]
    assert chosen(window.menus.source) == ["Laptop | 1"]
    qtbot.keyClick(window, Qt.Key_2)
    assert live.asked == [replace(live.settings, source="2")]
    qtbot.keyClick(window, Qt.Key_9)
    assert len(live.asked) == 1
    assert window.view.status.notice.startswith("There is no source 9")
    words(window.menus.source)["Laptop | 1"].trigger()
    assert live.asked[-1].source == "0"


def test_without_cameras_the_menu_says_so(window, plugged_in):
    plugged_in.clear()
    assert not words(window.menus.source)["No camera found"].isEnabled()


def test_a_choice_is_marked_and_remembered_once_it_runs(window, live, preferences, qtbot):
    words(window.menus.engine)["torch"].trigger()
    assert live.asked == [replace(live.settings, engine="torch")]
    assert preferences.settings({}).engine == "auto"  # it has not been opened yet
    live.settings = live.asked[-1]
    qtbot.waitUntil(lambda: preferences.settings({}).engine == "torch", timeout=60_000)
    assert chosen(window.menus.engine) == ["torch"]


def test_models_are_offered_by_name_and_by_folder(window, live, qtbot, tmp_path):
    assert chosen(window.menus.model) == ["everyday"]
    window.menus.open_model()
    assert window.menus.dialog.isVisible()
    window.menus.dialog.fileSelected.emit(str(tmp_path))
    window.menus.dialog.close()
    asked = live.asked[-1]
    assert (asked.model, asked.threshold, asked.listen) == (str(tmp_path), None, None)
    live.settings = asked
    qtbot.waitUntil(lambda: chosen(window.menus.model) == [tmp_path.name], timeout=60_000)
    words(window.menus.model)["everyday"].trigger()
    assert live.asked[-1].model == "everyday"


def test_people_and_thresholds_are_chosen(window, live):
    assert chosen(window.menus.people) == ["Up to 2"]
    words(window.menus.people)["Up to 4"].trigger()
    assert live.asked[-1].people == 4
    assert chosen(window.menus.threshold) == ["Default of the model (62 %)"]
    words(window.menus.threshold)["80 %"].trigger()
    assert live.asked[-1].threshold == 0.8
    live.settings = replace(live.settings, threshold=0.55)
    window._poll()
    assert chosen(window.menus.threshold) == ["55 %"]
    words(window.menus.threshold)["Default of the model (62 %)"].trigger()
    assert live.asked[-1].threshold is None


def test_l_opens_a_choice_of_labels_without_the_class_for_everything_else(window, live, about, qtbot):
    qtbot.keyClick(window, Qt.Key_L)
    dialog = window.menus.dialog
    items = dialog.items
    assert dialog.list.count() == len(items)
    assert set(items) == set(about.model.labels[:-1])
    assert dialog.chosen is None
    items["walk"].setCheckState(Qt.Unchecked)
    dialog.accept()
    assert live.asked[-1].listen == set(about.model.labels[:-1]) - {"walk"}
    live.settings = live.asked[-1]
    window._poll()
    qtbot.keyClick(window, Qt.Key_L)
    dialog = window.menus.dialog
    assert dialog.chosen == live.asked[-1].listen
    for name, state in (("None", frozenset()), ("All", None)):
        button = next(one for one in dialog.findChildren(menus_module.QWidget) if getattr(one, "text", str)() == name)
        qtbot.mouseClick(button, Qt.LeftButton)
        assert dialog.chosen == state
    count = len(live.asked)
    dialog.reject()
    assert len(live.asked) == count


def test_dialogs_for_files_and_addresses_do_not_stop_the_window(window, live, qtbot, tmp_path):
    qtbot.keyClick(window, Qt.Key_O, Qt.ControlModifier)
    assert window.menus.dialog.isVisible()
    window.menus.dialog.fileSelected.emit(str(tmp_path / "a.mp4"))
    window.menus.dialog.close()
    assert live.asked[-1].source == str(tmp_path / "a.mp4")
    qtbot.keyClick(window, Qt.Key_U, Qt.ControlModifier)
    window.menus.dialog.setTextValue("  rtsp://host/1 ")
    window.menus.dialog.accept()
    assert live.asked[-1].source == "rtsp://host/1"


def test_every_action_is_in_its_menu_with_its_key(window):
    in_menus = {}
    for top in window.menuBar().actions():
        for action in top.menu().actions():
            if not action.shortcut().isEmpty():
                in_menus[action.shortcut().toString()] = top.text()
    assert in_menus == {keys_of(action.id)[0]: action.menu for action in window.window_actions.actions if action.menu}


def test_every_key_starts_an_action(window):
    assert set(KEYS.values()) == {action.id for action in window.window_actions.actions}


def test_another_source_ends_a_recording(window, live, qtbot):
    qtbot.keyClick(window, Qt.Key_R)
    assert window.saver.recorder is not None
    window.change(replace(live.settings, engine="torch"))
    assert not window.saver.recorder._stop.is_set()
    qtbot.keyClick(window, Qt.Key_2)
    qtbot.waitUntil(lambda: window.saver.recorder is None, timeout=60_000)
    assert window.view.status.notice.startswith("Recorded ")
