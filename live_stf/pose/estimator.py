"""The interface of every pose estimator."""

from __future__ import annotations

from typing import Protocol

from live_stf.types import Frame, People


class PoseEstimator(Protocol):
    """Finds people in the frames of one video, given in order: it may follow them from one frame to the next.

    name: the estimator and its settings in a few words, for messages.
    """

    name: str

    def detect(self, frame: Frame) -> People:
        """The people in the frame: joints of OPENPOSE_18 in pixels, all with identity 0."""
        ...

    def close(self) -> None:
        """Free memory and threads. May be called twice."""
        ...
