from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtTest import QTest

from live_stf.errors import LiveStfError
from live_stf.types import Event, Rates, Snapshot, State
from live_stf.ui.window import LiveWindow


@pytest.fixture
def live(about, snapshot, application):
    """A window, and the list whose last snapshot it is given."""
    given = [snapshot]
    window = LiveWindow(lambda: given[-1], about)
    window.show()
    wait(lambda: window.bars.best)
    yield window, given
    window.close()
    window.deleteLater()
    application.processEvents()


def wait(condition):
    for _ in range(100):
        if condition():
            return
        QTest.qWait(20)
    pytest.fail("nothing happened for two seconds")


def test_it_asks_for_snapshots_by_itself_and_shows_them(live, scores_of):
    window, given = live
    assert window.bars.best[0] == ("squat", pytest.approx(0.7))
    given.append(replace(given[-1], scores={1: scores_of(best="walk")}))
    wait(lambda: window.bars.best[0][0] == "walk")


def test_the_first_person_is_shown_until_another_is_chosen_or_leaves(live, scores_of):
    window, given = live
    scores = {1: scores_of(best="squat"), 2: scores_of(best="wave", identity=2)}
    given.append(replace(given[-1], scores=scores))
    wait(lambda: window._shown is given[-1])
    assert window.bars.best[0][0] == "squat"
    QTest.keyClick(window, Qt.Key_Tab)
    assert window.bars.best[0][0] == "wave"
    QTest.keyClick(window, Qt.Key_Tab)
    assert window.bars.best[0][0] == "squat"
    window.select(2)
    assert window.bars.best[0][0] == "wave"
    only_one = {1: given[-1].events[1]}
    given.append(replace(given[-1], events=only_one, scores={1: scores[1]}))
    wait(lambda: window.bars.best[0][0] == "squat")


def test_space_freezes_what_is_shown(live, scores_of):
    window, given = live
    QTest.keyClick(window, Qt.Key_Space)
    given.append(replace(given[-1], scores={1: scores_of(best="walk")}))
    QTest.qWait(120)
    assert window.bars.best[0][0] == "squat"
    QTest.keyClick(window, Qt.Key_Space)
    wait(lambda: window.bars.best[0][0] == "walk")


def test_a_hides_the_attention_and_shows_it_again(live):
    window, _ = live
    assert window.attention.isVisible()
    QTest.keyClick(window, Qt.Key_A)
    assert not window.attention.isVisible()
    QTest.keyClick(window, Qt.Key_A)
    assert window.attention.isVisible()


def test_a_network_without_attention_has_no_panel_for_it(about, snapshot):
    scores = {1: replace(snapshot.scores[1], attention=())}
    window = LiveWindow(lambda: replace(snapshot, scores=scores), replace(about, grains=0))
    window.show()
    wait(lambda: window.bars.best)
    QTest.keyClick(window, Qt.Key_A)
    assert not window.attention.isVisible()
    window.close()


@pytest.mark.parametrize("key", [Qt.Key_Q, Qt.Key_Escape])
def test_keys_close_the_window(live, key):
    window, _ = live
    QTest.keyClick(window, key)
    assert not window.isVisible()


def test_s_saves_a_picture_where_the_user_is(live, tmp_path, monkeypatch):
    window, _ = live
    monkeypatch.chdir(tmp_path)
    QTest.keyClick(window, Qt.Key_S)
    (picture,) = tmp_path.glob("live-stf-*.png")
    assert picture.stat().st_size > 5000


def test_a_picture_that_cannot_be_saved_is_told(live, tmp_path):
    window, _ = live
    with pytest.raises(LiveStfError, match=r"cannot write .*picture\.png"):
        window.save_picture(tmp_path / "missing" / "picture.png")


def test_rates_are_kept_from_before_the_end(live):
    window, given = live
    wait(lambda: window.rates.pose == 28.0)
    given.append(replace(given[-1], rates=Rates(), message="clip.mp4 has ended", finished=True))
    wait(lambda: window._shown is given[-1])
    assert window.rates.pose == 28.0


def test_every_kind_of_snapshot_can_be_shown_at_every_size(live):
    window, given = live
    full = given[0]
    crowd = {identity: Event(identity, 0.0, State.UNSURE, None, 0.3) for identity in range(1, 9)}
    kinds = [
        full,
        Snapshot(),
        Snapshot(frame=full.frame),
        replace(full, people=replace(full.people, persons=()), events={}, scores={}),
        replace(full, events=crowd),
        replace(full, message="a " * 200, finished=True),
        replace(full, scores={1: replace(full.scores[1], probabilities=np.float32([1, 0, 0, 0, 0, 0, 0]))}),
    ]
    for width, height in ((720, 460), (900, 600), (1280, 720), (1600, 1000)):
        window.resize(width, height)
        for kind in kinds:
            given.append(kind)
            wait(lambda: window._shown is given[-1])
            shown = window.grab()
            assert (shown.width(), shown.height()) == (width, height)
            assert window.status.geometry().bottom() < height
            assert window.attention.geometry().bottom() <= window.status.geometry().top()


def test_k_takes_the_skeletons_away_and_brings_them_back(live):
    window, _ = live
    before = window.picture.grab().toImage()
    QTest.keyClick(window, Qt.Key_K)
    without = window.picture.grab().toImage()
    assert without != before
    QTest.keyClick(window, Qt.Key_K)
    assert window.picture.grab().toImage() == before


def test_f_fills_the_screen_and_escape_leaves_it_before_the_window(live):
    window, _ = live
    QTest.keyClick(window, Qt.Key_F)
    assert window.isFullScreen()
    QTest.keyClick(window, Qt.Key_Escape)
    assert not window.isFullScreen()
    assert window.isVisible()
    QTest.keyClick(window, Qt.Key_Escape)
    assert not window.isVisible()


def test_h_lists_every_key_over_the_whole_window(live):
    window, _ = live
    assert not window.help.isVisible()
    QTest.keyClick(window, Qt.Key_H)
    assert window.help.isVisible()
    assert window.help.size() == window.centralWidget().size()
    assert {key for key, _ in window.help.rows} == {"Space", "S", "A", "K", "Tab", "F", "H", "Q"}
    window.resize(900, 600)
    assert window.help.size() == window.centralWidget().size()
    QTest.keyClick(window, Qt.Key_Escape)
    assert not window.help.isVisible()
    assert window.isVisible()
    QTest.keyClick(window, Qt.Key_H)
    QTest.mouseClick(window.help, Qt.LeftButton)
    assert not window.help.isVisible()


def test_the_timeline_grows_with_what_is_done(live):
    window, given = live
    people = given[-1].people
    assert window.timeline.history.rows()[0][1][-1].label == "squat"
    for step in range(1, 4):
        given.append(replace(given[-1], people=replace(people, time=people.time + step)))
        wait(lambda: window._shown is given[-1])
    (bar,) = window.timeline.history.rows()[0][1]
    assert bar.end - bar.start == pytest.approx(3)
    assert window.timeline.height() > 20
