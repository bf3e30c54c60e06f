"""The window with a real session behind it: what a user changes while it runs."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from live_stf.errors import SourceError
from live_stf.live import session as session_module
from live_stf.live.session import Session, Settings
from live_stf.sources.reconnect import ReconnectingSource
from live_stf.types import Frame, People
from live_stf.ui.live_window import LiveWindow


@pytest.fixture
def settings(small_models):
    return Settings(source=str(small_models / "long.jsonl"), model=str(small_models / "one"), engine="torch")


@pytest.fixture
def open_live(qtbot, preferences, tmp_path):
    sessions = []

    def make(settings):
        session = Session(settings).start()
        sessions.append(session)
        window = LiveWindow(session, preferences, tmp_path)
        qtbot.addWidget(window)
        window.show()
        return window

    yield make
    for session in sessions:
        session.close()


def words(menu):
    menu.aboutToShow.emit()
    return {action.text(): action for action in menu.actions()}


def test_model_and_source_are_changed_while_it_runs(open_live, settings, small_models, preferences, qtbot):
    def wait(condition):
        qtbot.waitUntil(lambda: bool(condition()), timeout=60_000)

    window = open_live(settings)
    assert window.view.picture.isVisible()  # before anything is open
    wait(lambda: window.view.side.bars.best)
    assert len(window.view.side.bars.best) == 3
    window.menus._choose_model(str(small_models / "two"))
    wait(lambda: len(window.view.side.bars.best) == 4)
    assert preferences.settings({}).model == str(small_models / "two")
    assert words(window.menus.model)["two"].isChecked()
    window.menus._choose_source(str(small_models / "missing.mp4"))
    wait(lambda: "no such file; " in window.view.status.notice)
    assert "\n" not in window.view.status.notice
    assert window.windowTitle() == "long.jsonl - live-stf"
    assert preferences.recent_sources == []
    shown = window._shown.frame.index
    wait(lambda: window._shown.frame.index > shown)
    window.menus._choose_source(str(small_models / "short.jsonl"))
    wait(lambda: window.windowTitle() == "short.jsonl - live-stf")
    wait(lambda: window._shown.finished)
    assert "has ended" in window._shown.message
    assert preferences.recent_sources == [str(small_models / "short.jsonl")]
    window.menus._choose_source(str(small_models / "short.jsonl"))  # once more
    wait(lambda: not window._shown.finished)


class Camera:
    """Noise, 30 pictures a second, for as long as `seconds`; then the cable is out."""

    name, fps, size, live, duration, trouble = "camera 0", 30.0, (64, 48), True, None, ""

    def __init__(self, seconds):
        self.fault = None
        self._until = time.monotonic() + seconds
        self._noise = np.random.default_rng(0)
        self._index = 0

    def read(self):
        time.sleep(1 / 30)
        if time.monotonic() > self._until:
            self.fault = "camera 0 gives no more frames"
            return None
        self._index += 1
        return Frame(self._noise.integers(0, 255, (48, 64, 3), dtype=np.uint8), time.monotonic(), self._index)

    def cancel(self):
        pass

    def close(self):
        pass


def test_a_lost_source_is_reported_and_returns(open_live, settings, qtbot, monkeypatch):
    openings = iter([SourceError("camera 0 is not there")])

    def open_again():
        last = next(openings, None)
        if isinstance(last, SourceError):
            raise last
        return last or Camera(3600)

    monkeypatch.setattr(session_module, "open_reconnecting", lambda *_: ReconnectingSource(Camera(1.5), open_again))
    monkeypatch.setattr(session_module.estimators, "open_pose", lambda *_, **__: Nobody())
    window = open_live(replace(settings, source="0"))
    told = []

    def seen(part):
        if window._shown.message:
            told.append(window._shown.message)
        return any(part in message for message in told)

    qtbot.waitUntil(lambda: seen("camera 0 gives no more frames; trying again"), timeout=60_000)
    qtbot.waitUntil(lambda: seen("camera 0 is not there; trying again"), timeout=60_000)
    index = window._shown.frame.index
    qtbot.waitUntil(lambda: window._shown.frame.index > index + 5 and window._shown.message == "", timeout=60_000)


class Nobody:
    """Finds nobody."""

    name = "nobody"

    def detect(self, frame):
        return People(frame.time, frame.size)

    def close(self):
        pass
