"""Windows of a real person on any machine: the sample clip through BlazePose, cut as in the live program."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from live_stf.assets import sample_clip
from live_stf.model import Model
from live_stf.pose.estimators import open_pose
from live_stf.preparation.window_buffer import WindowBuffer
from live_stf.sources.opening import open_source
from live_stf.types import Window

POSE = "blazepose:cpu"  # the same windows with and without a GPU
FRAMES = 120
STRIDE = 10  # frames from one window to the next


def sample_windows(model: Model, clip: Path | None = None) -> list[Window]:
    """Windows of one person in a clip, one every STRIDE frames, each as long as the model's span.

    clip: the sample clip by default. Raises AssetError if the clip or the pose networks cannot be downloaded.
    """
    preparation = model.preparation
    windows: list[Window] = []
    with open_source(sample_clip() if clip is None else clip) as source, closing(open_pose(POSE, people=1)) as pose:
        buffer = WindowBuffer(1, source.size, preparation.span, preparation.frames)
        while (frame := source.read()) is not None and frame.index < FRAMES:
            for person in pose.detect(frame).persons:
                buffer.add(frame.time, person.joints)
            if len(buffer) and frame.index % STRIDE == STRIDE - 1:
                windows.append(buffer.window())
    return windows
