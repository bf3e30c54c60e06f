"""Find people with MediaPipe's pose landmarker (BlazePose), as OpenPose-18 joints."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import cv2
import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision

from live_stf.errors import PoseError
from live_stf.pose.bundle import pose_bundle
from live_stf.pose.joints import VISIBLE, openpose_joints, persons
from live_stf.skeleton import BLAZEPOSE_33_TO_OPENPOSE_18
from live_stf.types import Frame, People

# Lines that MediaPipe 0.10.31 prints on stderr whenever it starts with this model; none is of use to users.
_KNOWN_MESSAGES = (
    "Created TensorFlow Lite XNNPACK delegate for CPU",
    "All log messages before absl::InitializeLog() is called are written to STDERR",
    "Feedback manager requires a model with a single signature inference",
    "Using NORM_RECT without IMAGE_DIMENSIONS is only supported for the square ROI",
)


class MediaPipePose:
    """Up to `people` bodies per frame, followed from frame to frame (the VIDEO mode of MediaPipe's Tasks API).

    model: a `.task` bundle; by default the project's own, with the landmark network of the given complexity: "lite",
    "full" or "heavy". visible: visibility 0..1 below which a joint counts as absent. precision: only "fp32". Raises
    AssetError if the project's own bundle cannot be made, FileNotFoundError if there is no such bundle, PoseError for
    another precision.

    It must be closed: MediaPipe's own clean-up at the end of the interpreter comes too late and prints errors.
    """

    def __init__(
        self,
        people: int = 2,
        model: Path | None = None,
        visible: float = VISIBLE,
        complexity: str = "full",
        precision: str = "fp32",
    ) -> None:
        if precision != "fp32":
            raise PoseError(f"MediaPipe does not support {precision}; use fp32")
        bundle = pose_bundle(complexity) if model is None else model
        if not bundle.is_file():
            raise FileNotFoundError(f"{bundle}: no such pose model")
        self.name = f"MediaPipe {complexity if model is None else model.stem}"
        self._visible = visible
        self._time = 0.0  # seconds, of the newest frame by its source
        self._shift = 0.0  # seconds that MediaPipe's time is ahead of the source's
        self._stamp = -1  # milliseconds, of the newest frame given to MediaPipe
        with _without_known_messages():
            _warm_up(bundle)
            self._landmarker: vision.PoseLandmarker | None = _open(bundle, people)

    def __enter__(self) -> MediaPipePose:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def detect(self, frame: Frame) -> People:
        """The people in the frame; see PoseEstimator. A neck needs both shoulders."""
        if self._landmarker is None:
            raise PoseError(f"{self.name} is closed")
        image = mediapipe.Image(mediapipe.ImageFormat.SRGB, cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB))
        found = self._landmarker.detect_for_video(image, self._advance(frame.time)).pose_landmarks
        return People(frame.time, frame.size, persons(self._joints(landmarks, frame.size) for landmarks in found))

    def close(self) -> None:
        """Free memory and threads. May be called twice."""
        if self._landmarker is not None:
            self._landmarker.close()
            self._landmarker = None

    def _joints(self, landmarks: list, size: tuple[int, int]) -> np.ndarray:
        values = np.array([(mark.x, mark.y, mark.visibility) for mark in landmarks], dtype=np.float32)
        places = values[:, :2] * np.asarray(size, dtype=np.float32)
        return openpose_joints(BLAZEPOSE_33_TO_OPENPOSE_18, places, values[:, 2], size, self._visible)

    def _advance(self, time: float) -> int:
        """The frame's timestamp in milliseconds for MediaPipe, which refuses timestamps that do not increase.

        If the source's time goes back, all later timestamps are shifted, so that the time between frames stays true.
        """
        if time < self._time:
            self._shift += self._time - time
        self._time = time
        self._stamp = max(round((time + self._shift) * 1000), self._stamp + 1)
        return self._stamp


def _open(bundle: Path, people: int, **confidences: float) -> vision.PoseLandmarker:
    options = vision.PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(bundle)),
        running_mode=vision.RunningMode.VIDEO,
        num_poses=people,
        **confidences,
    )
    return vision.PoseLandmarker.create_from_options(options)


@cache
def _warm_up(bundle: Path) -> None:
    """Make MediaPipe print the messages that come once per process, while stderr is held back.

    Some come with the first body. With a confidence threshold of 0, MediaPipe finds one in an empty image.
    """
    with _open(bundle, 1, min_pose_detection_confidence=0.0, min_pose_presence_confidence=0.0) as landmarker:
        empty = np.zeros((90, 160, 3), dtype=np.uint8)
        landmarker.detect_for_video(mediapipe.Image(mediapipe.ImageFormat.SRGB, empty), 0)


@contextmanager
def _without_known_messages() -> Iterator[None]:
    """Hold back what native code writes to stderr, and then print every line that is not in _KNOWN_MESSAGES."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            for line in held.read().decode(errors="replace").splitlines():
                if line.strip() and not any(known in line for known in _KNOWN_MESSAGES):
                    print(line, file=sys.stderr)
