"""The live loop when something fails or hangs, and how it ends."""

from __future__ import annotations

import threading

import pytest

from live_stf.errors import SourceError
from live_stf.live.capture import Capture
from live_stf.live.loop import LiveLoop
from live_stf.types import State
from tests.fakes import WAIT, run_to_the_end, wait_until


def test_an_engine_that_hangs_is_left_behind_and_pose_goes_on(fakes, model):
    release = threading.Event()
    pose = fakes.Pose()

    def hang(window):
        release.wait(WAIT)
        return [0.9, 0.05, 0.05]

    loop = LiveLoop(fakes.Source(), pose, fakes.Classifier(answer=hang), model).start()
    wait_until(lambda: pose.times and pose.times[-1] >= 0.6)
    assert all(event.state is State.FILLING for event in loop.snapshot().events.values())
    loop.stop()
    assert "classification" in [thread.name for thread in threading.enumerate()]  # left behind, not waited for
    release.set()


def test_a_fault_of_the_source_is_the_message(fakes, model):
    source = fakes.Source(count=5, live=False, fault="fake.mp4: cut short")
    assert run_to_the_end(LiveLoop(source, fakes.Pose(), fakes.Classifier(), model)).message == "fake.mp4: cut short"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("source", "stopped by an internal error: RuntimeError: the cable burns"),
        ("pose", "stopped by an internal error: RuntimeError: pose is broken"),
        ("engine", "stopped by an internal error: RuntimeError: engine is broken"),
    ],
)
def test_an_error_in_a_thread_is_not_lost(fakes, model, broken, said):
    source = fakes.Source(fail_at=10 if broken == "source" else None)
    pose = fakes.Pose(fail_at=10 if broken == "pose" else None)
    loop = LiveLoop(source, pose, fakes.Classifier(fail=broken == "engine"), model)
    snapshot = run_to_the_end(loop)
    assert snapshot.finished
    assert snapshot.message == said
    assert isinstance(loop.error, RuntimeError)


def test_an_error_for_the_user_is_the_message_unchanged(fakes, model):
    source = fakes.Source()

    def read():
        raise SourceError("camera 0 was unplugged")

    source.read = read
    assert run_to_the_end(LiveLoop(source, fakes.Pose(), fakes.Classifier(), model)).message == "camera 0 was unplugged"


def test_a_camera_that_hangs_is_reported_and_does_not_hold_up_the_end(fakes, model):
    source = fakes.Source(hang_at=5)
    clock = fakes.Clock()
    loop = LiveLoop(source, fakes.Pose(), fakes.Classifier(), model, clock=clock).start()
    wait_until(lambda: source._reading)
    clock.advance(7.0)
    assert loop.snapshot().message == "no frame from fake camera for 7 s"
    loop.stop()
    assert source.closed == 0  # left behind, not waited for
    assert not source.closed_while_reading
    source.release.set()


def test_a_file_that_shows_one_image_for_long_is_never_called_frozen(fakes, model):
    clock = fakes.Clock()
    source = fakes.Source(live=False, frozen=True, gated=True)
    with LiveLoop(source, fakes.Pose(), fakes.Classifier(), model, clock=clock) as loop:
        for index in range(3):
            source.give()
            clock.advance(60.0)
            wait_until(lambda index=index: loop.snapshot().frame and loop.snapshot().frame.index == index)
            assert loop.snapshot().message == ""


def test_the_next_loop_goes_on_with_a_capture_where_the_one_before_stopped(fakes, model):
    source, poses = fakes.Source(count=10, live=False), (fakes.Pose(), fakes.Pose())
    capture = Capture(source, every=True)
    with LiveLoop(capture, poses[0], fakes.Classifier(), model):
        wait_until(lambda: poses[0].times)
    assert (source.closed, poses[0].closed) == (0, 1)
    snapshot = run_to_the_end(LiveLoop(capture, poses[1], fakes.Classifier(), model))
    assert snapshot.message == "fake.mp4 has ended"
    assert [round(30 * time) for time in poses[0].times + poses[1].times] == list(range(10))
    assert snapshot.rates.dropped == 0
    capture.stop()
    assert source.closed == 1


def test_a_read_that_hangs_holds_up_neither_the_next_loop_nor_the_end(fakes, model):
    source = fakes.Source(hang_at=0)
    capture = Capture(source)
    for _ in range(2):
        with LiveLoop(capture, fakes.Pose(), fakes.Classifier(), model):
            wait_until(lambda: source._reading)
    capture.stop(0.1)
    assert source.closed == 0
    source.release.set()


def test_stop_ends_every_thread_and_may_be_called_twice(fakes, model):
    source, pose = fakes.Source(), fakes.Pose()
    loop = LiveLoop(source, pose, fakes.Classifier(seconds=0.05), model).start()
    wait_until(lambda: loop.snapshot().frame is not None)
    loop.stop()
    loop.stop()
    assert not {"capture", "pose", "classification"} & {thread.name for thread in threading.enumerate()}
    assert loop.snapshot().finished
