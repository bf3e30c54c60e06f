"""Find people with a user's own pose network: an ONNX file with COCO-17 or OpenPose-18 joints, run by OpenVINO.

The forms of output that can be read are in `formats`. A file beside the network adds facts that shapes do not show
(`description`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from live_stf.errors import PoseError
from live_stf.pose.description import DetectorDescription, PoseDescription, description_path, read_description
from live_stf.pose.formats.detectors import Detector, DetsAndLabels, YoloBoxes, YoloBoxesEndToEnd
from live_stf.pose.formats.heat_maps import HeatMaps
from live_stf.pose.formats.one_stage import OneStage
from live_stf.pose.formats.output_form import OutputForm, TopDown, WholeImage
from live_stf.pose.formats.simcc import SimCC
from live_stf.pose.formats.yolo import Yolo, YoloEndToEnd
from live_stf.pose.joints import OPENPOSE_18_UNCHANGED, VISIBLE, openpose_joints, persons
from live_stf.pose.onnx_network import OnnxNetwork
from live_stf.pose.top_down import PersonDetector, TopDownFinder
from live_stf.pose.whole_image import WholeImageFinder
from live_stf.skeleton import COCO_17_TO_OPENPOSE_18, Remap
from live_stf.types import Frame, People

POSE_FORMS: tuple[WholeImage | TopDown, ...] = (Yolo(), YoloEndToEnd(), OneStage(), SimCC(), HeatMaps())
DETECTOR_FORMS: tuple[Detector, ...] = (YoloBoxesEndToEnd(), YoloBoxes(), DetsAndLabels())

LAYOUTS = {
    "coco17": COCO_17_TO_OPENPOSE_18,
    "openpose18": OPENPOSE_18_UNCHANGED,
}

# Smallest scores of a person if the description names none.
SCORE = 0.3
DETECTOR_SCORE = 0.5

Form = TypeVar("Form", bound=OutputForm)


class OnnxPose:
    """Up to `people` bodies per frame by the network in a `.onnx` file.

    A network that takes the whole image finds everybody at once; a top-down network gets a crop for each person, see
    `TopDownFinder`. precision: a key of `runtime.openvino.PRECISIONS`. notify: called with one line about a limit of
    the network. Raises PoseError if the file, its description or its detector does not fit.
    """

    def __init__(
        self,
        path: Path,
        people: int = 2,
        precision: str = "fp32",
        notify: Callable[[str], None] = lambda line: None,
    ) -> None:
        description = read_description(path)
        network = OnnxNetwork(path, description.size)
        form = _find_form(
            network, POSE_FORMS, description.kind, lambda form: form.joints(network.shapes, network.size) is not None
        )
        self._remap = _layout(network, form, description)
        compiled = network.compile(description.pixels(form.pixels), precision)
        self.name = f"{path.stem} {precision}"
        self._people = people
        self._visible = VISIBLE if description.visible is None else description.visible
        self._finder: WholeImageFinder | TopDownFinder
        score = SCORE if description.score is None else description.score
        if isinstance(form, WholeImage):
            if description.detector is not None:
                raise PoseError(f"{description_path(path)}: {path.name} needs no detector; leave it out")
            self._finder = WholeImageFinder(compiled, form, score)
        else:
            detector = None if description.detector is None else _open_detector(description.detector, precision)
            if detector is None and people > 1:
                notify(f"{path.name} follows one person; for more, name a detector in {description_path(path).name}")
            self._finder = TopDownFinder(compiled, form, score, self._visible, people, detector)

    def __enter__(self) -> OnnxPose:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def detect(self, frame: Frame) -> People:
        """The people in the frame; see PoseEstimator."""
        found = (
            openpose_joints(self._remap, keypoints[:, :2], keypoints[:, 2], frame.size, self._visible)
            for keypoints in self._finder.find(frame)
        )
        return People(frame.time, frame.size, persons(found)[: self._people])

    def close(self) -> None:
        """Free memory. May be called twice."""
        self._finder.close()


def _open_detector(description: DetectorDescription, precision: str) -> PersonDetector:
    network = OnnxNetwork(description.file, description.size)
    form = _find_form(network, DETECTOR_FORMS, description.kind, lambda form: form.fits(network.shapes))
    compiled = network.compile(description.pixels(form.pixels), precision)
    return PersonDetector(compiled, form, DETECTOR_SCORE if description.score is None else description.score)


def _find_form(network: OnnxNetwork, forms: Sequence[Form], kind: str | None, fits: Callable[[Form], bool]) -> Form:
    """The form of the network's outputs, of the given kind if there is one. Raises PoseError if none fits."""
    kinds = [form.kind for form in forms]
    if kind is not None and kind not in kinds:
        raise PoseError(
            f"{network.path}: its description names an unknown kind {kind!r}; choose one of {', '.join(kinds)}"
        )
    fitting = [form for form in forms if fits(form) and kind in (None, form.kind)]
    if not fitting:
        reason = f"not of the kind {kind!r}" if kind else f"of none of the known forms ({', '.join(kinds)})"
        raise PoseError(f"{network.path}: its outputs {network.outputs} are {reason}; see docs/own-pose-network.md")
    return fitting[0]


def _layout(network: OnnxNetwork, form: WholeImage | TopDown, description: PoseDescription) -> Remap:
    """The layout of the network's joints. Raises PoseError if no layout fits."""
    joints = form.joints(network.shapes, network.size)
    named = description.joints
    if named is not None and named not in LAYOUTS:
        raise PoseError(
            f"{network.path}: its description names unknown joints {named!r}; choose one of {', '.join(LAYOUTS)}"
        )
    allowed = [layout for name, layout in LAYOUTS.items() if named in (None, name)]
    fitting = [layout for layout in allowed if len(layout.source) == joints]
    if not fitting:
        wanted = named or " or ".join(f"{len(layout.source)} ({name})" for name, layout in LAYOUTS.items())
        raise PoseError(f"{network.path}: has {joints} joints, not {wanted}")
    return fitting[0]
