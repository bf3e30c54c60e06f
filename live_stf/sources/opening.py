"""Open a source by its name."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from live_stf.sources.cameras import cameras, find_camera
from live_stf.sources.live_camera import open_camera, open_stream
from live_stf.sources.source import CameraSettings, Source
from live_stf.sources.video_file import VideoFile


def open_source(
    name: str | Path, clock: Callable[[], float] = time.monotonic, settings: CameraSettings | None = None
) -> Source:
    """Open the source that `name` stands for.

    A number (or /dev/videoN) is a camera, a text with :// a stream, everything else the path of a video file; if there
    is no such file, a camera with this text in its name.

    clock: seconds, for the times of live frames. settings: used for cameras only. Raises SourceError if the source
    cannot be opened or has no frame.
    """
    text = str(name)
    if camera := re.fullmatch(r"(?:/dev/video)?(\d+)", text):
        return open_camera(int(camera[1]), settings, clock)
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", text):
        return open_stream(text, clock)
    path = Path(text).expanduser()
    if text and not path.exists() and (found := find_camera(text, cameras())) is not None:
        return open_camera(found.number, settings, clock)
    return VideoFile(path)
