"""Recognition as a library: images or keypoints in, events out. Needs no window and no Qt."""

from __future__ import annotations

import time as clock
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from live_stf.engine import open_classifier
from live_stf.live.events import changes
from live_stf.live.loop import LABELS_PER_SECOND, LiveLoop
from live_stf.live.person_states import PersonStates
from live_stf.model import load_model
from live_stf.pose import estimators
from live_stf.pose.joints import OPENPOSE_18_UNCHANGED, VISIBLE, openpose_joints, persons
from live_stf.pose.tracking import Tracker
from live_stf.runtime.forking import check_process
from live_stf.skeleton import BLAZEPOSE_33_TO_OPENPOSE_18, COCO_17_TO_OPENPOSE_18
from live_stf.sources.reconnect import open_reconnecting
from live_stf.types import Event, Frame, People, Scores

if TYPE_CHECKING:
    from live_stf.pose.estimator import PoseEstimator

LAYOUTS = MappingProxyType(
    {
        "openpose18": OPENPOSE_18_UNCHANGED,
        "coco17": COCO_17_TO_OPENPOSE_18,
        "mediapipe33": BLAZEPOSE_33_TO_OPENPOSE_18,
    }
)


class Recognizer:
    """Recognises what the people in view of one camera are doing.

    model: a name in models/, or a model's folder. engine, pose: the engine that runs the network and the pose
    estimator, named as on the command line. The pose estimator is opened with the first image; keypoints need none.
    people: the largest number of people to find. labels_per_second: the highest rate at which the network runs.

    Raises ModelError, EngineError, AssetError or PoseError, all of them LiveStfError. Not thread-safe.

    Examples
    --------
    Listen to a camera, a video file or a network stream:

    >>> with Recognizer() as recognizer:
    ...     for event in recognizer.listen(0):
    ...         print(event.identity, event.state, event.label, event.score)

    Give it images of your own:

    >>> recognizer = Recognizer(people=1)
    >>> events = recognizer.push_image(image, time=0.0)
    """

    def __init__(
        self,
        model: str = "everyday",
        engine: str = "auto",
        pose: str = estimators.DEFAULT_POSE,
        people: int = 2,
        labels_per_second: float = LABELS_PER_SECOND,
    ) -> None:
        self.model = load_model(model)
        self._classifier = open_classifier(self.model, engine)
        estimators.parse_pose(pose)  # raises PoseError now, not with the first image
        self._pose_name, self._people = pose, people
        self._period = 1.0 / labels_per_second
        self._pose: PoseEstimator | None = None
        self._tracker = Tracker()
        self._states = PersonStates(self.model, forget=self._tracker.max_age)
        self._newest = self._classified = -np.inf  # seconds, of the newest frame and of the newest classified one
        self._images = 0

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that an event can have: the model's classes without the class for everything else."""
        return tuple(label for label in self.model.labels if label != self.model.none_label)

    def __enter__(self) -> Recognizer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the memory and the threads of the pose estimator. May be called twice."""
        if self._pose is not None:
            self._pose.close()
            self._pose = None

    def push_image(self, image: np.ndarray, time: float | None = None) -> list[Event]:
        """Take the next frame's image and return the newest event of every person.

        image: (height, width, 3) uint8 BGR, as OpenCV reads it. time: seconds at which it was taken, later than the
        previous frame's; None for now. A person who has left is in the list once more, in state NO_PERSON. Raises
        ValueError if the image has another shape or type, or if the time does not increase.
        """
        image = np.asarray(image)
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise ValueError(f"an image must be (height, width, 3) uint8, got {image.shape} {image.dtype}")
        time = self._advance(time)
        if self._pose is None:
            self._pose = estimators.open_pose(self._pose_name, self._people)
        people = self._pose.detect(Frame(np.ascontiguousarray(image), time, self._images))
        self._images += 1
        return self._take(people)

    def push_keypoints(
        self,
        bodies: Sequence[np.ndarray] | np.ndarray,
        size: tuple[int, int],
        time: float | None = None,
        layout: str = "openpose18",
        visible: float = VISIBLE,
    ) -> list[Event]:
        """Take the next frame's keypoints in place of its image, and return the newest event of every person.

        bodies: (M, K, 3) of x and y in pixels and a score 0..1 that the point is visible; M may be 0. K is 18, 17 or 33
        depending on `layout`, one of LAYOUTS. size: (width, height) of the frame in pixels. Points outside it, or with
        a score below `visible`, are absent. People are tracked from frame to frame, so their order does not matter.
        See `push_image` for `time` and the events. Raises ValueError if the keypoints have another shape or are not
        finite, or if the layout is unknown.
        """
        remap = LAYOUTS.get(layout)
        if remap is None:
            raise ValueError(f"unknown layout {layout!r}; choose one of {', '.join(LAYOUTS)}")
        points = np.asarray(bodies, dtype=np.float32)
        if not len(points):
            points = np.zeros((0, len(remap.source), 3), np.float32)
        if points.ndim != 3 or points.shape[1:] != (len(remap.source), 3):
            raise ValueError(f"{layout} keypoints must be (people, {len(remap.source)}, 3), got {points.shape}")
        if not np.isfinite(points).all():
            raise ValueError("keypoints must be finite: give points that are not visible the score 0")
        time = self._advance(time)
        joints = (openpose_joints(remap, body[:, :2], body[:, 2], size, visible) for body in points)
        return self._take(People(time, size, persons(joints)))

    def listen(self, source: str | int = 0) -> Iterator[Event]:
        """Yield an event whenever the state or label of a person changes.

        source: a camera's number or name, a video file or a stream's URL. Capture, pose estimation and the network run
        in threads, each at its own rate, until the source ends or the iteration is left. Pushed images and keypoints
        have no effect. Raises SourceError if the source cannot be opened, or the error that ended it early.
        """
        check_process()
        camera = open_reconnecting(str(source))
        try:
            pose = estimators.open_pose(self._pose_name, self._people)
        except BaseException:
            camera.close()
            raise
        known: dict[int, Event] = {}
        with LiveLoop(camera, pose, self._classifier, self.model, labels_per_second=1 / self._period) as loop:
            finished = False
            while not finished:
                snapshot = loop.snapshot()
                finished = snapshot.finished
                time = 0.0 if snapshot.people is None else snapshot.people.time
                yield from changes(known, dict(snapshot.events), time)
                if not finished:
                    clock.sleep(self._period / 2)
        if loop.error is not None:
            raise loop.error

    def _advance(self, time: float | None) -> float:
        check_process()
        time = clock.monotonic() if time is None else float(time)
        if not time > self._newest:
            raise ValueError(f"time {time:g} s is not later than the previous frame's, {self._newest:g} s")
        self._newest = time
        return time

    def _take(self, people: People) -> list[Event]:
        self._states.observe(self._tracker.update(people))
        scores: list[Scores] = []
        if people.time - self._classified >= self._period - 1e-6:
            self._classified = people.time
            scores = self._classifier.classify(self._states.windows())
        return self._states.decide(scores)
