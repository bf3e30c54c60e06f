"""Files, cameras and streams behind one type; real files and a real stream on loopback."""

from __future__ import annotations

import itertools
import socket
import subprocess
import sys
import threading
import time
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from live_stf.errors import SourceError
from live_stf.sources.opening import open_source

TICK = Fraction(1, 90000)


def picture(index: int, width: int = 160, height: int = 96) -> np.ndarray:
    """A picture with enough in it that a codec has something to do."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x + 3 * index, y + 2 * index, (x * y) // 50 + index], axis=-1).astype(np.uint8)


def write(path, stamps, width=160, height=96, rate=30, options=None, container_options=None):
    """A video of pictures at the times `stamps` (seconds)."""
    with av.open(str(path), "w", container_options=container_options or {}) as container:
        stream = container.add_stream("libx264", rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = TICK
        for index, stamp in enumerate(stamps):
            frame = av.VideoFrame.from_ndarray(picture(index, width, height), format="bgr24")
            frame.pts, frame.time_base = round(stamp / TICK), TICK
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Two seconds at 30 pictures a second, index at the front, so that it can be cut anywhere."""
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    return write(path, np.arange(60) / 30, container_options={"movflags": "faststart"})


def read_all(source):
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    return frames


def test_a_file_gives_all_its_pictures_with_their_own_times(video):
    with open_source(video) as source:
        assert (source.live, source.size, source.fault) == (False, (160, 96), None)
        assert source.fps == pytest.approx(30)
        assert source.duration == pytest.approx(2.0, abs=0.05)
        frames = read_all(source)
        assert source.read() is None
        assert source.fault is None
    np.testing.assert_allclose([frame.time for frame in frames], np.arange(60) / 30, atol=2e-3)
    assert [frame.index for frame in frames] == list(range(60))
    assert np.abs(frames[0].image.astype(int) - picture(0)).mean() < 12


def test_uneven_times_are_kept(tmp_path):
    stamps = np.cumsum(np.random.default_rng(0).uniform(0.05, 0.4, 40)) - 0.05
    stamps[0] = 0
    with open_source(write(tmp_path / "uneven.mkv", stamps, rate=5)) as source:
        times = [frame.time for frame in read_all(source)]
        assert source.fault is None
    np.testing.assert_allclose(times, stamps, atol=2e-3)


def test_times_begin_at_zero_whatever_the_file_says(tmp_path):
    with open_source(write(tmp_path / "late.ts", 5 + np.arange(30) / 30)) as source:
        times = [frame.time for frame in read_all(source)]
    np.testing.assert_allclose(times, np.arange(len(times)) / 30, atol=2e-3)


def test_times_are_index_over_rate_if_a_container_gives_none(tmp_path):
    with open_source(write(tmp_path / "raw.h264", np.arange(30) / 30, options={"bf": "0"})) as source:
        times = [frame.time for frame in read_all(source)]
        rate = source.fps or 25.0
    np.testing.assert_allclose(times, np.arange(len(times)) / rate, atol=1e-3)


def test_a_real_avi_whose_last_pictures_have_no_time(shared):
    """OpenCV says 0 ms for the last two pictures of this file, and 67 ms for its first."""
    with open_source(shared / "videos" / "drink_ntu_S001C001P001R001A001.avi") as source:
        times = [frame.time for frame in read_all(source)]
        assert source.fault is None
    np.testing.assert_allclose(times, np.arange(103) / 30, atol=1e-3)


