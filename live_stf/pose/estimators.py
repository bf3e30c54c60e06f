"""Open pose estimators by the names that `--pose` takes."""

from __future__ import annotations

import argparse
import importlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from live_stf.errors import PoseError
from live_stf.pose.estimator import PoseEstimator
from live_stf.runtime.forking import check_process

log = logging.getLogger(__name__)

DEFAULT_POSE = "blazepose"
# Name -> (module of live_stf.pose, class). A module is imported when its estimator is opened.
ESTIMATORS = {
    "mediapipe": ("mediapipe", "MediaPipePose"),
    "blazepose": ("blazepose", "BlazePose"),
}
MEDIAPIPE_EXTRA = ("mediapipe", "flatbuffers")  # packages of the extra `mediapipe`
COMPLEXITIES = ("lite", "full", "heavy")
PRECISIONS = ("fp32", "fp16", "bf16")
DEVICES = ("cpu", "cuda")
SUFFIX = ".onnx"
POSE_HELP = (
    f"pose estimator: {', '.join(ESTIMATORS)} or an ONNX file; add :lite, :full or :heavy for another of BlazePose's "
    "networks, :bf16 for lower precision (on a GPU also :fp16), :cpu or :cuda to run BlazePose only on that device, "
    f"e.g. blazepose:heavy:bf16 (default: {DEFAULT_POSE})"
)


@dataclass(frozen=True)
class PoseChoice:
    """A pose estimator and its settings; None stands for the estimator's own default.

    name: one of ESTIMATORS, or the path of an ONNX file. complexity, precision, device: one of COMPLEXITIES, PRECISIONS
    and DEVICES.
    """

    name: str
    complexity: str | None = None
    precision: str | None = None
    device: str | None = None


def parse_pose(text: str) -> PoseChoice:
    """NAME[:COMPLEXITY][:PRECISION][:DEVICE] as a choice; the settings may come in any order.

    Raises PoseError for anything else. Whether a file exists is only checked when it is opened.
    """
    complexity = precision = device = None
    name = text
    while ":" in name:
        rest, _, last = name.rpartition(":")
        if last in COMPLEXITIES and complexity is None:
            complexity = last
        elif last in PRECISIONS and precision is None:
            precision = last
        elif last in DEVICES and device is None:
            device = last
        else:
            break
        name = rest
    if device is not None and name != "blazepose":
        raise PoseError(f"pose estimator {text!r}: only blazepose has a choice of device; leave :{device} out")
    if name in ESTIMATORS:
        return PoseChoice(name, complexity, precision, device)
    if not name.lower().endswith(SUFFIX):
        raise PoseError(
            f"unknown pose estimator {text!r}; choose {', '.join(ESTIMATORS)} or an ONNX file, followed by any of "
            f"{', '.join(f':{word}' for word in (*COMPLEXITIES, *PRECISIONS, *DEVICES))}"
        )
    if complexity is not None:
        raise PoseError(f"pose estimator {text!r}: ONNX files have no complexity; leave :{complexity} out")
    return PoseChoice(name, None, precision)


def pose_argument(text: str) -> str:
    """The text itself if `parse_pose` accepts it: the type of a command-line argument."""
    try:
        parse_pose(text)
    except PoseError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem
    return text


def pose_list_argument(text: str) -> list[str]:
    """Several pose estimators, separated by commas: the type of a command-line argument."""
    return [pose_argument(name) for name in text.split(",")]


def open_pose(text: str = DEFAULT_POSE, people: int = 2, notify: Callable[[str], None] = log.info) -> PoseEstimator:
    """Open a pose estimator by its name, see `parse_pose`.

    people: largest number of people per frame. notify: called with one line about a limit of the estimator. Raises
    PoseError if the estimator cannot be opened, AssetError if its networks cannot be downloaded.
    """
    check_process()
    choice = parse_pose(text)
    chosen = {"complexity": choice.complexity, "precision": choice.precision, "device": choice.device}
    settings = {name: value for name, value in chosen.items() if value is not None}
    try:
        if choice.name not in ESTIMATORS:
            from live_stf.pose.onnx_pose import OnnxPose

            return OnnxPose(Path(choice.name), people, notify=notify, **settings)
        module, kind = ESTIMATORS[choice.name]
        estimator = getattr(importlib.import_module(f"live_stf.pose.{module}"), kind)
    except ImportError as problem:
        if isinstance(problem, ModuleNotFoundError) and str(problem.name).partition(".")[0] in MEDIAPIPE_EXTRA:
            raise PoseError(
                f"pose estimator {text}: MediaPipe is not installed; install it with: pip install 'live-stf[mediapipe]'"
            ) from problem
        raise PoseError(f"pose estimator {text}: {problem}; install it, or choose another with --pose") from problem
    if choice.name == "blazepose":
        return estimator(people, notify=notify, **settings)
    return estimator(people, **settings)
