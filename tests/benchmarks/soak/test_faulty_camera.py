"""Every kind of fault of the camera, on a clock that advances only in waits."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from benchmarks.soak.faulty_camera import KINDS, FaultyCamera, read_images
from live_stf.errors import SourceError

IMAGES = [np.full((12, 16, 3), 10 * number, np.uint8) for number in range(20)]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def camera(*kinds: str, seed: int = 0) -> FaultyCamera:
    clock = Clock()
    made = FaultyCamera(IMAGES, 30.0, seed, 4.0, kinds or tuple(KINDS), clock, clock.sleep)
    made.release()  # no read blocks for real
    return made


def read_until_fault(made: FaultyCamera):
    """(opening, last frame before the fault, first frame or exception of the fault)."""
    opening, before = made.open(), None
    while True:
        try:
            frame = opening.read()
        except RuntimeError as problem:
            return opening, before, problem
        if made.faults:
            return opening, before, frame
        before = frame


def test_the_frames_of_the_clip_are_played_in_order_at_the_rate():
    made = camera()
    frames = [made.open().read() for _ in range(1)] + [made.open().read() for _ in range(20)]
    assert {int(frame.image[0, 0, 0]) for frame in frames} == {10 * number for number in range(20)}
    assert made.clock() == pytest.approx(21 / 30)


def test_the_same_seed_gives_the_same_faults_and_another_seed_others():
    def faults(seed: int) -> list[tuple[str, float]]:
        made = camera("garbage", "size", "slow", "timestamps", seed=seed)
        opening = made.open()
        while len(made.faults) < 8:
            opening.read()
        return [(fault.kind, fault.began) for fault in made.faults]

    assert faults(1) == faults(1)
    assert faults(1) != faults(2)


@pytest.mark.parametrize("kind", ["end", "error"])
def test_a_lost_camera_cannot_be_opened_for_a_while_and_then_recovers(kind):
    made = camera(kind)
    opening, _, got = read_until_fault(made)
    assert got is None or str(got) == "the driver has failed"
    assert (opening.fault is not None) == (kind == "end")
    (fault,) = made.faults
    with pytest.raises(SourceError, match="cannot be reached"):
        made.open()
    made.sleep(fault.seconds)
    assert made.open().read().image.shape == (12, 16, 3)
    assert fault.back == pytest.approx(made.clock(), abs=0.1)
    assert made.fault is None


def test_a_frozen_camera_repeats_its_frame_until_it_is_opened_again():
    made = camera("freeze")
    opening, _, frozen = read_until_fault(made)
    for _ in range(100):
        np.testing.assert_array_equal(opening.read().image, frozen.image)
    other = made.open()
    assert not np.array_equal(other.read().image, other.read().image)
    assert made.faults[0].back is not None


@pytest.mark.parametrize(
    ("kind", "strange"),
    [
        ("garbage", lambda frame: len(np.unique(frame.image)) > 50),
        ("size", lambda frame: frame.image.shape != (12, 16, 3)),
        ("timestamps", lambda frame: not 0 <= frame.time < 1e3),
    ],
)
def test_strange_frames_end_without_a_new_opening(kind, strange):
    made = camera(kind)
    opening, before, frame = read_until_fault(made)
    assert not strange(before)
    seen = [frame, *(opening.read() for _ in range(4))]
    assert any(strange(one) for one in seen)
    (fault,) = made.faults
    made.sleep(fault.seconds)
    opening.read()
    assert fault.back is not None
    assert not fault.must_be_noticed


def test_a_blocked_read_is_counted_and_returns_on_release():
    clock = Clock()
    made = FaultyCamera(IMAGES, 30.0, 0, 4.0, ("block",), clock, clock.sleep)
    reader = threading.Thread(target=read_until_fault, args=(made,), daemon=True)
    reader.start()
    while not made.blocked:
        assert reader.is_alive()
        reader.join(0.01)
    assert made.fault.must_be_noticed
    made.release()
    reader.join(20)
    assert not reader.is_alive()
    assert made.blocked == 0


def test_a_fault_is_cut_short_when_the_reader_restarts():
    made = camera("end")
    read_until_fault(made)
    made.restart()
    assert made.faults[0].cut_short
    assert made.fault is None
    assert made.open().read() is not None


def test_an_abandoned_opening_has_no_faults():
    made = camera("end")
    old, new = made.open(), made.open()
    made.sleep(100)
    assert old.read() is not None
    assert made.faults == []
    assert new.read() is None


def test_images_are_those_of_the_clip_in_the_given_width(clip):
    images = read_images(clip, 64)
    assert {image.shape for image in images} == {(36, 64, 3)}
    assert len(images) > 100
    with pytest.raises(SourceError, match="no such file"):
        read_images(clip / "nowhere.mp4", 64)
