"""The thread that keeps the newest picture only."""

from __future__ import annotations

import threading
import time

import pytest

from live_stf.live.capture import Capture
from live_stf.live.rate import AgeMeter, RateMeter


def wait_until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def test_only_the_newest_picture_is_kept_and_the_others_are_counted(fakes):
    capture = Capture(fakes.Source(count=20, sleep=0.0))
    capture.start()
    wait_until(lambda: capture.dropped == 19)
    assert capture.take(1.0).frame.index == 19
    assert capture.take(0.0) is None
    assert capture.ended
    capture.stop(1.0)


def test_a_reader_that_is_quick_enough_loses_nothing(fakes):
    capture = Capture(fakes.Source(count=30, step=0.01))
    capture.start()
    indices = []
    while not capture.ended:
        if (captured := capture.take(0.5)) is not None:
            indices.append(captured.frame.index)
    capture.stop(1.0)
    assert indices == list(range(30))
    assert capture.dropped == 0


def test_a_file_is_played_at_its_own_pace(fakes):
    clock = fakes.Clock()
    waits = []

    def wait(seconds):
        waits.append(seconds)
        clock.advance(seconds)
        return False

    capture = Capture(fakes.Source(count=10, step=0.2, live=False), clock=clock, wait=wait)
    capture.start()
    wait_until(lambda: capture.dropped == 9)
    capture.stop(1.0)
    assert waits == pytest.approx([0.2] * 9)


def test_of_a_file_every_picture_can_be_had_as_fast_as_it_is_taken(fakes):
    capture = Capture(fakes.Source(count=10, step=100.0, live=False), every=True)
    capture.start()
    indices = []
    while not capture.ended:
        time.sleep(0.01)
        if (captured := capture.take(1.0)) is not None:
            indices.append(captured.frame.index)
    capture.stop(1.0)
    assert indices == list(range(10))
    assert capture.dropped == 0


def test_a_file_that_waits_to_be_taken_can_be_stopped(fakes):
    capture = Capture(fakes.Source(count=10, live=False), every=True)
    capture.start()
    capture.take(1.0)
    began = time.monotonic()
    capture.stop(10.0)
    assert time.monotonic() - began < 5.0
    assert "capture" not in [thread.name for thread in threading.enumerate()]


def test_a_camera_is_not_held_back(fakes):
    capture = Capture(fakes.Source(count=5, sleep=0.0), wait=lambda seconds: pytest.fail("waited"))
    capture.start()
    wait_until(lambda: capture.dropped == 4)
    capture.stop(1.0)
    assert capture.error is None


def test_the_last_picture_is_still_there_after_the_end(fakes):
    capture = Capture(fakes.Source(count=1, sleep=0.0))
    capture.start()
    time.sleep(0.1)
    assert not capture.ended
    assert capture.take(0.0).frame.index == 0
    assert capture.ended
    capture.stop(1.0)


def test_a_source_that_fails_ends_the_capture_and_the_reason_is_kept(fakes):
    capture = Capture(fakes.Source(fail_at=0))
    capture.start()
    assert capture.take(2.0) is None
    assert capture.ended
    assert "burns" in str(capture.error)
    capture.stop(1.0)


def test_a_read_that_hangs_is_left_behind_and_its_source_not_closed_under_it(fakes):
    source = fakes.Source(hang_at=3, sleep=0.0)
    capture = Capture(source)
    capture.start()
    wait_until(lambda: capture.take(0.0) is not None and source._reading)
    began = time.monotonic()
    capture.stop(0.2)
    assert time.monotonic() - began < 1.0
    assert not source.closed_while_reading
    source.release.set()


def test_stop_closes_the_source(fakes):
    source = fakes.Source()
    capture = Capture(source)
    capture.start()
    capture.take(1.0)
    capture.stop(1.0)
    assert source.closed == 1
    assert "capture" not in [thread.name for thread in threading.enumerate()]


def test_stop_before_start_closes_the_source(fakes):
    source = fakes.Source()
    Capture(source).stop(1.0)
    assert source.closed == 1


def test_silence_grows_when_a_dead_stream_repeats_its_last_picture(fakes):
    silences = []
    for frozen in (False, True):
        clock = fakes.Clock()
        source = fakes.Source(count=11, sleep=0.0, frozen=frozen)
        read = source.read

        def slow_read(read=read, clock=clock):
            clock.advance(0.5)
            return read()

        source.read = slow_read
        capture = Capture(source, clock=clock)
        capture.start()
        wait_until(lambda capture=capture: capture.dropped == 10)
        capture.stop(1.0)
        silences.append(capture.silence)
    # Half a second for the read that says the end; and five seconds for ten pictures that were all the same.
    assert silences == pytest.approx([0.5, 5.5])


def test_rates_are_counted_over_the_last_seconds(fakes):
    clock = fakes.Clock()
    meter = RateMeter(clock, span=2.0)
    for _ in range(10):
        clock.advance(0.1)
        meter.count()
    assert meter.rate() == pytest.approx(10, rel=0.01)
    for _ in range(40):
        clock.advance(0.1)
        meter.count()
    assert meter.rate() == pytest.approx(10, rel=0.06)
    clock.advance(3.0)
    assert meter.rate() == 0


def test_the_age_on_screen_grows_until_the_next_result(fakes):
    clock = fakes.Clock()
    meter = AgeMeter(clock, span=2.0)
    assert meter.percentile(0.95) == 0.0
    for _ in range(40):
        clock.advance(0.1)
        meter.result(clock.now - 0.03)
    clock.advance(0.1)
    # Always between 30 ms, when a result is there, and 130 ms, when the next one replaces it.
    assert meter.percentile(0.0) == pytest.approx(0.03, abs=0.01)
    assert meter.percentile(0.5) == pytest.approx(0.08, abs=0.01)
    assert meter.percentile(0.95) == pytest.approx(0.125, abs=0.01)
    clock.advance(2.0)
    assert meter.percentile(1.0) == pytest.approx(2.13, abs=0.15)
    assert meter.percentile(0.0) == pytest.approx(0.13, abs=0.15)


def test_a_result_that_was_late_once_is_not_what_95_percent_of_the_time_look_like(fakes):
    clock = fakes.Clock()
    meter = AgeMeter(clock, span=2.0)
    for step in range(100):
        clock.advance(0.02)
        meter.result(clock.now - (0.5 if step == 50 else 0.03))
    assert meter.percentile(0.95) < 0.06
    assert meter.percentile(1.0) > 0.49