def test_a_picture_turned_by_its_metadata_comes_upright(tmp_path, video):
    turned = tmp_path / "turned.mp4"
    with av.open(str(video)) as source, av.open(str(turned), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        stream.set_display_matrix([0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30])  # a quarter turn
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    with open_source(turned) as source:
        assert source.size == (96, 160)
        assert source.read().size == (96, 160)


# Not later: FFmpeg may show the picture that was cut through, and what is missing behind it has to be more than 0.2 s.
@pytest.mark.parametrize("part", [0.7, 0.85])
def test_a_file_cut_short_gives_what_is_there_and_then_says_so(tmp_path, video, part):
    cut = tmp_path / "cut.mp4"
    content = video.read_bytes()
    cut.write_bytes(content[: int(len(content) * part)])
    with open_source(cut) as source:
        assert source.fault is None
        frames = read_all(source)
        assert 0 < len(frames) < 60
        assert "cut.mp4" in source.fault
        assert "cut short" in source.fault
        assert "\n" not in source.fault


def test_a_real_clip_cut_short(tmp_path, shared):
    cut = tmp_path / "cut.mp4"
    cut.write_bytes((shared / "videos" / "walk_side_view.mp4").read_bytes()[:1_300_000])
    with open_source(cut) as source:
        frames = read_all(source)
        assert 20 < len(frames) < 200
        assert "of the 7.7 s" in source.fault


def test_names_may_hold_anything(tmp_path, video, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("http: Übung 一.mp4", "-i %03d.mp4", "file:x.mp4"):
        Path(name).write_bytes(video.read_bytes())
        with open_source(name) as source:
            assert source.read() is not None


def refused(spec) -> str:
    with pytest.raises(SourceError) as caught:
        open_source(spec)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_file_that_is_not_a_video_is_refused_in_one_line(tmp_path, video):
    text = tmp_path / "text.mp4"
    text.write_text("not a video\n" * 100)
    empty = tmp_path / "empty.mp4"
    empty.touch()
    headless = tmp_path / "headless.mp4"
    headless.write_bytes(video.read_bytes()[-2000:])
    still = tmp_path / "still.jpg"
    cv2.imwrite(str(still), picture(0))
    assert refused(tmp_path / "missing.mp4") == f"{tmp_path / 'missing.mp4'}: no such file"
    assert "not a video" in refused(text)
    assert "not a video" in refused(headless)
    assert "empty" in refused(empty)
    assert "folder" in refused(tmp_path)
    assert "a single picture" in refused(still)


def test_a_missing_camera_names_the_option():
    for spec in ("97", "/dev/video97"):
        assert "camera 97" in refused(spec)
        assert "--source" in refused(spec)


def test_opencv_and_ffmpeg_stay_silent(tmp_path):
    (tmp_path / "text.mp4").write_text("not a video")
    program = """
import sys
from live_stf.errors import SourceError
from live_stf.sources.opening import open_source
for spec in (sys.argv[1], "97", "http://127.0.0.1:9/video"):
    try:
        open_source(spec)
    except SourceError:
        print("refused")
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "text.mp4")], capture_output=True, text=True, check=True
    )
    assert done.stdout == "refused\n" * 3
    assert done.stderr == ""


class _Camera(BaseHTTPRequestHandler):
    """A network camera: JPEGs one after the other in a multipart answer, 30 a second."""

    pictures = 45

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
        self.end_headers()
        for index in range(self.pictures):
            data = cv2.imencode(".jpg", picture(index))[1].tobytes()
            head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
            try:
                self.wfile.write(head.encode() + data + b"\r\n")
            except OSError:
                return
            time.sleep(1 / 30)

    def log_message(self, *_):
        pass


@pytest.fixture
def camera_url():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Camera)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/video"
    server.shutdown()
    server.server_close()


def test_a_stream_is_live_and_timed_by_the_clock(camera_url):
    began = time.monotonic()
    with open_source(camera_url) as source:
        assert (source.live, source.size, source.duration) == (True, (160, 96), None)
        frames = read_all(source)
        passed = time.monotonic() - began
        assert source.fault == f"stream {camera_url} gives no more frames"
    times = [frame.time for frame in frames]
    assert len(frames) >= 30
    assert all(later > earlier for earlier, later in itertools.pairwise(times))
    assert times[0] >= 0
    assert times[-1] <= passed


def test_times_ascend_on_a_clock_that_ticks_slowly(camera_url):
    with open_source(camera_url, clock=lambda: 7.0) as source:
        times = [frame.time for frame in read_all(source)]
    assert all(later > earlier for earlier, later in itertools.pairwise(times))
    assert times[-1] < 0.1


def test_a_stream_that_nobody_sends_is_refused():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://user:secret@127.0.0.1:{taken.getsockname()[1]}/video"
        said = refused(url)
    assert "cannot be reached" in said
    assert "secret" not in said


def test_a_source_can_be_closed_twice(video):
    source = open_source(video)
    source.close()
    source.close()
