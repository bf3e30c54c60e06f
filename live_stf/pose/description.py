"""Read NAME.pose.json beside NAME.onnx: facts about a user's own pose network that its shapes do not show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from live_stf.errors import PoseError
from live_stf.pose.formats.output_form import Pixels

SUFFIX = ".pose.json"
COLOURS = ("rgb", "bgr")


@dataclass(frozen=True)
class NetworkDescription:
    """The description of one network; None stands for the usual value of its kind.

    kind: form of its outputs. size: (width, height) of its input in pixels. colours, mean, std: see `Pixels`. score:
    smallest score of a person, 0 or more.
    """

    kind: str | None = None
    size: tuple[int, int] | None = None
    colours: str | None = None
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    score: float | None = None

    def pixels(self, usual: Pixels) -> Pixels:
        """The preparation of the pixels. usual: the values for networks of its kind."""
        return Pixels(self.colours or usual.colours, self.mean or usual.mean, self.std or usual.std)


@dataclass(frozen=True)
class DetectorDescription(NetworkDescription):
    """A person detector, which finds the people for a top-down network."""

    file: Path = Path()


@dataclass(frozen=True)
class PoseDescription(NetworkDescription):
    """A pose network. joints: a key of `onnx_pose.LAYOUTS`. visible: smallest score of a visible joint."""

    joints: str | None = None
    visible: float | None = None
    detector: DetectorDescription | None = None


def read_description(network: Path) -> PoseDescription:
    """The description beside a network's file; an empty one if there is no such file. Raises PoseError."""
    path = description_path(network)
    if not path.is_file():
        return PoseDescription()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise PoseError(f"{path} cannot be read as JSON: {problem}") from problem
    return _parsed(content, PoseDescription, path, "")


def description_path(network: Path) -> Path:
    """The path of a network's description."""
    return network.with_suffix(SUFFIX)


def _parsed(content: Any, kind: type, path: Path, within: str) -> Any:
    if not isinstance(content, Mapping):
        raise PoseError(f"{path}: {within or 'the content'} must be an object, {{...}}")
    known = {field.name for field in fields(kind)}
    found = {}
    for key, value in content.items():
        if key not in known:
            raise PoseError(f"{path}: {within}unknown key {key!r}; the keys are {', '.join(sorted(known))}")
        found[key] = _value(key, value, path)
    if kind is DetectorDescription and "file" not in found:
        raise PoseError(f'{path}: detector needs the name of its file, e.g. {{"file": "detector.onnx"}}')
    return kind(**found)


def _value(key: str, value: Any, path: Path) -> Any:
    if key == "detector":
        return _parsed(value, DetectorDescription, path, "detector: ")
    if key == "size" and _numbers(value, 2) and all(isinstance(side, int) and side > 0 for side in value):
        return tuple(value)
    if (key == "mean" and _numbers(value, 3)) or (key == "std" and _numbers(value, 3) and min(value) > 0):
        return tuple(map(float, value))
    if key == "colours" and value in COLOURS:
        return value
    if key in ("kind", "joints") and isinstance(value, str):
        return value
    if key == "file" and isinstance(value, str) and value:
        return path.parent / value
    if key in ("score", "visible") and _numbers([value], 1) and value >= 0:
        return float(value)
    raise PoseError(f"{path}: {key} is {json.dumps(value)}; it must be {_EXPECTED[key]}")


def _numbers(value: Any, count: int) -> bool:
    if not isinstance(value, list) or len(value) != count:
        return False
    return all(isinstance(number, int | float) and not isinstance(number, bool) for number in value)


_EXPECTED = {
    "size": "width and height in pixels, e.g. [192, 256]",
    "mean": "three numbers for values 0..255, e.g. [123.675, 116.28, 103.53]",
    "std": "three numbers above 0 for values 0..255, e.g. [58.395, 57.12, 57.375]",
    "colours": 'the order that the network takes, "rgb" or "bgr"',
    "kind": "a string, the form of the outputs",
    "joints": 'a string, "coco17" or "openpose18"',
    "file": "the name of an ONNX file, relative to this file",
    "score": "a number, 0 or more",
    "visible": "a number, 0 or more",
}
