"""RTSP and UDP: real senders on loopback that stall, send garbage, die and come back."""

from __future__ import annotations

import os
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import numpy as np
import pytest

from live_stf.sources.reconnect import open_reconnecting
from live_stf.types import Frame

RATE = 30
SIZE = (320, 240)
BITS = 10  # of a picture's number, painted into it as squares
WAIT = 40.0  # seconds for what takes two or three on a machine that is not busy
TICK = Fraction(1, 90000)
TS_DATAGRAM = 7 * 188  # bytes, as MPEG-TS is sent over UDP
SDP = """v=0
o=- 0 0 IN IP4 127.0.0.1
s=camera
c=IN IP4 127.0.0.1
t=0 0
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1
a=control:video
""".replace("\n", "\r\n")


def picture(number: int) -> np.ndarray:
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    image = np.stack([x + 3 * number, y + 2 * number, (x * y) // 50 + number], axis=-1).astype(np.uint8)
    for bit in range(BITS):
        image[:32, 32 * bit : 32 * (bit + 1)] = 255 if number >> bit & 1 else 0
    return image


def number_of(image: np.ndarray) -> int:
    return sum(1 << bit for bit in range(BITS) if image[16, 32 * bit + 16].mean() > 127)


class _Sink:
    """Takes what a muxer writes."""

    def __init__(self, put: Callable[[bytes], None]) -> None:
        self._put = put

    def write(self, data: bytes) -> int:
        self._put(bytes(data))
        return len(data)


class Sender:
    """Encodes pictures as H.264 as long as `mode` lets it: well, stall, garbage or away."""

    def __init__(self) -> None:
        self.mode = "well"
        self.number = 0

    def play(self, put: Callable[[bytes], None], container: str, options: dict[str, str]) -> None:
        """Send pictures in the container through `put`, until `mode` is away."""
        codec = {"preset": "ultrafast", "tune": "zerolatency", "g": "15", "x264-params": "repeat-headers=1"}
        with av.open(_Sink(put), "w", format=container, container_options=options) as opened:
            stream = opened.add_stream("libx264", rate=RATE, options=codec)
            stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
            stream.codec_context.time_base = TICK
            began = time.monotonic()
            while self.mode != "away":
                if self.mode != "stall":
                    self.number = (self.number + 1) % (1 << BITS)
                    frame = av.VideoFrame.from_ndarray(picture(self.number), format="bgr24")
                    frame.pts, frame.time_base = round((time.monotonic() - began) / TICK), TICK
                    opened.mux(stream.encode(frame))
                time.sleep(1 / RATE)

    def spoilt(self, data: bytes) -> bytes:
        return os.urandom(len(data)) if self.mode == "garbage" else data

    def die(self) -> None:
        self.mode = "away"

    def live(self) -> None:
        self.mode = "well"


class RtspServer(Sender):
    """Answers OPTIONS, DESCRIBE, SETUP and PLAY; sends RTP between the answers, as RFC 2326 has it in 10.12."""

    def __init__(self) -> None:
        super().__init__()
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                try:
                    while server.answer(self) != "PLAY":
                        pass
                    server.play(lambda packet: server.send(self, packet), "rtp", {"packetsize": "1200"})
                except OSError:
                    pass

        self._handler = Handler
        self._listen(0)
        self.url = f"rtsp://127.0.0.1:{self.port}/video"

    def _listen(self, port: int) -> None:
        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", port), self._handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, connection: socketserver.StreamRequestHandler) -> str:
        method = connection.rfile.readline().decode().partition(" ")[0]
        if not method:
            raise ConnectionError("the client has gone")
        headers = {}
        while line := connection.rfile.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = SDP if method == "DESCRIBE" else ""
        lines = [
            "RTSP/1.0 200 OK",
            f"CSeq: {headers['cseq']}",
            "Session: 1",
            "Public: OPTIONS, DESCRIBE, SETUP, PLAY",
            "Transport: RTP/AVP/TCP;unicast;interleaved=0-1",
            "Content-Type: application/sdp",
            f"Content-Length: {len(body)}",
        ]
        connection.wfile.write("\r\n".join([*lines, "", body]).encode())
        return method

    def send(self, connection: socketserver.StreamRequestHandler, packet: bytes) -> None:
        channel = 1 if 72 <= packet[1] & 127 <= 76 else 0  # RTCP, RTP
        connection.wfile.write(b"$" + struct.pack(">BH", channel, len(packet)) + self.spoilt(packet))

    def die(self) -> None:
        super().die()
        self._server.shutdown()
        self._server.server_close()

    def live(self) -> None:
        if self.mode == "away":
            self._listen(self.port)
        super().live()


class UdpSender(Sender):
    """MPEG-TS in datagrams, whether anybody listens or not."""

    def __init__(self) -> None:
        super().__init__()
        self._over = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self._target = free.getsockname()
        self.url = f"udp://127.0.0.1:{self._target[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._over:
            if self.mode == "away":
                time.sleep(0.02)
            else:
                self.play(self._send, "mpegts", {"flush_packets": "1"})

    def _send(self, data: bytes) -> None:
        for first in range(0, len(data), TS_DATAGRAM):
            self._socket.sendto(self.spoilt(data[first : first + TS_DATAGRAM]), self._target)

    def close(self) -> None:
        self._over = True
        self.die()
        self._thread.join(WAIT)
        self._socket.close()


@pytest.fixture(params=["rtsp", "udp"])
def sender(request: pytest.FixtureRequest) -> Iterator[Sender]:
    if request.param == "rtsp":
        made = RtspServer()
        yield made
        made.die()
    else:
        made = UdpSender()
        yield made
        made.close()


def _eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_stream_that_stalls_sends_garbage_dies_and_comes_back_is_read_on_without_lag(sender: Sender) -> None:
    pictures: list[Frame] = []
    behind: list[int] = []
    with open_reconnecting(sender.url) as source:
        source._stall, source._first_pause = 0.8, 0.1  # quicker than in the program, for three faults
        assert source.size == SIZE

        def read_on() -> None:
            while (frame := source.read()) is not None:
                behind.append((sender.number - number_of(frame.image)) % (1 << BITS))
                pictures.append(frame)

        reader = threading.Thread(target=read_on)
        reader.start()

        def goes_on() -> None:
            seen = len(pictures)
            _eventually(lambda: not source.trouble and len(pictures) >= seen + 20)
            # Pictures on their way are a few; those of a second would be a queue.
            _eventually(lambda: np.median(behind[-10:]) < RATE / 2)

        goes_on()
        for fault in ("stall", "garbage", "away"):
            attempts = source.reconnections
            if fault == "away":
                sender.die()
            sender.mode = fault
            _eventually(lambda: source.trouble.endswith("; trying again"))
            sender.live()
            goes_on()
            assert source.reconnections > attempts
    reader.join(WAIT)
    assert not reader.is_alive()
    assert (np.diff([frame.time for frame in pictures]) > 0).all()
