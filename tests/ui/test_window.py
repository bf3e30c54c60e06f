"""The window: what it shows, and what its keys do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PyQt5.QtCore import QPoint, Qt
from PyQt5.QtWidgets import QApplication

from live_stf.skeleton import OPENPOSE_18
from live_stf.types import Event, Rates, Snapshot, State
from live_stf.ui import theme
from live_stf.ui.attention_panel import BODY
from live_stf.ui.keys import KEYS
from live_stf.ui.live_view import type_scale


def picture(window):
    """What the picture shows, the newest of it."""
    window.view.picture.settle()
    return window.view.picture.grab().toImage()


def out(tmp_path, pattern):
    return sorted((tmp_path / "out").glob(pattern))


def test_the_window_polls_snapshots(window, live, wait, scores_of):
    assert window.view.side.bars.best[0] == ("squat", pytest.approx(0.7))
    live.given.append(replace(live.given[-1], scores={1: scores_of(best="walk")}))
    wait(lambda: window.view.side.bars.best[0][0] == "walk")


def test_the_first_person_is_shown_until_another_is_chosen_or_leaves(window, live, wait, press, scores_of):
    scores = {1: scores_of(best="squat"), 2: scores_of(best="wave", identity=2)}
    live.given.append(replace(live.given[-1], scores=scores))
    wait(lambda: window._shown is live.given[-1])
    assert window.view.side.bars.best[0][0] == "squat"
    press(Qt.Key_Tab)
    assert window.view.side.bars.best[0][0] == "wave"
    press(Qt.Key_Tab)
    assert window.view.side.bars.best[0][0] == "squat"
    window.select(2)
    assert window.view.side.bars.best[0][0] == "wave"
    only_one = {1: live.given[-1].events[1]}
    live.given.append(replace(live.given[-1], events=only_one, scores={1: scores[1]}))
    wait(lambda: window.view.side.bars.best[0][0] == "squat")


def test_space_pauses_the_display(window, live, wait, press, scores_of):
    press(Qt.Key_Space)
    live.given.append(replace(live.given[-1], scores={1: scores_of(best="walk")}))
    window._poll()
    assert window.view.side.bars.best[0][0] == "squat"
    press(Qt.Key_Space)
    wait(lambda: window.view.side.bars.best[0][0] == "walk")


def test_a_hides_the_attention_and_the_next_window_remembers(window, press, open_window):
    assert window.view.side.attention.isVisible()
    press(Qt.Key_A)
    assert not window.view.side.attention.isVisible()
    press(Qt.Key_A)
    assert window.view.side.attention.isVisible()
    press(Qt.Key_A)
    assert not open_window().view.side.attention.isVisible()


def test_x_goes_through_the_views_of_the_attention_and_the_next_window_remembers(window, press, open_window):
    assert window.view.side.attention.view == BODY
    assert window.view.side.attention.body.isVisible()
    seen = []
    for _ in range(3):
        press(Qt.Key_X)
        seen.append(window.view.side.attention.view)
        assert window.view.side.attention.matrix.isVisible() == (window.view.side.attention.view != BODY)
    assert seen == [1, 0, BODY]
    for remembered in (1, 0):
        press(Qt.Key_X)
        assert open_window().view.side.attention.view == remembered
        window.activateWindow()


def test_a_network_without_attention_has_no_panel_for_it(open_window, live, about, qtbot):
    scores = {1: replace(live.given[-1].scores[1], attention=())}
    without = replace(about, model=replace(about.model, network={}))
    live.about, live.given = without, [replace(live.given[-1], scores=scores)]
    window = open_window()
    for key in (Qt.Key_A, Qt.Key_X):
        qtbot.keyClick(window, key)
    assert window.view.side.attention is None
    assert not window.window_actions["toggle_attention"].isEnabled()


@pytest.mark.parametrize("key", [Qt.Key_Q, Qt.Key_Escape])
def test_keys_close_the_window(window, press, key):
    press(key)
    assert not window.isVisible()


def test_rates_are_kept_from_before_the_end(window, live, wait):
    wait(lambda: window.rates.pose == 28.0)
    live.given.append(replace(live.given[-1], rates=Rates(), message="clip.mp4 has ended", finished=True))
    wait(lambda: window._shown is live.given[-1])
    assert window.rates.pose == 28.0


def test_every_kind_of_snapshot_can_be_shown_at_every_size(window, live, wait):
    full = live.given[0]
    crowd = {identity: Event(identity, 0.0, State.UNSURE, None, 0.3) for identity in range(1, 9)}
    kinds = [
        full,
        Snapshot(),
        Snapshot(message="missing.mp4: no such file"),
        Snapshot(frame=full.frame),
        replace(full, people=replace(full.people, persons=()), events={}, scores={}),
        replace(full, events=crowd),
        replace(full, message="a " * 200, finished=True),
        replace(full, scores={1: replace(full.scores[1], probabilities=np.float32([1, 0, 0, 0, 0, 0, 0]))}),
    ]
    for width, height in ((720, 460), (900, 600), (1280, 720), (1920, 1080)):
        window.resize(width, height)
        for kind in kinds:
            live.given.append(kind)
            wait(lambda: window._shown is live.given[-1])
            shown = window.grab()
            assert (shown.width(), shown.height()) == (width, height)
            assert window.view.status.geometry().bottom() < height
            side = window.view.side.attention.parentWidget()
            assert window.view.side.attention.geometry().bottom() <= side.height()
            assert window.view.side.bars.geometry().bottom() < window.view.side.attention.geometry().top()
            assert window.view.side.persons.geometry().bottom() < window.view.side.bars.geometry().top()


def test_k_hides_and_shows_the_skeletons(window, press):
    before = picture(window)
    press(Qt.Key_K)
    without = picture(window)
    assert without != before
    press(Qt.Key_K)
    assert picture(window) == before


def test_m_mirrors_the_view_but_not_the_recognition(window, live, press, wait):
    area = window.view.picture.picture_area
    live.given.append(replace(live.given[-1], events={}))
    wait(lambda: window._shown is live.given[-1])
    scale = area.width() / 640
    knee = live.given[-1].people.persons[0].joints[OPENPOSE_18.index("left_knee")]

    def knee_is_at(x):
        at = QPoint(round(area.left() + x * scale), round(area.top() + knee[1] * scale))
        return picture(window).pixelColor(at).getRgb()[:3] != (90, 90, 90)

    assert knee_is_at(knee[0])
    assert not knee_is_at(640 - knee[0])
    press(Qt.Key_M)
    assert knee_is_at(640 - knee[0])
    assert not knee_is_at(knee[0])
    assert live.asked == []
    assert window._preferences.flag("mirrored", False)


def test_f_fills_the_screen_with_large_type_and_escape_leaves_it_before_the_window(window, press):
    card, bars = window.view.side.persons.sizeHint().height(), window.view.side.bars.sizeHint().height()
    assert window.menuBar().isVisible()
    press(Qt.Key_F)
    assert window.isFullScreen()
    assert not window.menuBar().isVisible()
    assert window.view.side.bars.sizeHint().height() > 1.3 * bars * 600 / 720
    assert window.view.side.persons.sizeHint().height() > 1.3 * card * 600 / 720
    assert window.view.picture.overlay.scale > 1.5
    press(Qt.Key_K)  # keys work without the menu bar
    assert not window.view.picture.overlay.skeletons
    press(Qt.Key_Escape)
    assert not window.isFullScreen()
    assert window.isVisible()
    assert window.menuBar().isVisible()
    press(Qt.Key_Escape)
    assert not window.isVisible()


def test_type_grows_with_the_window_and_more_in_full_screen():
    assert [type_scale(height, False) for height in (460, 760, 950, 2000)] == [0.85, 1.0, 1.25, 1.35]
    assert type_scale(1080, True) == pytest.approx(1.99, abs=0.01)
    assert type_scale(2160, True) == pytest.approx(2 * type_scale(1080, True))


def test_h_lists_every_key_over_the_whole_window(window, press, qtbot):
    assert not window.help.isVisible()
    press(Qt.Key_H)
    assert window.help.isVisible()
    assert window.help.size() == window.centralWidget().size()
    listed = {key for key, _ in window.help.rows}
    assert listed >= {"Space", "S", "R", "A", "X", "K", "M", "F", "H", "L", "T", "Tab", "1-9", "Q, Esc"}
    assert listed - {"1-9", "Q, Esc"} == set(KEYS) - {"Q", "Esc"}
    window.resize(900, 600)
    assert window.help.size() == window.centralWidget().size()
    press(Qt.Key_Escape)
    assert not window.help.isVisible()
    assert window.isVisible()
    press(Qt.Key_H)
    qtbot.mouseClick(window.help, Qt.LeftButton)
    assert not window.help.isVisible()


def test_t_goes_from_dark_to_light_and_is_remembered(window, press, preferences):
    def brightness():
        return window.grab().toImage().pixelColor(window.width() - 4, window.height() // 2).lightness()

    assert brightness() < 60
    press(Qt.Key_T)
    assert brightness() > 200
    assert preferences.theme == "light"
    theme.apply(QApplication.instance(), preferences.theme)
    assert theme.active() is theme.LIGHT
    press(Qt.Key_T)
    assert brightness() < 60


def test_the_timeline_grows_with_the_label(window, live, wait):
    people = live.given[-1].people
    assert window.view.timeline.history.rows()[0][1][-1].label == "squat"
    for step in range(1, 4):
        live.given.append(replace(live.given[-1], people=replace(people, time=people.time + step)))
        wait(lambda: window._shown is live.given[-1])
    (bar,) = window.view.timeline.history.rows()[0][1]
    assert bar.end - bar.start == pytest.approx(3)
    assert window.view.timeline.height() > 20


def test_another_model_and_source_take_over_the_whole_window(window, live, wait, about, scores_of):
    network = {**about.model.network, "grains": 1}
    tiny = replace(about.model, name="tiny", labels=("hop", "skip", "none"), network=network)
    other = replace(about, model=tiny, source="other.mp4")
    scores = replace(scores_of(), probabilities=np.float32([0.1, 0.8, 0.1]), attention=scores_of().attention[:1])
    live.about = other  # the old snapshot is still there for a moment
    wait(lambda: window.windowTitle() == "other.mp4 - live-stf")
    assert window.view.side.bars.best == []
    live.given.append(replace(live.given[-1], scores={1: scores}))
    wait(lambda: window.view.side.bars.best and window.view.side.bars.best[0][0] == "skip")
    assert window.view.side.attention.views == (BODY, 0)
    assert window.view.side.attention.isVisible()
    live.about = replace(other, model=replace(tiny, network={}))
    wait(lambda: window.view.side.attention is None)
    window.grab()


def test_the_window_opens_first_and_shows_what_is_being_opened(open_window, live, about, wait):
    live.about, full, live.given = None, live.given[-1], [Snapshot()]
    live.opening = "Opening camera 0"
    window = open_window()
    assert window.view.picture._waiting == "Opening camera 0..."
    window.grab()
    for action in window.window_actions.actions:  # no action may fail now
        if action.id not in ("quit", "go_back", "open_file", "open_address"):
            action.run()
    window.resize(800, 500)
    window.grab()
    live.about, live.opening = about, ""
    live.given.append(full)
    wait(lambda: window.view.side.bars.best)
    assert window.view.side.attention is not None


def test_the_window_closes_while_something_is_being_opened(open_window, live):
    live.about, live.given, live.opening = None, [Snapshot()], "Opening camera 0"
    window = open_window()
    window.close()
    assert not window.isVisible()


def test_notices_are_shown(window, live, wait):
    assert "H:" in window.view.status.notice
    live.said = ["missing.mp4: no such file; clip.mp4 goes on with a model"]
    wait(lambda: window.view.status.notice.startswith("missing.mp4"))
    window.say("")
    live.opening = "Loading the model tiny"
    wait(lambda: window.view.status.notice == "Loading the model tiny...")
    live.opening = ""
    wait(lambda: window.view.status.notice == "")


def test_a_lost_source_is_shown_on_the_picture(window, live, wait):
    well = live.given[-1]
    before = picture(window)
    live.given.append(replace(well, message="camera 0 gives no more frames; trying again", events={}, scores={}))
    wait(lambda: window._shown is live.given[-1])
    assert picture(window) != before
    live.given.append(well)
    wait(lambda: window._shown is well and picture(window) == before)
