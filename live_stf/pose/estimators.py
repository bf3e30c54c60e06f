"""Which pose estimator finds the people, by name."""

from __future__ import annotations

import argparse
import importlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from live_stf.errors import PoseError
from live_stf.pose.estimator import PoseEstimator

log = logging.getLogger(__name__)

DEFAULT = "blazepose"
ESTIMATORS = {
    "mediapipe": ("mediapipe", "MediaPipePose"),
    "blazepose": ("blazepose", "BlazePose"),
}
MEDIAPIPE = ("mediapipe", "flatbuffers")  # packages that come with the extra of that name
COMPLEXITIES = ("lite", "full", "heavy")
PRECISIONS = ("fp32", "fp16", "bf16")
DEVICES = ("cpu", "cuda")
SUFFIX = ".onnx"
HELP = (
    f"what finds people: {', '.join(ESTIMATORS)} or an ONNX file; with :lite, :full or :heavy another of BlazePose's "
    "networks, with :bf16 less precision (on a GPU also :fp16), with :cpu or :cuda BlazePose there and nowhere else, "
    f"e.g. blazepose:heavy:bf16 (default: {DEFAULT})"
)


@dataclass(frozen=True)
class Choice:
    """A pose estimator: one of ESTIMATORS or an ONNX file's path, one of COMPLEXITIES, of PRECISIONS and of DEVICES.

    Where one of these is None the estimator's own usual one is meant.
    """

    name: str
    complexity: str | None = None
    precision: str | None = None
    device: str | None = None


def parse(text: str) -> Choice:
    """NAME[:COMPLEXITY][:PRECISION][:DEVICE] as a choice, with these in any order.

    PoseError where it is none; a file is looked at when it is opened.
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
        raise PoseError(f"pose estimator {text!r}: only blazepose can be told where to run, leave :{device} out")
    if name in ESTIMATORS:
        return Choice(name, complexity, precision, device)
    if not name.lower().endswith(SUFFIX):
        raise PoseError(
            f"pose estimator {text!r} is not known, it can be {', '.join(ESTIMATORS)} or an ONNX file, with "
            f"{', '.join(f':{word}' for word in (*COMPLEXITIES, *PRECISIONS, *DEVICES))} behind"
        )
    if complexity is not None:
        raise PoseError(f"pose estimator {text!r}: a file is one network, leave :{complexity} out")
    return Choice(name, None, precision)


def argument(text: str) -> str:
    """`text` as it is, when `parse` takes it: the type of a command line's argument."""
    try:
        parse(text)
    except PoseError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem
    return text


def arguments(text: str) -> list[str]:
    """Several of them, with commas between: the type of a command line's argument."""
    return [argument(name) for name in text.split(",")]


def open_pose(text: str = DEFAULT, people: int = 2, notify: Callable[[str], None] = log.info) -> PoseEstimator:
    """The pose estimator that `text` names, see `parse`.

    people: most bodies in a picture. notify: called with one line when the user should know of a limit. Raises
    PoseError for what cannot be had, AssetError where a model that is fetched on demand cannot be.
    """
    choice = parse(text)
    settings = {"complexity": choice.complexity, "precision": choice.precision, "device": choice.device}
    said = {name: value for name, value in settings.items() if value is not None}
    try:
        if choice.name not in ESTIMATORS:
            from live_stf.pose.onnx_pose import OnnxPose

            return OnnxPose(Path(choice.name), people, notify=notify, **said)
        module, kind = ESTIMATORS[choice.name]
        estimator = getattr(importlib.import_module(f"live_stf.pose.{module}"), kind)
    except ImportError as problem:
        if isinstance(problem, ModuleNotFoundError) and str(problem.name).partition(".")[0] in MEDIAPIPE:
            raise PoseError(
                f"pose estimator {text}: MediaPipe is not installed; install it: pip install 'live-stf[mediapipe]'"
            ) from problem
        raise PoseError(f"pose estimator {text}: {problem}; install it, or choose another with --pose") from problem
    if choice.name == "blazepose":
        said["notify"] = notify
    return estimator(people, **said)
