"""A camera or stream that is lost, stalls or freezes comes back: with real threads, and a real stream on loopback."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from live_stf.errors import SourceError
from live_stf.sources import reconnect
from live_stf.sources.reconnect import ReconnectingSource, open_reconnecting, same_image

STALL = 0.3
WAIT = 20.0  # seconds for what takes a fraction of one on a machine that is not busy


def lasting(first, *later, **settings) -> ReconnectingSource:
    """A source that is `first`, then those of `later`, the last of them again and again; exceptions are raised."""
    waiting = list(later)

    def open_again():
        following = waiting.pop(0) if waiting else later[-1] if later else SourceError("nothing there")
        if isinstance(following, Exception):
            raise following
        return following

    given = {"stall": STALL, "first_pause": 0.01, "longest_pause": 0.04, **settings}
    return ReconnectingSource(first, open_again, **given)


def until(source: ReconnectingSource, enough, reads: int = 2000):
    """Pictures until enough(pictures) says so."""
    pictures = []
    deadline = time.monotonic() + WAIT
    for _ in range(reads):
        frame = source.read()
        assert frame is not None
        pictures.append(frame)
        if enough(pictures):
            return pictures
        assert time.monotonic() < deadline
    raise AssertionError("not enough")


def test_pictures_pass_with_times_that_ascend(fakes) -> None:
    with lasting(fakes.Source(step=0.005), stall=WAIT) as source:
        pictures = until(source, lambda seen: len(seen) == 30)
        assert source.trouble == ""
        assert source.reconnections == 0
    assert [frame.index for frame in pictures] == list(range(30))
    assert (np.diff([frame.time for frame in pictures]) > 0).all()


def test_a_frame_is_handed_on_when_it_comes_and_none_is_lost(fakes, monkeypatch) -> None:
    monkeypatch.setattr(reconnect, "_POLL", WAIT)  # a read that only looked now and then would take that long
    camera = fakes.Source(gated=True)
    with lasting(camera, stall=WAIT) as source:
        for number in range(60):
            camera.give()
            assert source.read().image[0, 0, 0] == number
        camera.cancel()


def test_one_that_ends_or_raises_is_opened_again(fakes) -> None:
    first, second, third = fakes.Source(count=5, step=0.01), fakes.Source(fail_at=5, step=0.01), fakes.Source(step=0.01)
    with lasting(first, second, SourceError("not yet"), third, stall=WAIT) as source:
        until(source, lambda _: source.reconnections == 3 and not source.trouble)
        assert first.closed == second.closed == 1
    assert source.read() is None


def test_a_source_that_blocks_is_abandoned_and_reported(fakes) -> None:
    hangs, well = fakes.Source(hang_at=5, step=0.01), fakes.Source(step=0.01)
    told = []
    with lasting(hangs, well, first_pause=0.2) as source:
        watcher = threading.Thread(target=lambda: _watch(source, told))
        watcher.start()
        until(source, lambda _: source.reconnections >= 1 and not source.trouble)
        watcher.join(WAIT)
        assert hangs.closed == 0  # closing under a read may crash
        hangs.release.set()
        _eventually(lambda: hangs.closed == 1)
    assert not hangs.closed_while_reading
    assert any(line.startswith("no frame from fake camera for") and line.endswith("trying again") for line in told)


def _watch(source: ReconnectingSource, told: list[str]) -> None:
    while source.reconnections == 0:
        told.append(source.trouble)
        time.sleep(0.005)


def _eventually(true) -> None:
    deadline = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_frozen_source_counts_as_lost_and_is_reported(fakes) -> None:
    frozen, well = fakes.Source(frozen=True, step=0.01), fakes.Source(step=0.01)
    told = []
    with lasting(frozen, well, first_pause=0.2) as source:
        watcher = threading.Thread(target=lambda: _watch(source, told))
        watcher.start()
        until(source, lambda _: source.reconnections >= 1 and not source.trouble)
        watcher.join(WAIT)
        _eventually(lambda: frozen.closed == 1)
    assert any(line.startswith("always the same frame from fake camera for") for line in told)


def test_a_frame_still_frozen_after_reopening_is_not_handed_on(fakes) -> None:
    stuck = [fakes.Source(frozen=True, step=0.01) for _ in range(3)]
    shown = []
    with lasting(*stuck, fakes.Source(step=0.01)) as source:
        pictures = until(source, lambda _: (shown.append(source.reconnections), shown[-1] >= 3)[1])
    assert shown[0] == 0
    assert shown.count(1) == shown.count(2) == 0
    assert pictures[-1].image[0, 0].any()  # the first that differs


def test_pauses_grow_and_begin_anew_once_all_is_well(fakes) -> None:
    attempts = []

    def open_again():
        attempts.append(time.monotonic())
        if len(attempts) < 5:
            raise SourceError("nothing there")
        return fakes.Source(count=3, step=0.01) if len(attempts) == 5 else fakes.Source(step=0.01)

    source = ReconnectingSource(fakes.Source(count=3, step=0.01), open_again, WAIT, 0.02, 0.16)
    with source:
        until(source, lambda _: len(attempts) >= 6 and not source.trouble)
    pauses = np.diff(attempts)
    assert (pauses[:3] >= [0.04, 0.08, 0.16]).all()
    assert pauses[3] >= 0.16  # the longest


def test_opening_may_take_longer_than_a_stall(fakes) -> None:
    clock, well = fakes.Clock(), fakes.Source(step=0.01)
    asked = []

    def open_again():
        asked.append(1)
        clock.advance(10 * STALL)
        return well

    with ReconnectingSource(fakes.Source(count=1), open_again, STALL, 0.01, 0.04, clock=clock) as source:
        until(source, lambda seen: len(seen) == 20)
        assert len(asked) == source.reconnections == 1


def test_a_read_that_waits_ends_when_it_is_cancelled(fakes) -> None:
    source = lasting(fakes.Source(count=1), longest_pause=60.0, first_pause=60.0)
    source.read()
    threading.Timer(0.1, source.cancel).start()
    assert source.read() is None
    source.close()


def test_images_are_the_same_only_where_size_and_content_are() -> None:
    image = np.zeros((32, 32, 3), np.uint8)
    assert same_image(image, image.copy())
    assert not same_image(image, None)
    assert not same_image(image, np.zeros((32, 48, 3), np.uint8))
    assert not same_image(image, np.ones((32, 32, 3), np.uint8))


def test_files_end_and_a_missing_source_is_refused_at_once(clip) -> None:
    with open_reconnecting(clip) as source:
        assert not source.live
    with pytest.raises(SourceError, match="no such file"):
        open_reconnecting("nowhere.mp4")


class _Server:
    """An HTTP camera that does what it is told: well, stall, garbage, or be away."""

    def __init__(self) -> None:
        self.mode = "well"
        self.asked = 0
        self.number = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked += 1
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
                self.end_headers()
                try:
                    while server.mode in ("well", "garbage", "stall"):
                        if server.mode == "stall":
                            time.sleep(0.02)
                            continue
                        server.number += 1
                        image = np.full((96, 160, 3), 5 * server.number % 256, np.uint8)
                        data = cv2.imencode(".jpg", image)[1].tobytes()
                        if server.mode == "garbage":
                            data = bytes(server.number * k % 251 for k in range(len(data)))
                        head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                        self.wfile.write(head.encode() + data + b"\r\n")
                        time.sleep(1 / 50)
                except OSError:
                    return

            def log_message(self, *_: object) -> None:
                pass

        self._handler = Handler
        self._http: ThreadingHTTPServer | None = None
        self.start(0)

    def start(self, port: int) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", port), self._handler)
        self._http.daemon_threads = True
        self.port = self._http.server_port
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.mode = "away"
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[_Server]:
    made = _Server()
    yield made
    made.stop()


def test_a_stream_that_stalls_sends_garbage_dies_and_comes_back_is_read_on(server: _Server) -> None:
    pictures = []
    with open_reconnecting(f"http://127.0.0.1:{server.port}/video") as source:
        source._stall = 0.5  # four times as quick as in the program, for three faults

        def read_on() -> None:
            while (frame := source.read()) is not None:
                pictures.append(frame)

        reader = threading.Thread(target=read_on)
        reader.start()

        def goes_on() -> None:
            seen = len(pictures)
            _eventually(lambda: not source.trouble and len(pictures) >= seen + 10)

        goes_on()
        for fault in ("stall", "garbage", "away"):
            attempts = source.reconnections
            if fault == "away":
                server.stop()
            server.mode = fault
            _eventually(lambda: source.trouble.endswith("; trying again"))
            server.mode = "well"
            if fault == "away":
                server.start(server.port)
            goes_on()
            assert source.reconnections > attempts
    reader.join(WAIT)
    assert not reader.is_alive()
    assert (np.diff([frame.time for frame in pictures]) > 0).all()
