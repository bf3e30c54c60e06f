"""What the window saves: images and recordings."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PyQt5.QtCore import Qt

from live_stf.errors import LiveStfError
from live_stf.sources.recording import RecordedSource


def picture(window):
    """What the picture shows, the newest of it."""
    window.view.picture.settle()
    return window.view.picture.grab().toImage()


def out(tmp_path, pattern):
    return sorted((tmp_path / "out").glob(pattern))


def test_s_saves_an_image_without_overwriting_another(window, press, wait, tmp_path):
    press(Qt.Key_S)
    press(Qt.Key_S)
    wait(lambda: window.view.status.notice.startswith("Saved live-stf-"))
    wait(lambda: len(out(tmp_path, "*.png")) == 2)
    for picture in out(tmp_path, "*.png"):
        wait(lambda picture=picture: cv2.imread(str(picture)) is not None)
        high, wide = cv2.imread(str(picture)).shape[:2]
        assert (wide, high) == (window.width(), window.height())


def test_an_image_that_cannot_be_saved_is_reported(window, press, wait, tmp_path):
    with pytest.raises(LiveStfError, match=r"cannot write .*picture\.png"):
        window.save_picture(tmp_path / "missing" / "picture.png")
    (tmp_path / "out").rmdir()
    press(Qt.Key_S)
    wait(lambda: window.view.status.notice.startswith("cannot write"))


def test_r_records_an_annotated_video_and_the_joints_of_every_picture(window, live, press, wait, tmp_path, standing):
    first = live.given[-1]
    press(Qt.Key_R)
    assert window.window_actions["toggle_recording"].isChecked()
    for index in range(1, 6):
        frame = replace(first.frame, time=1 + index / 10, index=30 + index)
        person = standing(200 + 20 * index)
        people = replace(first.people, time=frame.time, persons=(person, first.people.persons[1]))
        live.given.append(replace(first, frame=frame, people=people))
        wait(lambda: window.saver.recorder._waiting.empty() and window._shown is live.given[-1])
    press(Qt.Key_R)
    wait(lambda: window.saver.recorder is None)
    assert not window.window_actions["toggle_recording"].isChecked()
    (video,), (joints,) = out(tmp_path, "*.mp4"), out(tmp_path, "*.joints.jsonl")
    assert window.view.status.notice == f"Recorded {video.name} and {joints.name}"
    with RecordedSource(joints) as source:
        times = []
        while (frame := source.read()) is not None:
            times.append(frame.time)
            people = source.people_of(frame)
            assert len(people.persons) == 2
            index = len(times) - 1
            np.testing.assert_allclose(people.persons[0].joints[1, 0], 200 + 20 * index, atol=0.01)
        assert source.fault is None
    assert times == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    film = cv2.VideoCapture(str(video))
    assert (film.get(cv2.CAP_PROP_FRAME_WIDTH), film.get(cv2.CAP_PROP_FRAME_HEIGHT)) == (640, 360)
    pictures = [film.read()[1] for _ in range(6)]
    assert all(picture.std() > 5 for picture in pictures)  # the picture itself is plain grey
    assert np.abs(pictures[0].astype(int) - pictures[5]).max() > 60


def test_closing_the_window_completes_the_recording(window, press, wait, tmp_path):
    press(Qt.Key_R)
    wait(lambda: window.saver.recorder._waiting.empty())
    window.close()
    (video,), (joints,) = out(tmp_path, "*.mp4"), out(tmp_path, "*.joints.jsonl")
    assert cv2.VideoCapture(str(video)).read()[0]
    with RecordedSource(joints) as source:
        assert source.read() is not None


def test_reasons_against_a_recording_are_reported(window, live, press, wait, tmp_path, about):
    live.given.append(replace(live.given[-1], finished=True))
    wait(lambda: window._shown is live.given[-1])
    press(Qt.Key_R)
    wait(lambda: window.view.status.notice == "The source has ended")
    live.given.append(replace(live.given[-1], finished=False))
    wait(lambda: window._shown is live.given[-1])
    (tmp_path / "out").rmdir()
    press(Qt.Key_R)
    wait(lambda: window.view.status.notice.startswith("cannot record to "))
    assert not window.window_actions["toggle_recording"].isChecked()
    (tmp_path / "out").mkdir()
    press(Qt.Key_R)
    larger = replace(live.given[-1].frame, image=np.zeros((480, 640, 3), np.uint8))
    wait(lambda: window.saver.recorder._waiting.empty())
    live.given.append(replace(live.given[-1], frame=larger))
    wait(lambda: "changed to 640x480" in window.view.status.notice)
    assert window.saver.recorder is None
