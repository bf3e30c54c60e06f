"""Everybody in the picture by one run of a network for each, on a crop around them."""

from __future__ import annotations

import numpy as np

from live_stf.pose.formats.detectors import Detector
from live_stf.pose.formats.output_form import TopDown, distinct
from live_stf.pose.joints import enough
from live_stf.pose.onnx_network import OnnxNetwork
from live_stf.pose.tracking import distinct_bodies
from live_stf.pose.warp import crop, letterbox
from live_stf.types import Frame

# Seconds between two looks for more people while somebody is followed and a place is free. A detector costs about as
# much as the pose network, and nobody minds to be seen half a second after they came in.
LOOK_AGAIN = 0.5
# Seconds without a picture after which people may be anywhere, and are looked for anew.
LONGEST_GAP = 1.0
# A person's box in sizes of the box around their joints: head, hands and feet go beyond joints, and people move.
FOLLOW_MARGIN = 1.2
OVERLAP = 0.5  # intersection over union from which a box that was found is that of somebody who is followed


class PersonDetector:
    """Boxes around people in the whole picture, as `form` reads the compiled network."""

    def __init__(self, network: OnnxNetwork, form: Detector, score: float) -> None:
        self._network = network
        self._form = form
        self._score = score

    def find(self, frame: Frame) -> np.ndarray:
        """Boxes (n, 4) (left, top, right, bottom) in pixels of the picture, the surest first."""
        warp = letterbox(frame.size, self._network.size)
        boxes = self._form.read(self._network.run(warp.cut(frame.image)), self._score).boxes
        return warp.back(boxes.reshape(-1, 2)).reshape(-1, 4)

    def close(self) -> None:
        """Give memory back; may be called twice."""
        self._network.close()


class TopDownFinder:
    """Bodies as `form` reads the compiled network, which is run on one crop for each.

    A crop is around the joints of the picture before. People who are new come from the detector; without one, and with
    nobody followed, the whole picture is the crop. score: mean score of the joints that a body needs to be one.
    visible: score of a joint that is seen.
    """

    def __init__(
        self,
        network: OnnxNetwork,
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
        self._time = -np.inf  # seconds, of the newest picture
        self._looked = -np.inf  # seconds, of the newest picture that the detector saw

    def find(self, frame: Frame) -> list[np.ndarray]:
        """Keypoints (K, 3) of every body, the surest first: x, y in pixels of the picture, score, 0 where not seen."""
        if not 0 <= frame.time - self._time <= LONGEST_GAP:
            self._followed = []
            self._looked = -np.inf
        self._time = frame.time
        bodies = [self._body(frame, box) for box in self._boxes(frame)]
        bodies = [body for body in bodies if body is not None]
        self._followed = [bodies[index] for index in distinct_bodies(bodies)]
        return list(self._followed)

    def close(self) -> None:
        """Give memory back; may be called twice."""
        self._network.close()
        if self._detector is not None:
            self._detector.close()

    def _boxes(self, frame: Frame) -> np.ndarray:
        """Where to look for a body each: at most `people` boxes (n, 4) in pixels of the picture."""
        followed = np.array([_box_around(body) for body in self._followed]).reshape(-1, 4)
        if self._detector is None:
            return followed if len(followed) else np.array([[0.0, 0.0, *frame.size]])
        if len(followed) >= self._people or (len(followed) and frame.time - self._looked < LOOK_AGAIN):
            return followed
        self._looked = frame.time
        boxes = np.concatenate([followed, self._detector.find(frame)])
        # Who is followed comes first: the detector's box of the same person is left out, never theirs.
        ranks = np.linspace(1.0, 0.5, len(boxes))
        return boxes[distinct(boxes, ranks, 0.0, OVERLAP)][: self._people]

    def _body(self, frame: Frame, box: np.ndarray) -> np.ndarray | None:
        """Keypoints (K, 3) of the body in the box; None where there is none."""
        warp = crop(box, self._network.size)
        keypoints = self._form.read(self._network.run(warp.cut(frame.image)), warp.size)
        if keypoints[:, 2].mean() < self._score:
            return None
        keypoints[:, :2] = warp.back(keypoints[:, :2])
        keypoints[keypoints[:, 2] < self._visible, 2] = 0.0
        return keypoints if enough(keypoints) else None


def _box_around(keypoints: np.ndarray) -> np.ndarray:
    """(left, top, right, bottom) around the keypoints (K, 3) that are seen, with what a body has beyond them."""
    seen = keypoints[keypoints[:, 2] > 0, :2]
    low, high = seen.min(axis=0), seen.max(axis=0)
    beyond = (FOLLOW_MARGIN - 1) / 2 * (high - low)
    return np.concatenate([low - beyond, high + beyond])
