"""What every pose estimator does."""

from __future__ import annotations

from typing import Protocol

from live_stf.types import Frame, People


class PoseEstimator(Protocol):
    """Finds people in pictures.

    One estimator sees one series of pictures, in order: it may follow people from one to the next. name: what it is and
    with which settings, in a few words.
    """

    name: str

    def detect(self, frame: Frame) -> People:
        """Everybody in the picture, joints of OPENPOSE_18 in pixels, all with identity 0."""
        ...

    def close(self) -> None:
        """Give memory and threads back; may be called twice."""
        ...
