"""Find people with MediaPipe's pose networks, as OpenPose-18 joints."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from live_stf.errors import PoseError
from live_stf.pose.blazepose import detection, landmarks
from live_stf.pose.blazepose.device import open_networks
from live_stf.pose.blazepose.networks import Network, Networks
from live_stf.pose.blazepose.region import Region
from live_stf.pose.blazepose.smoothing import Smoother
from live_stf.pose.joints import VISIBLE, openpose_joints, persons
from live_stf.pose.pose_models import pose_model
from live_stf.skeleton import BLAZEPOSE_33_TO_OPENPOSE_18
from live_stf.types import Frame, People

log = logging.getLogger(__name__)

# Overlap (intersection over union) above which two regions show one person.
SAME = 0.5


@dataclass(frozen=True, eq=False)
class _Body:
    places: np.ndarray  # (33, 2) pixels of the frame
    visibility: np.ndarray  # (33,) 0..1
    next: Region  # where to search for it in the next frame


class BlazePose:
    """Up to `people` bodies per frame, followed from frame to frame.

    A body is searched for where it was in the previous frame; the detector runs only while fewer than `people` are
    followed. model: a file with both networks (see `pose_models`), e.g. a `.task` bundle; by default the project's own,
    with the landmark network of the given complexity: "lite", "full" or "heavy". visible: visibility 0..1 below which a
    joint counts as absent. precision: of the landmark network: "fp32", "bf16" on a CPU that has it, "fp16" or "bf16" on
    a GPU. device: "cuda" or "cpu"; by default an NVIDIA GPU if one works, else the CPU. notify: called with one line if
    the best option cannot be used. networks: networks of the model that are already open.

    Raises AssetError if the project's own networks cannot be downloaded, FileNotFoundError if there is no such file,
    PoseError for a file without the two networks, for fewer than 1 person and for a GPU that cannot be used, ModelError
    for a precision that is not available.
    """

    def __init__(
        self,
        people: int = 2,
        model: Path | None = None,
        visible: float = VISIBLE,
        complexity: str = "full",
        precision: str = "fp32",
        device: str | None = None,
        notify: Callable[[str], None] = log.info,
        networks: Networks | None = None,
    ) -> None:
        if people < 1:
            raise PoseError(f"cannot find {people} people; the number must be 1 or more")
        if networks is None:
            path = pose_model(complexity) if model is None else model
            networks = open_networks(path, people, precision, device, notify)
        self._networks: Networks | None = networks
        self.name = f"BlazePose {complexity if model is None else model.stem} {precision}"
        if networks.device:
            self.name += f" on {networks.device}"
        self._people = people
        self._visible = visible
        self._anchors = detection.anchors()
        self._followed: list[Region] = []
        # MediaPipe, too, smooths only if it follows one person.
        self._smoother = Smoother() if people == 1 else None

    def __enter__(self) -> BlazePose:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def detect(self, frame: Frame) -> People:
        """The people in the frame; see PoseEstimator. A neck needs both shoulders."""
        if self._networks is None:
            raise PoseError(f"{self.name} is closed")
        regions = self._followed
        if len(regions) < self._people:
            regions = [*regions, *self._detected(self._networks.detector, frame.image)]
        bodies = _bodies(self._networks, frame.image, apart(regions)[: self._people])
        self._followed = [body.next for body in bodies]
        found = (
            openpose_joints(BLAZEPOSE_33_TO_OPENPOSE_18, places, visibility, frame.size, self._visible)
            for places, visibility in self._smoothed(frame.time, bodies)
        )
        return People(frame.time, frame.size, persons(found))

    def close(self) -> None:
        """Free memory and threads. May be called twice."""
        self._networks = None

    def _detected(self, network: Network, image: np.ndarray) -> list[Region]:
        """The regions of people anywhere in the image, highest probability first."""
        whole = Region.whole((image.shape[1], image.shape[0]))
        whole.cut(image, network.image, cv2.BORDER_CONSTANT)
        network.start()
        boxes, scores = network.results()
        rows = detection.merge(*detection.decode(boxes, scores[:, 0], self._anchors))
        hips, rims = whole.to_image(rows[:, detection.HIPS]), whole.to_image(rows[:, detection.RIM])
        return [Region.around(*points) for points in zip(hips, rims, strict=True)]

    def _smoothed(self, time: float, bodies: Sequence[_Body]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Places (33, 2) and visibilities (33,) of every body."""
        if self._smoother is None:
            return [(body.places, body.visibility) for body in bodies]
        if not bodies:
            self._smoother = Smoother()
        return [self._smoother(time, body.places, body.visibility, body.next.side) for body in bodies]


def _bodies(networks: Networks, image: np.ndarray, regions: Sequence[Region]) -> list[_Body]:
    """The bodies in the regions, in the regions' order; a region may be empty."""
    bodies: list[_Body] = []
    while regions:
        landmark_networks = networks.for_people(len(regions))
        for network, region in zip(landmark_networks, regions, strict=False):
            region.cut(image, network.image, cv2.BORDER_REPLICATE)
            network.start()
        found = [_body(network, region) for network, region in zip(landmark_networks, regions, strict=False)]
        bodies += [body for body in found if body is not None]
        regions = regions[len(landmark_networks) :]
    return bodies


def _body(network: Network, region: Region) -> _Body | None:
    """The body that a started network finds in the region, or None."""
    values, presence, heatmap = network.results()
    if presence[0] <= landmarks.PRESENT:
        return None
    places, visibility = landmarks.decode(values, heatmap)
    places = region.to_image(places)
    return _Body(places[: landmarks.BODY], visibility, Region.around(places[landmarks.HIPS], places[landmarks.RIM]))


def apart(regions: Sequence[Region]) -> list[Region]:
    """The regions without those that show the same person as a later region."""
    kept: list[Region] = []
    for region in regions:
        kept = [other for other in kept if region.overlap(other) <= SAME]
        kept.append(region)
    return kept
