"""Read networks that take an image from ONNX files, and run them with OpenVINO."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from live_stf.errors import ModelError, PoseError
from live_stf.pose.formats.output_form import Pixels, Shape
from live_stf.runtime.openvino import openvino, precision_options


class OnnxNetwork:
    """A network in its file: one image in, arrays out.

    The shapes of its outputs decide how pixels are prepared, so it is read first and compiled later. size: (width,
    height), for a network that takes images of any size. Raises PoseError if the file is missing or is no such network.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        self.path = path
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
            raise PoseError(f"{path}: does not take an image of {self.size[0]}x{self.size[1]}") from problem
        _split_before_gathering(self._model)

    @property
    def shapes(self) -> list[Shape]:
        """Shapes of the outputs, in their order; -1 for a side that is known only after a run."""
        return [
            tuple(side.get_length() if side.is_static else -1 for side in output.partial_shape)
            if output.partial_shape.rank.is_static
            else ()
            for output in self._model.outputs
        ]

    @property
    def outputs(self) -> str:
        """Names and shapes of the outputs, for messages."""
        named = zip(self._model.outputs, self.shapes, strict=True)
        return ", ".join(
            f"{min(output.names, default='?')} ({', '.join('?' if side < 0 else str(side) for side in shape)})"
            for output, shape in named
        )

    def compile(self, pixels: Pixels, precision: str) -> CompiledNetwork:
        """The network ready to run; it prepares the pixels itself. Raises PoseError, e.g. for an unknown precision."""
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
        return CompiledNetwork(self.path, self.size, compiled)

    def _input_size(self, size: tuple[int, int] | None) -> tuple[int, int]:
        if len(self._model.inputs) != 1:
            raise PoseError(f"{self.path}: takes {len(self._model.inputs)} inputs; it must take one image")
        shape = self._model.input().partial_shape
        if shape.rank.is_dynamic or len(shape) != 4 or not shape[1].compatible(openvino.Dimension(3)):
            raise PoseError(f"{self.path}: takes {shape}; it must take an image (1, 3, height, width)")
        if shape[2].is_static and shape[3].is_static:
            fixed: tuple[int, int] = shape[3].get_length(), shape[2].get_length()
            if size is not None and size != fixed:
                raise PoseError(f"{self.path}: takes images of {fixed[0]}x{fixed[1]}, not of {size[0]}x{size[1]}")
            return fixed
        if size is None:
            raise PoseError(
                f'{self.path}: takes images of any size; name one in its description, e.g. "size": [640, 640]'
            )
        return size


class CompiledNetwork:
    """A network ready to run. size: (width, height) of its input."""

    def __init__(self, path: Path, size: tuple[int, int], compiled: openvino.CompiledModel) -> None:
        self.size = size
        self._path = path
        self._outputs = range(len(compiled.outputs))
        self._request: openvino.InferRequest | None = compiled.create_infer_request()

    def run(self, image: np.ndarray) -> list[np.ndarray]:
        """The outputs as float32, in their order, for an image (height, width, 3) uint8 BGR of the network's size."""
        if self._request is None:
            raise PoseError(f"{self._path}: the network is closed")
        self._request.infer({0: image[None]})
        return [np.array(self._request.get_output_tensor(index).data, dtype=np.float32) for index in self._outputs]

    def close(self) -> None:
        """Free its memory. May be called twice."""
        self._request = None


def _split_before_gathering(model: openvino.Model) -> None:
    """Replace a slice by a split where a GatherElements picks from it.

    OpenVINO 2026.4 removes a slice that begins at 0 in front of a GatherElements, even if the two are along different
    axes, and then refuses the network. The end-to-end heads of YOLO are written like that.
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
    """The first line of an OpenVINO message that does not name a position in OpenVINO's source."""
    lines = [line.strip() for line in str(problem).splitlines()]
    reasons = [line for line in lines if line and not line.startswith(("Exception from", "Check '"))]
    return (reasons or lines or [type(problem).__name__])[0][:200]
