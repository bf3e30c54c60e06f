"""People painted as coloured dots, and small ONNX networks that really find them.

Every joint is a dot of its own colour. A network converts its input back to colours 0..255 and compares every pixel
with every joint's colour, which gives heat maps. Its outputs are computed from these, in the requested form. It finds a
joint only if its input has the right colours in the right place.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from live_stf.errors import AssetError
from live_stf.pose.formats.output_form import IMAGENET, PLAIN_BGR, UNIT, Pixels
from live_stf.pose.pose_models import pose_model
from live_stf.skeleton import COCO_17, OPENPOSE_18

# One channel is full, so that no colour is a darker shade of another and a dot's edge is not taken for another dot.
COLOURS = np.array([c for c in itertools.product((0, 85, 170, 255), repeat=3) if 255 in c], np.float32)[:18]  # RGB
TOLERANCE = 50.0  # sum of differences over the channels from which two colours differ

# A person who stands and raises the left hand, in body heights; x 0 is the middle, y 0 the top of the head.
_PLACES = {
    "nose": (0.0, 0.08), "neck": (0.0, 0.2), "left_eye": (0.04, 0.04), "right_eye": (-0.04, 0.04),
    "left_ear": (0.09, 0.06), "right_ear": (-0.09, 0.06), "left_shoulder": (0.13, 0.2), "right_shoulder": (-0.13, 0.2),
    "left_elbow": (0.2, 0.11), "right_elbow": (-0.19, 0.35), "left_wrist": (0.22, 0.0), "right_wrist": (-0.2, 0.5),
    "left_hip": (0.08, 0.52), "right_hip": (-0.08, 0.52), "left_knee": (0.09, 0.75), "right_knee": (-0.09, 0.75),
    "left_ankle": (0.09, 0.98), "right_ankle": (-0.09, 0.98),
}  # fmt: skip
LAYOUTS = {17: COCO_17, 18: OPENPOSE_18.joints}


def body(x: float, y: float, height: float, joints: int = 17) -> np.ndarray:
    """Places (K, 2) of the joints of a person `height` pixels tall with the top of the head at (x, y)."""
    return np.array([_PLACES[name] for name in LAYOUTS[joints]]) * height + (x, y)


def paint(size: tuple[int, int], *bodies: np.ndarray, radius: int = 4) -> np.ndarray:
    """An image (height, width, 3) uint8 BGR; dots lie on whole pixels, within 0.5 of the given places."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    for places in bodies:
        for (x, y), colour in zip(np.floor(places).astype(int), COLOURS, strict=False):
            cv2.circle(image, (int(x), int(y)), radius, tuple(map(int, colour[::-1])), -1)
    return image


class _Graph:
    """An ONNX graph that grows operator by operator."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._count = itertools.count()

    def constant(self, value: object, kind: type = np.float32) -> str:
        name = f"constant{next(self._count)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def add(self, operator: str, *inputs: str, name: str | None = None, more: tuple = (), **attributes: object) -> str:
        """Add an operator and return the name of its first output. more: names of further outputs."""
        name = name or f"value{next(self._count)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name, *more], **attributes))
        return name

    def along(self, operator: str, value: str, *axes: int, keepdims: int = 0) -> str:
        return self.add(operator, value, self.constant(axes, np.int64), keepdims=keepdims)

    def reshape(self, value: str, *shape: int) -> str:
        return self.add("Reshape", value, self.constant(shape, np.int64))

    def save(self, path: Path, size: tuple[int | str, int | str], outputs: list[str], batch: int | str) -> Path:
        taken = helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, size[1], size[0]])
        given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
        graph = helper.make_graph(self.nodes, "painted", [taken], given, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
        onnx.save(model, path)
        return path


def _heat(graph: _Graph, pixels: Pixels, joints: int) -> str:
    """(1, K, H, W): 1 where a pixel has exactly the joint's colour, 0 where it has a different one."""
    order = slice(None) if pixels.colours == "rgb" else slice(None, None, -1)
    weights, bias = np.zeros((joints, 3, 3)), np.zeros((joints, 3))
    for joint in range(joints):
        weights[joint] = np.diag(pixels.std)
        bias[joint] = np.asarray(pixels.mean) - COLOURS[joint][order]
    weights = graph.constant(weights.reshape(3 * joints, 3, 1, 1))
    away = graph.add("Abs", graph.add("Conv", "images", weights, graph.constant(bias.reshape(-1)), kernel_shape=[1, 1]))
    together = graph.constant(np.full((joints, 3, 1, 1), -1 / TOLERANCE))
    alike = graph.add("Conv", away, together, graph.constant(np.ones(joints)), kernel_shape=[1, 1], group=joints)
    return graph.add("Relu", alike)


