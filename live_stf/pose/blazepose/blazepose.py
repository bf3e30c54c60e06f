"""People by MediaPipe's pose networks, read as OpenPose-18."""

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
    places: np.ndarray  # (33, 2) pixels of the picture
    visibility: np.ndarray  # (33,) 0..1
    next: Region  # where to look for it in the next picture


class BlazePose:
    """Up to `people` bodies a picture, followed from picture to picture.

    A body is looked for where it was in the picture before; the detector runs only while fewer than `people` are
    followed. model: a `.task` bundle; the project's own when not given, with the landmark network that
    `complexity` names: "lite", "full" or "heavy". visible: visibility 0..1 under which a joint counts as absent.
    precision: of the landmark network, "fp32", or "bf16" on a CPU that has it, or "fp16" or "bf16" on a GPU. device:
    "cuda" or "cpu"; where it is not given, an NVIDIA GPU that works, else the processor. notify: called with one line
    when the user should know why it is not the best. networks: the bundle's, opened before.

    Raises AssetError when the project's bundle cannot be had, FileNotFoundError for a bundle that is not there,
    PoseError for one that does not fit, for a number of people below 1 and for a GPU that cannot be used, ModelError
    for a precision that cannot be had.
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
            raise PoseError(f"{people} people cannot be looked for, it has to be 1 or more")
        if networks is None:
            bundle = pose_model(complexity) if model is None else model
            networks = open_networks(bundle, people, precision, device, notify)
        self._networks = networks
        self.name = f"BlazePose {complexity if model is None else model.stem} {precision}"
        if networks.device:
            self.name += f" on {networks.device}"
        self._people = people
        self._visible = visible
        self._anchors = detection.anchors()
        self._followed: list[Region] = []
        # MediaPipe smooths where it is asked for one person, and so that the answers are the same, this does too.
        self._smoother = Smoother() if people == 1 else None

    def __enter__(self) -> BlazePose:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def detect(self, frame: Frame) -> People:
        """Everybody in the picture; see PoseEstimator. A neck needs both shoulders."""
        regions = self._followed
        if len(regions) < self._people:
            regions = [*regions, *self._detected(frame.image)]
        bodies = self._bodies(frame.image, apart(regions)[: self._people])
        self._followed = [body.next for body in bodies]
        found = (
            openpose_joints(BLAZEPOSE_33_TO_OPENPOSE_18, places, visibility, frame.size, self._visible)
            for places, visibility in self._smoothed(frame.time, bodies)
        )
        return People(frame.time, frame.size, persons(found))

    def close(self) -> None:
        """Give memory and threads back; may be called twice."""
        self._networks = None

    def _detected(self, picture: np.ndarray) -> list[Region]:
        """The regions of people anywhere in the picture, the likeliest first."""
        whole = Region.whole((picture.shape[1], picture.shape[0]))
        network = self._networks.detector
        whole.cut(picture, network.picture, cv2.BORDER_CONSTANT)
        network.start()
        boxes, scores = network.results()
        rows = detection.merge(*detection.decode(boxes, scores[:, 0], self._anchors))
        hips, rims = whole.to_picture(rows[:, detection.HIPS]), whole.to_picture(rows[:, detection.RIM])
        return [Region.around(*points) for points in zip(hips, rims, strict=True)]

    def _bodies(self, picture: np.ndarray, regions: Sequence[Region]) -> list[_Body]:
        """The bodies that are in the regions, in the regions' order; a region may be empty."""
        bodies = []
        while regions:
            networks = self._networks.for_people(len(regions))
            for network, region in zip(networks, regions, strict=False):
                region.cut(picture, network.picture, cv2.BORDER_REPLICATE)
                network.start()
            found = [_body(network, region) for network, region in zip(networks, regions, strict=False)]
            bodies += [body for body in found if body is not None]
            regions = regions[len(networks) :]
        return bodies

    def _smoothed(self, time: float, bodies: Sequence[_Body]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Places (33, 2) and visibilities (33,) of every body."""
        if self._smoother is None:
            return [(body.places, body.visibility) for body in bodies]
        if not bodies:
            self._smoother = Smoother()
        return [self._smoother(time, body.places, body.visibility, body.next.side) for body in bodies]


def _body(network: Network, region: Region) -> _Body | None:
    """What the network found in the region, when it has finished."""
    values, presence, heatmap = network.results()
    if presence[0] <= landmarks.PRESENT:
        return None
    places, visibility = landmarks.decode(values, heatmap)
    places = region.to_picture(places)
    return _Body(places[: landmarks.BODY], visibility, Region.around(places[landmarks.HIPS], places[landmarks.RIM]))


def apart(regions: Sequence[Region]) -> list[Region]:
    """The regions without those that show the same person as a later one."""
    kept: list[Region] = []
    for region in regions:
        kept = [other for other in kept if region.overlap(other) <= SAME]
        kept.append(region)
    return kept
