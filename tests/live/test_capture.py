"""The thread that keeps the newest frame only."""

from __future__ import annotations

import threading

import pytest

from live_stf.live.capture import Capture
from live_stf.live.rate import AgeMeter, RateMeter
from tests.fakes import WAIT, wait_until


def test_only_the_newest_frame_is_kept_and_the_others_are_counted(fakes):
    capture = Capture(fakes.Source(count=20, sleep=0.0))
    capture.start()
    wait_until(lambda: capture.dropped == 19)
    assert capture.take(WAIT).frame.index == 19
    assert capture.take(0.0) is None
    wait_until(lambda: capture.ended)
    capture.stop(WAIT)


def test_a_taker_that_is_fast_enough_loses_nothing(fakes):
    source = fakes.Source(count=30, gated=True)
    capture = Capture(source)
    capture.start()
    indices = []
    for _ in range(30):
        source.give()
        indices.append(capture.take(WAIT).frame.index)
    capture.stop(WAIT)
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
    capture.stop(WAIT)
    assert waits == pytest.approx([0.2] * 9)


def test_every_frame_of_a_file_can_be_had_as_fast_as_it_is_taken(fakes):
    source = fakes.Source(count=10, step=100.0, live=False)
    capture = Capture(source, every=True)
    capture.start()
    indices = []
    for index in range(10):
        wait_until(lambda index=index: source._index == min(index + 2, 10))  # the next frame is waiting already
        indices.append(capture.take(WAIT).frame.index)
    wait_until(lambda: capture.ended)
    capture.stop(WAIT)
    assert indices == list(range(10))
    assert capture.dropped == 0


def test_a_file_whose_frames_wait_to_be_taken_can_be_stopped(fakes):
    capture = Capture(fakes.Source(count=10, live=False), every=True)
    capture.start()
    capture.take(WAIT)
    capture.stop(WAIT)
    assert "capture" not in [thread.name for thread in threading.enumerate()]


def test_a_camera_is_not_held_back(fakes):
    capture = Capture(fakes.Source(count=5, sleep=0.0), wait=lambda seconds: pytest.fail("waited"))
    capture.start()
    wait_until(lambda: capture.dropped == 4)
    capture.stop(WAIT)
    assert capture.error is None


def test_the_last_frame_can_be_taken_after_the_end(fakes):
    capture = Capture(fakes.Source(count=1, sleep=0.0))
    capture.start()
    capture._thread.join(WAIT)
    assert not capture.ended
    assert capture.take(0.0).frame.index == 0
    assert capture.ended
    capture.stop(WAIT)


def test_a_frame_that_is_given_back_is_the_next_takers_unless_a_newer_one_has_come(fakes):
    source = fakes.Source(count=2, gated=True)
    capture = Capture(source)
    capture.start()
    source.give()
    first = capture.take(WAIT)
    capture.give_back(first)
    assert capture.take(0.0) is first
    source.give()
    second = capture.take(WAIT)
    capture.give_back(first)
    assert capture.take(0.0) is None
    capture.give_back(second)
    assert capture.take(0.0) is second
    capture.stop(WAIT)


def test_a_source_that_fails_ends_the_capture_and_the_reason_is_kept(fakes):
    capture = Capture(fakes.Source(fail_at=0))
    capture.start()
    assert capture.take(WAIT) is None
    assert capture.ended
    assert "burns" in str(capture.error)
    capture.stop(WAIT)


def test_a_read_that_hangs_is_left_behind_and_its_source_not_closed_during_it(fakes):
    source = fakes.Source(hang_at=3, sleep=0.0)
    capture = Capture(source)
    capture.start()
    wait_until(lambda: source._reading)
    capture.stop(0.2)
    assert capture._thread.is_alive()
    assert source.closed == 0
    assert not source.closed_while_reading
    source.release.set()


def test_stop_closes_the_source(fakes):
    source = fakes.Source()
    capture = Capture(source)
    capture.start()
    capture.take(WAIT)
    capture.stop(WAIT)
    assert source.closed == 1
    assert "capture" not in [thread.name for thread in threading.enumerate()]


def test_stop_before_start_closes_the_source(fakes):
    source = fakes.Source()
    Capture(source).stop(WAIT)
    assert source.closed == 1


def test_silence_grows_while_a_live_source_gives_no_frames(fakes):
    clock = fakes.Clock()
    source = fakes.Source(gated=True)
    capture = Capture(source, clock=clock)
    assert capture.silence == 0.0
    clock.advance(5.0)
    capture.start()
    clock.advance(2.0)
    assert capture.silence == 2.0
    source.give()
    capture.take(WAIT)
    assert capture.silence == 0.0
    clock.advance(0.5)
    assert capture.silence == 0.5
    capture.stop(WAIT)


def test_a_file_is_never_silent_or_frozen(fakes):
    clock = fakes.Clock()
    capture = Capture(fakes.Source(count=10, live=False, frozen=True), clock=clock, every=True)
    capture.start()
    for _ in range(10):
        clock.advance(60.0)
        assert capture.take(WAIT) is not None
        assert capture.silence == 0.0
    capture.stop(WAIT)


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
    # Always between 30 ms, when a result arrives, and 130 ms, when the next one replaces it.
    assert meter.percentile(0.0) == pytest.approx(0.03, abs=0.01)
    assert meter.percentile(0.5) == pytest.approx(0.08, abs=0.01)
    assert meter.percentile(0.95) == pytest.approx(0.125, abs=0.01)
    clock.advance(2.0)
    assert meter.percentile(1.0) == pytest.approx(2.13, abs=0.15)
    assert meter.percentile(0.0) == pytest.approx(0.13, abs=0.15)


def test_a_single_late_result_does_not_change_the_95th_percentile(fakes):
    clock = fakes.Clock()
    meter = AgeMeter(clock, span=2.0)
    for step in range(100):
        clock.advance(0.02)
        meter.result(clock.now - (0.5 if step == 50 else 0.03))
    assert meter.percentile(0.95) < 0.06
    assert meter.percentile(1.0) > 0.49