def _bodies(graph: _Graph, heat: str, size: tuple[int, int], joints: int) -> tuple[str, str, str]:
    """Bodies in the left and the right half: boxes (2, 4) by corners, scores (2, 1), keypoints (2, K, 3)."""
    width, height = size
    halves = np.zeros((2, 1, height, width))
    halves[0, ..., : width // 2], halves[1, ..., width // 2 :] = 1, 1
    heat = graph.add("Mul", heat, graph.constant(halves))
    total = graph.add("Add", graph.along("ReduceSum", heat, 2, 3), graph.constant(1e-6))
    columns = graph.constant((np.arange(width) + 0.5).reshape(1, 1, 1, width))
    rows = graph.constant((np.arange(height) + 0.5).reshape(1, 1, height, 1))
    places = [
        graph.add("Div", graph.along("ReduceSum", graph.add("Mul", heat, grid), 2, 3), total)
        for grid in (columns, rows)
    ]
    sure = graph.along("ReduceMax", heat, 2, 3)
    score = graph.along("ReduceMean", sure, 1, keepdims=1)
    sides = [graph.along(extreme, axis, 1, keepdims=1) for extreme in ("ReduceMin", "ReduceMax") for axis in places]
    stacked = [graph.reshape(value, 2, joints, 1) for value in (*places, sure)]
    return graph.add("Concat", *sides, axis=1), score, graph.add("Concat", *stacked, axis=2)


def _by_middle(graph: _Graph, boxes: str) -> str:
    """Convert boxes (n, 4) from corners to middle and size."""
    turned = [[0.5, 0, -1, 0], [0, 0.5, 0, -1], [0.5, 0, 1, 0], [0, 0.5, 0, 1]]
    return graph.add("MatMul", boxes, graph.constant(turned))


def _peaks(graph: _Graph, heat: str) -> str:
    """(1, K, H, W): turn a dot's evenly bright disc into a hill with its peak in the middle, as high as the disc."""
    hill = heat
    for _ in range(2):
        hill = graph.add("AveragePool", hill, kernel_shape=[9, 9], pads=[4, 4, 4, 4], count_include_pad=1)
    tops = [graph.along("ReduceMax", value, 2, 3, keepdims=1) for value in (heat, hill)]
    return graph.add("Mul", hill, graph.add("Div", tops[0], graph.add("Add", tops[1], graph.constant(1e-6))))


def _output(graph: _Graph, value: str, name: str) -> str:
    """Make a value (n, m) the output (1, n, m)."""
    return graph.add("Unsqueeze", value, graph.constant([0], np.int64), name=name)


def _yolo(graph: _Graph, boxes: str, score: str, keypoints: str, joints: int) -> list[str]:
    flat = graph.reshape(keypoints, 2, 3 * joints)
    rows = graph.add("Concat", _by_middle(graph, boxes), score, flat, axis=1)
    less_sure = np.ones(5 + 3 * joints)
    less_sure[4] = 0.9
    twice = graph.add("Concat", graph.add("Mul", rows, graph.constant(less_sure)), rows, axis=0)
    return [_output(graph, graph.add("Transpose", twice, perm=[1, 0]), "output0")]


def _yolo_end_to_end(graph: _Graph, boxes: str, score: str, keypoints: str, joints: int) -> list[str]:
    """As its trainer exports it: the best rows are gathered from slices of the table of all rows."""
    table = _output(graph, graph.add("Concat", boxes, score, graph.reshape(keypoints, 2, 3 * joints), axis=1), "table")
    graph.add("TopK", graph.reshape(score, 1, 2), graph.constant([2], np.int64), more=("rows",), axis=1)
    parts = []
    for begin, end in ((0, 4), (4, 5), (5, 5 + 3 * joints)):
        bounds = [graph.constant([bound], np.int64) for bound in (begin, end, 2)]
        part = graph.add("Slice", table, *bounds)
        rows = graph.add("Expand", graph.reshape("rows", 1, 2, 1), graph.constant([1, 2, end - begin], np.int64))
        parts.append(graph.add("GatherElements", part, rows, axis=1))
    kind = graph.constant(np.zeros((1, 2, 1)))
    return [graph.add("Concat", *parts[:2], kind, parts[2], name="output0", axis=2)]


def _one_stage(graph: _Graph, boxes: str, score: str, keypoints: str, joints: int) -> list[str]:
    """People who are not in the image have no row, so the number of rows is known only after a run."""
    present = graph.add("Greater", graph.reshape(score, 2), graph.constant(0.05))
    rows = graph.reshape(graph.add("NonZero", present), -1)
    dets = graph.add("Gather", graph.add("Concat", boxes, score, axis=1), rows, axis=0)
    return [_output(graph, dets, "dets"), _output(graph, graph.add("Gather", keypoints, rows, axis=0), "keypoints")]


def _simcc(graph: _Graph, heat: str, size: tuple[int, int], joints: int) -> list[str]:
    """Two bins a pixel, the second halfway to the next pixel."""
    peaks, outputs = _peaks(graph, heat), []
    for name, axis, side in (("simcc_x", 2, size[0]), ("simcc_y", 3, size[1])):
        along = graph.along("ReduceMax", peaks, axis)
        finer = np.zeros((side, 2 * side))
        for pixel in range(side):
            finer[pixel, 2 * pixel] = 1.0
            finer[pixel, 2 * pixel + 1] += 0.5
            finer[min(pixel + 1, side - 1), 2 * pixel + 1] += 0.5
        outputs.append(graph.add("MatMul", along, graph.constant(finer), name=name))
    return outputs


def _heat_maps(graph: _Graph, heat: str, size: tuple[int, int], joints: int) -> list[str]:
    """Every fourth pixel of the hills."""
    steps = {"kernel_shape": [1, 1], "strides": [4, 4], "group": joints}
    return [graph.add("Conv", _peaks(graph, heat), graph.constant(np.ones((joints, 1, 1, 1))), name="output", **steps)]


def _yolo_boxes(graph: _Graph, boxes: str, score: str) -> list[str]:
    rows = graph.add("Concat", _by_middle(graph, boxes), score, axis=1)
    often = graph.add("Concat", rows, rows, rows, rows, axis=0)
    return [_output(graph, graph.add("Transpose", often, perm=[1, 0]), "output0")]


def _yolo_boxes_end_to_end(graph: _Graph, boxes: str, score: str) -> list[str]:
    return [_output(graph, graph.add("Concat", boxes, score, graph.constant(np.zeros((2, 1))), axis=1), "output0")]


def _dets_and_labels(graph: _Graph, boxes: str, score: str) -> list[str]:
    dets = _output(graph, graph.add("Concat", boxes, score, axis=1), "dets")
    return [dets, graph.add("Identity", graph.constant(np.zeros((1, 2))), name="labels")]


BODIES = {"yolo": _yolo, "yolo-end-to-end": _yolo_end_to_end, "one-stage": _one_stage}
CROPS = {"simcc": _simcc, "heat-maps": _heat_maps}
BOXES = {"yolo": _yolo_boxes, "yolo-end-to-end": _yolo_boxes_end_to_end, "dets-and-labels": _dets_and_labels}
PIXELS = {"yolo": UNIT, "yolo-end-to-end": UNIT, "one-stage": PLAIN_BGR, "simcc": IMAGENET, "heat-maps": IMAGENET}
WHOLE, CROP = (160, 160), (96, 128)  # inputs' sizes


def pose_network(
    path: Path,
    kind: str,
    joints: int = 17,
    pixels: Pixels | None = None,
    size: tuple[int, int] | None = None,
    any_size: bool = False,
) -> Path:
    """A pose network of that kind. In a whole image it finds one person in the left and one in the right half."""
    size = size or (WHOLE if kind in BODIES else CROP)
    graph = _Graph()
    heat = _heat(graph, pixels or PIXELS[kind], joints)
    if kind in BODIES:
        outputs = BODIES[kind](graph, *_bodies(graph, heat, size, joints), joints)
    else:
        outputs = CROPS[kind](graph, heat, size, joints)
    return graph.save(path, ("width", "height") if any_size else size, outputs, batch="batch" if any_size else 1)


def detector_network(path: Path, kind: str, pixels: Pixels = UNIT) -> Path:
    """A detector of painted people, one in the left and one in the right half of the image."""
    graph = _Graph()
    boxes, score, _ = _bodies(graph, _heat(graph, pixels, 17), WHOLE, 17)
    return graph.save(path, WHOLE, BOXES[kind](graph, boxes, score), batch=1)


def describe(network: Path, **content: object) -> Path:
    """Write the description of a network beside it."""
    path = network.with_suffix(".pose.json")
    path.write_text(json.dumps(content))
    return path


@pytest.fixture(scope="session")
def painted() -> SimpleNamespace:
    """The functions and constants above."""
    return SimpleNamespace(
        body=body,
        paint=paint,
        pose_network=pose_network,
        detector_network=detector_network,
        describe=describe,
        whole_kinds=tuple(BODIES),
        crop_kinds=tuple(CROPS),
        box_kinds=tuple(BOXES),
        sides=(WHOLE, CROP),
    )


@pytest.fixture(scope="session")
def bundle() -> Path:
    """The project's own pose networks, as BlazePose reads them."""
    try:
        return pose_model()
    except AssetError as error:
        pytest.skip(f"needs the pose model: {error}")


@pytest.fixture(scope="session")
def task_bundle() -> Path:
    """The same networks as MediaPipe reads them."""
    pytest.importorskip("mediapipe", reason="needs MediaPipe (pip install 'live-stf[mediapipe]')")
    from live_stf.pose.bundle import pose_bundle

    try:
        return pose_bundle()
    except AssetError as error:
        pytest.skip(f"needs the pose model: {error}")
