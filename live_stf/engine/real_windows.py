"""Windows of a real person on any machine: the sample clip through the pose estimator, cut as in the live program."""

from __future__ import annotations

from pathlib import Path

from live_stf.assets import sample_clip
from live_stf.model import Model
from live_stf.preparation.window_buffer import WindowBuffer
from live_stf.sources.opening import open_source
from live_stf.types import Window

PICTURES = 120
STRIDE = 10  # pictures from one window to the next


def sample_windows(model: Model, clip: Path | None = None) -> list[Window]:
    """Windows of one person, as long as the model's, each STRIDE pictures further into the clip (the sample clip).

    AssetError when the clip or the pose model is not there and cannot be fetched.
    """
    from live_stf.pose.mediapipe import MediaPipePose

    preparation = model.preparation
    windows: list[Window] = []
    with open_source(sample_clip() if clip is None else clip) as source, MediaPipePose(people=1) as pose:
        buffer = WindowBuffer(1, source.size, preparation.span, preparation.frames)
        while (frame := source.read()) is not None and frame.index < PICTURES:
            for person in pose.detect(frame).persons:
                buffer.add(frame.time, person.joints)
            if len(buffer) and frame.index % STRIDE == STRIDE - 1:
                windows.append(buffer.window())
    return windows
