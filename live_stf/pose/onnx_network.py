"""A network from an ONNX file that takes a picture, run by OpenVINO."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from live_stf.errors import ModelError, PoseError
from live_stf.pose.formats.output_form import Pixels, Shape
from live_stf.runtime.openvino import openvino, precision_options


class OnnxNetwork:
    """One picture in, arrays out.

    It is opened in two steps, because what the pixels have to become follows from the outputs' shapes: read it, look at
    `shapes`, then `compile`. size: (width, height) for a network that takes any; where it has one of its own, that
    counts. Raises PoseError where the file is no such network.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        self.path = path
        self._request: openvino.InferRequest | None = None
        if not path.is_file():
            raise PoseError(f"{path}: no such pose network")
        try:
            self._model = openvino.Core().read_model(path)
        except RuntimeError as problem:
            raise PoseError(f"{path}: not a network that OpenVINO can read: {_first_line(problem)}") from problem
        self.size = self._input_size(size)
        try:
            self._model.reshape([1, 3, self.size[1], self.size[0]])
        except RuntimeError as problem:
            raise PoseError(f"{path}: does not take a picture of {self.size[0]}x{self.size[1]}") from problem
        _split_before_gathering(self._model)

    @property
    def shapes(self) -> list[Shape]:
        """Of the outputs, in their order; -1 where it is known only after a run."""
        return [
            tuple(side.get_length() if side.is_static else -1 for side in output.partial_shape)
            if output.partial_shape.rank.is_static
            else ()
            for output in self._model.outputs
        ]

    @property
    def outputs(self) -> str:
        """Names and shapes of the outputs, for people."""
        named = zip(self._model.outputs, self.shapes, strict=True)
        return ", ".join(
            f"{min(output.names, default='?')} ({', '.join('?' if side < 0 else str(side) for side in shape)})"
            for output, shape in named
        )

    def compile(self, pixels: Pixels, precision: str) -> None:
        """Get it ready to run; what pixels have to become is done inside it. PoseError for an unknown precision."""
        process = openvino.preprocess.PrePostProcessor(self._model)
        taken = process.input()
        element = self._model.input().element_type
        taken.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
        taken.model().set_layout(openvino.Layout("NCHW"))
        steps = taken.preprocess().convert_element_type(openvino.Type.f32)
        if pixels.colours == "rgb":
            steps.reverse_channels()
        steps.mean(list(pixels.mean)).scale(list(pixels.std)).convert_element_type(element)
        try:
            options = precision_options(precision)
            compiled = openvino.Core().compile_model(process.build(), "CPU", {**options, "PERFORMANCE_HINT": "LATENCY"})
        except ModelError as problem:
            raise PoseError(f"{self.path}: {problem}") from problem
        except RuntimeError as problem:
            raise PoseError(f"{self.path}: OpenVINO cannot run it: {_first_line(problem)}") from problem
        self._request = compiled.create_infer_request()

    def run(self, image: np.ndarray) -> list[np.ndarray]:
        """The outputs as float32, in their order, for a picture (height, width, 3) uint8 BGR of the network's size."""
        self._request.infer({0: image[None]})
        return [
            np.array(self._request.get_output_tensor(index).data, dtype=np.float32)
            for index in range(len(self._model.outputs))
        ]

    def close(self) -> None:
        """Give its memory back; may be called twice."""
        self._request = None

    def _input_size(self, size: tuple[int, int] | None) -> tuple[int, int]:
        if len(self._model.inputs) != 1:
            raise PoseError(f"{self.path}: takes {len(self._model.inputs)} inputs, it has to take one picture")
        shape = self._model.input().partial_shape
        if shape.rank.is_dynamic or len(shape) != 4 or not shape[1].compatible(openvino.Dimension(3)):
            raise PoseError(f"{self.path}: takes {shape}, it has to take a picture (1, 3, height, width)")
        own = tuple(side.get_length() if side.is_static else None for side in (shape[3], shape[2]))
        if None not in own:
            if size not in (None, own):
                raise PoseError(f"{self.path}: takes pictures of {own[0]}x{own[1]}, not of {size[0]}x{size[1]}")
            return own
        if size is None:
            raise PoseError(
                f'{self.path}: takes pictures of any size; say which in its description, e.g. "size": [640, 640]'
            )
        return size


def _split_before_gathering(model: openvino.Model) -> None:
    """Cut by a split, not by a slice, what a GatherElements is about to pick from.

    OpenVINO 2026.4 leaves a slice out that begins at 0 and lies before a GatherElements, also when the one is along
    another axis than the other, and then refuses the network. The end-to-end heads of YOLO are written like that.
    """
    for gather in model.get_ordered_ops():
        if gather.get_type_name() != "GatherElements":
            continue
        cut = gather.input_value(0).get_node()
        if cut.get_type_name() != "Slice" or cut.get_output_partial_shape(0).is_dynamic:
            continue
        whole, part = cut.get_input_shape(0), cut.get_output_shape(0)
        axes = [axis for axis, (before, after) in enumerate(zip(whole, part, strict=True)) if before != after]
        begin = cut.input_value(1).get_node()
        if len(axes) != 1 or begin.get_type_name() != "Constant" or begin.get_vector().any():
            continue
        lengths = [part[axes[0]], whole[axes[0]] - part[axes[0]]]
        split = openvino.opset13.variadic_split(cut.input_value(0), axes[0], lengths)
        gather.input(0).replace_source_output(split.output(0))


def _first_line(problem: RuntimeError) -> str:
    """What OpenVINO says of a problem, without the places in its source."""
    lines = [line.strip() for line in str(problem).splitlines()]
    told = [line for line in lines if line and not line.startswith(("Exception from", "Check '"))]
    return (told or lines or [type(problem).__name__])[0][:200]
