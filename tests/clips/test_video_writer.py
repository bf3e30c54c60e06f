"""The annotated video as players see it."""

from __future__ import annotations

import av
import numpy as np
import pytest

from live_stf.clips.video_writer import VideoWriter
from live_stf.types import Frame


def picture(index: int, width: int, height: int) -> np.ndarray:
    image = np.full((height, width, 3), 40, np.uint8)
    image[:, : 4 + 4 * index] = (30, 200, 90)
    return image


def written(path, times, size=(160, 96), fps=30.0):
    with VideoWriter(path, size, fps) as video:
        for index, time in enumerate(times):
            video.write(Frame(picture(index, *size), time, index))
    with av.open(str(path)) as container:
        codec = container.streams.video[0].codec_context
        return codec, [(frame.time, frame.to_ndarray(format="bgr24")) for frame in container.decode(video=0)]


def test_it_is_h264_that_every_player_knows(tmp_path):
    codec, frames = written(tmp_path / "a.mp4", np.arange(20) / 30)
    assert (codec.name, codec.pix_fmt, codec.width, codec.height) == ("h264", "yuv420p", 160, 96)
    np.testing.assert_allclose([time for time, _ in frames], np.arange(20) / 30, atol=1e-4)
    for index, (_, image) in enumerate(frames):
        assert np.abs(image.astype(int) - picture(index, 160, 96)).mean() < 6


def test_times_are_those_of_the_frames(tmp_path):
    times = [0.0, 0.04, 0.5, 0.51, 2.0]
    _, frames = written(tmp_path / "a.mp4", times)
    np.testing.assert_allclose([time for time, _ in frames], times, atol=1e-4)


@pytest.mark.parametrize("size", [(161, 97), (160, 97), (161, 96)])
def test_odd_sizes_lose_a_line(tmp_path, size):
    codec, frames = written(tmp_path / "a.mp4", np.arange(5) / 30, size)
    assert (codec.width, codec.height) == (160, 96)
    assert len(frames) == 5


@pytest.mark.parametrize("fps", [0.0, 5.0, 23.976, 59.94])
def test_any_stated_rate_is_taken(tmp_path, fps):
    _, frames = written(tmp_path / "a.mp4", np.arange(5) / 7, fps=fps)
    np.testing.assert_allclose([time for time, _ in frames], np.arange(5) / 7, atol=1e-4)


def test_a_video_that_ends_early_is_playable(tmp_path):
    def broken_off():
        with VideoWriter(tmp_path / "a.mp4", (160, 96), 30) as video:
            for index in range(10):
                video.write(Frame(picture(index, 160, 96), index / 30, index))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 10


def test_where_nothing_can_be_written_it_says_so(tmp_path):
    (tmp_path / "a.mp4").mkdir()
    with pytest.raises(OSError, match=r"a\.mp4"):
        VideoWriter(tmp_path / "a.mp4", (160, 96), 30)
