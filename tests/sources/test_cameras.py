"""Which cameras there are, and what is asked of one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from live_stf.errors import SourceError
from live_stf.sources import opening
from live_stf.sources.cameras import Camera, cameras, find_camera
from live_stf.sources.mirror import MirroredSource
from live_stf.sources.opening import open_source
from live_stf.sources.source import CameraSettings


@pytest.fixture
def linux(tmp_path: Path) -> Path:
    """/sys/class/video4linux of a machine with two cameras, each with a device for what describes its pictures."""
    for number, name, index in ((0, "HD Webcam: HD Webcam", 0), (1, "HD Webcam: HD Webcam", 1), (10, "USB Kamera", 0)):
        folder = tmp_path / f"video{number}"
        folder.mkdir()
        (folder / "name").write_text(f"{name}\n")
        (folder / "index").write_text(f"{index}\n")
    (tmp_path / "v4l-subdev0").mkdir()
    return tmp_path


def test_cameras_are_listed_by_number_without_their_other_devices(linux: Path) -> None:
    assert cameras(linux) == [Camera(0, "HD Webcam: HD Webcam"), Camera(10, "USB Kamera")]
    assert cameras(linux / "nowhere") == []


def test_a_part_of_the_name_is_enough(linux: Path) -> None:
    assert find_camera("usb", cameras(linux)) == Camera(10, "USB Kamera")
    assert find_camera("sofa", cameras(linux)) is None


class Capture:
    """What OpenCV opens, as far as it is asked."""

    def __init__(self, number: int) -> None:
        self.asked = {"number": number}

    def set(self, key: int, value: float) -> None:
        self.asked[key] = value

    def isOpened(self) -> bool:
        return True

    def read(self) -> tuple[bool, np.ndarray]:
        return True, np.arange(24, dtype=np.uint8).reshape(2, 4, 3)

    def get(self, _: int) -> float:
        return 0.0

    def release(self) -> None:
        pass


def test_a_camera_is_opened_by_name_and_asked_for_a_size_and_a_rate(
    linux: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    monkeypatch.setattr(opening, "cameras", lambda: cameras(linux))
    monkeypatch.setattr(cv2, "VideoCapture", lambda number: opened.append(Capture(number)) or opened[-1])
    with open_source("kamera", settings=CameraSettings((640, 480), 30.0)) as source:
        assert source.name == "camera 10"
    width, height, rate = cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS
    assert opened[0].asked == {"number": 10, width: 640, height: 480, rate: 30.0}
    with open_source("0"):
        assert opened[1].asked == {"number": 0}
    with pytest.raises(SourceError, match="no such file"):
        open_source("sofa")


def test_a_mirrored_source_is_the_same_but_for_left_and_right(clip: Path) -> None:
    with open_source(clip) as plain, MirroredSource(open_source(clip)) as mirrored:
        assert (mirrored.name, mirrored.size, mirrored.live) == (plain.name, plain.size, plain.live)
        for _ in range(3):
            frame, other = plain.read(), mirrored.read()
            np.testing.assert_array_equal(other.image, frame.image[:, ::-1])
            assert other.image.flags.c_contiguous
            assert (other.time, other.index) == (frame.time, frame.index)
        assert (mirrored.fault, mirrored.trouble) == (None, "")
