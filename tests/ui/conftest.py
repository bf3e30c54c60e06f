"""A person, their scores and a Qt application that needs no display."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import Qt

from live_stf.decision import DecisionSettings
from live_stf.live.session import About, Settings
from live_stf.model import Model
from live_stf.preparation import Preparation
from live_stf.skeleton import OPENPOSE_18
from live_stf.types import Event, Frame, People, Person, Rates, Scores, Snapshot, State
from live_stf.ui import live_window, theme
from live_stf.ui.live_window import LiveWindow
from live_stf.ui.preferences import Preferences
from live_stf.ui.qt import application as application_on_a_display
from live_stf.ui.qt import painting_application

ON_X = "LIVE_STF_TESTS_ON_X"  # as in tests/conftest.py
SIZE = (640, 360)
TIMEOUT_MS = 60_000  # far more than a busy machine needs
LABELS = ("walk", "sit_down", "squat", "drink", "wave", "jump", "none_of_these")

# Someone who stands upright before the camera, in units of body heights; x 0 is the middle, y 0 the neck.
_STANDING = {
    "nose": (0.0, -0.12), "neck": (0.0, 0.0), "right_shoulder": (-0.11, 0.0), "right_elbow": (-0.17, 0.17),
    "right_wrist": (-0.19, 0.33), "left_shoulder": (0.11, 0.0), "left_elbow": (0.17, 0.17), "left_wrist": (0.19, 0.33),
    "right_hip": (-0.07, 0.3), "right_knee": (-0.08, 0.54), "right_ankle": (-0.08, 0.78), "left_hip": (0.07, 0.3),
    "left_knee": (0.08, 0.54), "left_ankle": (0.08, 0.78), "right_eye": (-0.02, -0.14), "left_eye": (0.02, -0.14),
    "right_ear": (-0.045, -0.13), "left_ear": (0.045, -0.13),
}  # fmt: skip


@pytest.fixture(scope="session")
def qapp():
    """In place of pytest-qt's own: it has to be made where OpenCV's variables are out of the way."""
    return application_on_a_display() if ON_X in os.environ else painting_application()


@pytest.fixture(autouse=True)
def application(qapp):
    yield qapp
    theme.apply(qapp)


@pytest.fixture
def standing() -> Callable[..., Person]:
    """Makes a person with all joints seen: where the neck is and how tall they are, in pixels."""

    def make(x: float = 320, y: float = 90, height: float = 300, identity: int = 1) -> Person:
        places = np.array([_STANDING[joint] for joint in OPENPOSE_18.joints], np.float32) * height
        joints = np.concatenate([places + np.float32([x, y]), np.ones((len(places), 1), np.float32)], axis=1)
        return Person(joints, identity)

    return make


@pytest.fixture
def scores_of() -> Callable[..., Scores]:
    """Makes scores whose attention gives the named part a share of the whole, and the others the rest evenly."""

    def make(part: str = "torso", share: float = 0.5, identity: int = 1, best: str = "squat") -> Scores:
        attention = []
        for grain in OPENPOSE_18.use_grains(2):
            names = [one.name for one in grain.parts]
            row = np.full(len(names), (1 - share) / (len(names) - 1), np.float32)
            row[names.index(part) if part in names else 0] = share
            attention.append(np.tile(row, (len(OPENPOSE_18), 1)))
        probabilities = np.full(len(LABELS), 0.3 / (len(LABELS) - 1), np.float32)
        probabilities[LABELS.index(best)] = 0.7
        return Scores(identity, 1.0, probabilities, tuple(attention))

    return make


@pytest.fixture
def about() -> About:
    network = {"architecture": "stf-net", "skeleton": "openpose18", "grains": 2}
    decision = DecisionSettings(enter=0.62, none_label=LABELS[-1])
    model = Model(Path("nowhere"), "a model", LABELS, network, Preparation(), decision=decision)
    return About(model, "an engine", "a pose estimator", "clips/clip.mp4")


class FakeLive:
    """What a session is to the window. `given`: the last snapshot in it is shown; `asked`: the changes that came."""

    def __init__(self, about: About | None, snapshot: Snapshot) -> None:
        self.about, self.given, self.asked = about, [snapshot], []
        self.opening, self.engine, self.settings, self.said = "", "an engine (a reason)", Settings(), []

    def snapshot(self) -> Snapshot:
        return self.given[-1]

    def notices(self) -> list[str]:
        said, self.said = self.said, []
        return said

    def change(self, settings: Settings) -> None:
        self.asked.append(settings)


@pytest.fixture
def preferences(tmp_path) -> Preferences:
    return Preferences(tmp_path / "config" / "live-stf.ini")


@pytest.fixture
def live(about, snapshot) -> FakeLive:
    return FakeLive(about, snapshot)


@pytest.fixture
def open_window(qtbot, preferences, live, tmp_path, monkeypatch) -> Callable[..., LiveWindow]:
    """Opens a window on `live`, or on what is given; pictures go to tmp_path / "out"."""
    folder = tmp_path / "out"
    folder.mkdir()
    monkeypatch.setattr(live_window, "_NOTICE", 3600.0)  # no notice ends while a test waits

    def make(on: FakeLive = live) -> LiveWindow:
        window = LiveWindow(on, preferences, folder)
        qtbot.addWidget(window)
        with qtbot.waitActive(window, timeout=TIMEOUT_MS):  # keys are for the window that is active
            window.show()
            window.activateWindow()
        qtbot.waitUntil(lambda: bool(window.view.side.bars.best) or not on.snapshot().scores, timeout=TIMEOUT_MS)
        return window

    return make


@pytest.fixture
def window(open_window) -> LiveWindow:
    return open_window()


@pytest.fixture
def snapshot(standing, scores_of) -> Snapshot:
    """Two persons: one who squats, one who was only just seen."""
    image = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    return Snapshot(
        frame=Frame(image, 1.0, 30),
        people=People(1.0, SIZE, (standing(200), standing(450, identity=2))),
        events={
            1: Event(1, 1.0, State.LABEL, "squat", 0.7),
            2: Event(2, 1.0, State.FILLING, filled=0.2),
        },
        scores={1: scores_of()},
        rates=Rates(30.0, 28.0, 10.0, 0.043, 3),
    )


@pytest.fixture
def wait(qtbot) -> Callable[[Callable[[], object]], None]:
    """Waits until a condition holds."""
    return lambda condition: qtbot.waitUntil(lambda: bool(condition()), timeout=60_000)


@pytest.fixture
def press(qtbot, window) -> Callable[..., None]:
    """Presses a key in the window."""
    return lambda key, modifier=Qt.NoModifier: qtbot.keyClick(window, key, modifier)
