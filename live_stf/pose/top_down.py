"""Find people with one run of a network per person, on a crop around them."""

from __future__ import annotations

import numpy as np

from live_stf.pose.formats.detectors import Detector
from live_stf.pose.formats.output_form import TopDown, distinct
from live_stf.pose.joints import enough
from live_stf.pose.onnx_network import CompiledNetwork
from live_stf.pose.tracking import distinct_bodies
from live_stf.pose.warp import crop, letterbox
from live_stf.types import Frame

# Seconds between two runs of the detector while some people are followed and more may be. A detector takes about
# as long as the pose network, and half a second is soon enough to find a newcomer.
DETECTION_INTERVAL = 0.5
# Seconds without a frame after which people may be anywhere, so that they are searched for again.
LONGEST_GAP = 1.0
# A person's box, as a multiple of the box around their joints: head, hands and feet reach further, and people move.
FOLLOW_MARGIN = 1.2
OVERLAP = 0.5  # intersection over union from which a detected box shows a person who is already followed


class PersonDetector:
    """Boxes around people in the whole image, as `form` reads the network's outputs."""

    def __init__(self, network: CompiledNetwork, form: Detector, score: float) -> None:
        self._network = network
        self._form = form
        self._score = score

    def find(self, frame: Frame) -> np.ndarray:
        """Boxes (n, 4) (left, top, right, bottom) in pixels of the frame, highest score first."""
        warp = letterbox(frame.size, self._network.size)
        boxes = self._form.read(self._network.run(warp.cut(frame.image)), self._score).boxes
        return warp.to_image(boxes.reshape(-1, 2)).reshape(-1, 4)

    def close(self) -> None:
        """Free memory. May be called twice."""
        self._network.close()


class TopDownFinder:
    """Finds bodies as `form` reads the network's outputs; the network runs on one crop per person.

    A crop lies around the person's joints in the previous frame. New people come from the detector. Without a detector,
    the crop is the whole image while nobody is followed. score: smallest mean score of a body's joints. visible:
    smallest score of a visible joint. people: largest number of people.
    """

    def __init__(
        self,
        network: CompiledNetwork,
        form: TopDown,
        score: float,
        visible: float,
        people: int,
        detector: PersonDetector | None = None,
    ) -> None:
        self._network = network
        self._form = form
        self._score = score
        self._visible = visible
        self._people = people
        self._detector = detector
        self._followed: list[np.ndarray] = []
        self._time = -np.inf  # seconds, of the newest frame
        self._detected = -np.inf  # seconds, of the newest frame that the detector ran on

    def find(self, frame: Frame) -> list[np.ndarray]:
        """Keypoints (K, 3) of every body, highest score first: x, y in pixels of the frame, score (0 if hidden)."""
        if not 0 <= frame.time - self._time <= LONGEST_GAP:
            self._followed = []
            self._detected = -np.inf
        self._time = frame.time
        found = [self._body(frame, box) for box in self._boxes(frame)]
        bodies = [body for body in found if body is not None]
        self._followed = [bodies[index] for index in distinct_bodies(bodies)]
        return list(self._followed)

    def close(self) -> None:
        """Free memory. May be called twice."""
        self._network.close()
        if self._detector is not None:
            self._detector.close()

    def _boxes(self, frame: Frame) -> np.ndarray:
        """The boxes to search for bodies: at most `people` boxes (n, 4) in pixels of the frame."""
        followed = np.array([_box_around(body) for body in self._followed]).reshape(-1, 4)
        if self._detector is None:
            return followed if len(followed) else np.array([[0.0, 0.0, *frame.size]])
        if len(followed) >= self._people or (len(followed) and frame.time - self._detected < DETECTION_INTERVAL):
            return followed
        self._detected = frame.time
        boxes = np.concatenate([followed, self._detector.find(frame)])
        # Followed people come first, so that of two boxes around one person the detector's is dropped.
        ranks = np.linspace(1.0, 0.5, len(boxes))
        return boxes[distinct(boxes, ranks, 0.0, OVERLAP)][: self._people]

    def _body(self, frame: Frame, box: np.ndarray) -> np.ndarray | None:
        """Keypoints (K, 3) of the body in the box; None if there is none."""
        warp = crop(box, self._network.size)
        keypoints = self._form.read(self._network.run(warp.cut(frame.image)), warp.size)
        if keypoints[:, 2].mean() < self._score:
            return None
        keypoints[:, :2] = warp.to_image(keypoints[:, :2])
        keypoints[keypoints[:, 2] < self._visible, 2] = 0.0
        return keypoints if enough(keypoints) else None


def _box_around(keypoints: np.ndarray) -> np.ndarray:
    """(left, top, right, bottom) around the visible keypoints (K, 3), with a margin."""
    seen = keypoints[keypoints[:, 2] > 0, :2]
    low, high = seen.min(axis=0), seen.max(axis=0)
    beyond = (FOLLOW_MARGIN - 1) / 2 * (high - low)
    return np.concatenate([low - beyond, high + beyond])
