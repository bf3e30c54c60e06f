"""People by a pose network of the user's own: an ONNX file with COCO-17 or OpenPose-18 joints, run by OpenVINO.

Which forms of output are read is in `formats`; what a file cannot say itself is said beside it (`description`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from live_stf.errors import PoseError
from live_stf.pose.description import DetectorDescription, PoseDescription, description_path, read_description
from live_stf.pose.formats.detectors import DetsAndLabels, YoloBoxes, YoloBoxesEndToEnd
from live_stf.pose.formats.heat_maps import HeatMaps
from live_stf.pose.formats.one_stage import OneStage
from live_stf.pose.formats.output_form import TopDown, WholePicture
from live_stf.pose.formats.simcc import SimCC
from live_stf.pose.formats.yolo import Yolo, YoloEndToEnd
from live_stf.pose.joints import VISIBLE, openpose_joints, persons
from live_stf.pose.onnx_network import OnnxNetwork
from live_stf.pose.top_down import PersonDetector, TopDownFinder
from live_stf.pose.whole_picture import WholePictureFinder
from live_stf.skeleton import COCO_17_TO_OPENPOSE_18, OPENPOSE_18, Remap
from live_stf.types import Frame, People

WHOLE_PICTURE = (Yolo(), YoloEndToEnd(), OneStage())
TOP_DOWN = (SimCC(), HeatMaps())
DETECTORS = (YoloBoxesEndToEnd(), YoloBoxes(), DetsAndLabels())

LAYOUTS = {
    "coco17": COCO_17_TO_OPENPOSE_18,
    "openpose18": Remap(OPENPOSE_18.joints, OPENPOSE_18, {joint: (joint,) for joint in OPENPOSE_18.joints}),
}

# Least scores where the description says nothing.
SCORE = 0.3
DETECTOR_SCORE = 0.5

_Form = TypeVar("_Form")


class OnnxPose:
    """Up to `people` bodies a picture by the network in a `.onnx` file.

    A network that takes the whole picture sees everybody at once; a top-down network is given a crop for every person,
    see `TopDownFinder`. precision: as in `openvino_runtime`. notify: called with one line when the user should know of
    a limit. Raises PoseError where the file, its description or its detector does not fit.
    """

    def __init__(
        self,
        path: Path,
        people: int = 2,
        precision: str = "fp32",
        notify: Callable[[str], None] = lambda line: None,
    ) -> None:
        said = read_description(path)
        network = OnnxNetwork(path, said.size)
        form = _form(network, (*WHOLE_PICTURE, *TOP_DOWN), said.kind, _has_joints(network))
        self._remap = _layout(network, form, said)
        network.compile(said.pixels(form.pixels), precision)
        self.name = f"{path.stem} {precision}"
        self._people = people
        self._visible = VISIBLE if said.visible is None else said.visible
        score = SCORE if said.score is None else said.score
        if form in WHOLE_PICTURE:
            if said.detector is not None:
                raise PoseError(f"{description_path(path)}: {path.name} finds people itself; leave the detector out")
            self._finder = WholePictureFinder(network, form, score)
        else:
            detector = None if said.detector is None else _open_detector(said.detector, precision)
            if detector is None and people > 1:
                notify(f"{path.name} follows one person; for more, name a detector in {description_path(path).name}")
            self._finder = TopDownFinder(network, form, score, self._visible, people, detector)

    def __enter__(self) -> OnnxPose:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def detect(self, frame: Frame) -> People:
        """Everybody in the picture; see PoseEstimator."""
        found = (
            openpose_joints(self._remap, keypoints[:, :2], keypoints[:, 2], frame.size, self._visible)
            for keypoints in self._finder.find(frame)
        )
        return People(frame.time, frame.size, persons(found)[: self._people])

    def close(self) -> None:
        """Give memory back; may be called twice."""
        self._finder.close()


def _open_detector(said: DetectorDescription, precision: str) -> PersonDetector:
    network = OnnxNetwork(said.file, said.size)
    form = _form(network, DETECTORS, said.kind, lambda form: form.fits(network.shapes))
    network.compile(said.pixels(form.pixels), precision)
    return PersonDetector(network, form, DETECTOR_SCORE if said.score is None else said.score)


def _has_joints(network: OnnxNetwork) -> Callable[[WholePicture | TopDown], bool]:
    return lambda form: form.joints(network.shapes, network.size) is not None


def _form(network: OnnxNetwork, forms: Sequence[_Form], kind: str | None, fits: Callable[[_Form], bool]) -> _Form:
    """The form that the network's outputs have; where a kind is said, that one."""
    kinds = [form.kind for form in forms]
    if kind is not None and kind not in kinds:
        raise PoseError(f"{network.path}: its kind is said to be {kind!r}, it can be {', '.join(kinds)}")
    fitting = [form for form in forms if fits(form) and kind in (None, form.kind)]
    if not fitting:
        what = f"not what {kind!r} has" if kind else f"none of the forms that are known ({', '.join(kinds)})"
        raise PoseError(f"{network.path}: its outputs {network.outputs} are {what}; see docs/own-pose-network.md")
    return fitting[0]


def _layout(network: OnnxNetwork, form: WholePicture | TopDown, said: PoseDescription) -> Remap:
    """How the network's joints are read."""
    joints = form.joints(network.shapes, network.size)
    if said.joints is not None and said.joints not in LAYOUTS:
        raise PoseError(f"{network.path}: joints are said to be {said.joints!r}, it can be {', '.join(LAYOUTS)}")
    allowed = [layout for name, layout in LAYOUTS.items() if said.joints in (None, name)]
    fitting = [layout for layout in allowed if len(layout.source) == joints]
    if not fitting:
        wanted = said.joints or " or ".join(f"{len(layout.source)} ({name})" for name, layout in LAYOUTS.items())
        raise PoseError(f"{network.path}: has {joints} joints, not {wanted}")
    return fitting[0]
