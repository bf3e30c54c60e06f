"""One source, read by one loop after another."""

from __future__ import annotations

import threading
import time

from live_stf.live.shared_source import SharedSource


def test_the_next_lease_goes_on_where_the_one_before_stopped(fakes):
    source = fakes.Source(count=10, live=False)
    shared = SharedSource(source)
    first = shared.lease()
    assert [first.read().index for _ in range(4)] == [0, 1, 2, 3]
    first.close()
    assert first.read() is None
    second = shared.lease()
    assert [second.read().index for _ in range(6)] == [4, 5, 6, 7, 8, 9]
    assert second.read() is None
    assert source.closed == 0
    shared.close()
    shared.close()
    assert source.closed == 2
    assert (second.name, second.size, second.live) == ("fake.mp4", fakes.size, False)


def test_a_picture_that_came_too_late_for_one_lease_is_the_next_ones(fakes):
    source = fakes.Source(count=5, step=0.2)
    shared = SharedSource(source)
    first, got = shared.lease(), []
    reading = threading.Thread(target=lambda: got.append(first.read()))
    reading.start()
    time.sleep(0.05)
    first.cancel()
    second = shared.lease()
    assert second.read().index == 0
    reading.join(2)
    assert got == [None]
    shared.close()


def test_a_read_that_hangs_holds_up_neither_the_next_lease_nor_the_end(fakes):
    source = fakes.Source(hang_at=0)
    shared = SharedSource(source)
    first, second = shared.lease(), shared.lease()
    threading.Thread(target=first.read, daemon=True).start()
    time.sleep(0.05)
    waiting = threading.Thread(target=second.read, daemon=True)
    waiting.start()
    second.cancel()
    waiting.join(1)
    assert not waiting.is_alive()
    shared.close()
    assert source.closed == 0
    source.release.set()


def test_fault_and_trouble_are_the_sources_own(fakes):
    source = fakes.Source(count=0, fault="broken")
    lease = SharedSource(source).lease()
    source.trouble = "camera 0 is silent"
    assert lease.trouble == "camera 0 is silent"
    assert lease.read() is None
    assert lease.fault == "broken"
