"""A network of MediaPipe's as a torch module, operator by operator, for devices that OpenVINO cannot use: NVIDIA GPUs.

It is made of the graph that OpenVINO runs on a CPU, after `tflite_graph.rewritten`, so that both compute the same from
the same image. The module takes any number of images at once and can be exported.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, fx
from torch.nn import functional

from live_stf.pose.blazepose.torch_graph import TorchGraph, array, batch
from live_stf.runtime.openvino import openvino

TYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def torch_network(model: openvino.Model, precision: str = "fp32") -> fx.GraphModule:
    """The module: images (N, side, side, 3) uint8 -> the model's outputs for each, float32, the batch first.

    precision: one of TYPES. In fp16 and bf16 the last convolution before every output, and what follows it, stay in
    fp32: coordinates are numbers up to 256, of which bf16 can only express the integers. Raises ValueError for a model
    with an operator, or with a use of one, that MediaPipe's networks do not have.
    """
    return _Translation(model, TYPES[precision]).module()


class _Translation:
    """Translates a model in one pass; `_translate_NAME` adds a node with the operator NAME to the graph."""

    def __init__(self, model: openvino.Model, low: torch.dtype) -> None:
        self._graph = TorchGraph(model, low)
        self._results = list(model.get_results())

    def module(self) -> fx.GraphModule:
        """See `torch_network`."""
        nodes = self._graph.nodes
        parameters = sum(node.get_type_name() == "Parameter" for node in nodes)
        if parameters != 1:
            raise ValueError(f"it takes {parameters} inputs, not one image")
        for node in nodes:
            kind = node.get_type_name()
            translate = getattr(self, f"_translate_{kind.lower()}", None)
            if translate is None:
                raise ValueError(f"its operator {kind} is not known")
            translate(node)
        return self._graph.module(self._results)

    def _translate_parameter(self, node: openvino.Node) -> None:
        self._graph.keep(node, self._graph.graph.placeholder("pictures"))

    def _translate_constant(self, node: openvino.Node) -> None:
        self._graph.keep(node, array(node))

    def _translate_result(self, node: openvino.Node) -> None:
        self._graph.keep(node, self._graph.input(node, 0, torch.float32))

    def _translate_convert(self, node: openvino.Node) -> None:
        """Numbers are computed in the translation's types, not in the file's."""
        if str(node.output(0).element_type.get_type_name()) != "f32":
            raise ValueError(f"it computes in {node.output(0).element_type.get_type_name()}")
        value = self._graph.value(node, 0)
        if isinstance(value, Tensor):
            self._graph.keep(node, value.float())
        else:
            self._graph.put(node, Tensor.to, self._graph.type_of(node), of=(value,))

    def _translate_unsqueeze(self, node: openvino.Node) -> None:
        self._graph.keep(node, self._graph.constant(node, 0).reshape(list(node.output(0).shape)))

    def _translate_reshape(self, node: openvino.Node) -> None:
        shape = list(node.output(0).shape)
        if isinstance(self._graph.value(node, 0), fx.Node):
            shape = [batch(node), *shape[1:]]
        self._graph.put(node, torch.reshape, shape)

    def _translate_transpose(self, node: openvino.Node) -> None:
        order = self._graph.constant(node, 1).tolist()
        if isinstance(self._graph.value(node, 0), fx.Node) and order[0] != 0:
            raise ValueError("it transposes the batch")
        self._graph.put(node, torch.permute, order)

    def _translate_add(self, node: openvino.Node) -> None:
        convolution = node.input_value(0).get_node()
        if self._bias(convolution) is not None:  # is in the convolution already
            self._graph.pass_on(node, convolution)
            return
        self._graph.put(node, torch.add, of=(self._graph.term(node, 0), self._graph.term(node, 1)))

    def _translate_subtract(self, node: openvino.Node) -> None:
        self._graph.put(node, torch.sub, of=(self._graph.term(node, 0), self._graph.term(node, 1)))

    def _translate_clamp(self, node: openvino.Node) -> None:
        limits = node.get_attributes()
        self._graph.put(node, torch.clamp, limits["min"], limits["max"])

    def _translate_sigmoid(self, node: openvino.Node) -> None:
        self._graph.put(node, torch.sigmoid)

    def _translate_concat(self, node: openvino.Node) -> None:
        axis = node.get_attributes()["axis"]
        if axis == 0:
            raise ValueError("it concatenates images")
        parts = [self._graph.input(node, number) for number in range(node.get_input_size())]
        self._graph.set(node, self._graph.call(torch.cat, parts, axis))

    def _translate_pad(self, node: openvino.Node) -> None:
        before, behind, value = self._padding(node)
        if before[0] or behind[0]:
            raise ValueError("it pads the batch")
        sides = [side for pair in zip(reversed(before), reversed(behind), strict=True) for side in pair]
        self._graph.put(node, functional.pad, sides, "constant", value)

    def _translate_maxpool(self, node: openvino.Node) -> None:
        known = node.get_attributes()
        if any(known["pads_begin"]) or any(known["pads_end"]) or set(known["dilations"]) != {1}:
            raise ValueError("its MaxPool has settings that are not known")
        self._graph.put(node, functional.max_pool2d, list(known["kernel"]), list(known["strides"]))

    def _translate_depthtospace(self, node: openvino.Node) -> None:
        known = node.get_attributes()
        if known["mode"] != "blocks_first":
            raise ValueError("its DepthToSpace has a mode that is not known")
        block = known["block_size"]
        channels, rows, columns = node.input_value(0).shape[1:]
        channels //= block * block
        size = batch(node)
        value = self._graph.input(node, 0)
        value = self._graph.call(torch.reshape, value, [size, block, block, channels, rows, columns])
        value = self._graph.call(torch.permute, value, [0, 3, 4, 1, 5, 2])
        self._graph.set(node, self._graph.call(torch.reshape, value, [size, channels, rows * block, columns * block]))

    def _translate_interpolate(self, node: openvino.Node) -> None:
        known = node.get_attributes()
        size, axes = (self._graph.constant(node, number).tolist() for number in (1, 2))
        usual = {
            "mode": "linear_onnx",
            "shape_calculation_mode": "sizes",
            "coordinate_transformation_mode": "half_pixel",
            "antialias": False,
        }
        odd = any(known[name] != value for name, value in usual.items())
        if odd or any(known["pads_begin"]) or any(known["pads_end"]) or axes not in ([1, 2], [2, 3]):
            raise ValueError("its Interpolate has settings that are not known")
        value = self._graph.input(node, 0)
        if axes == [1, 2]:
            value = self._graph.call(torch.permute, value, [0, 3, 1, 2])
        value = self._graph.call(functional.interpolate, value, size=size, mode="bilinear", align_corners=False)
        if axes == [1, 2]:
            value = self._graph.call(torch.permute, value, [0, 2, 3, 1])
        self._graph.set(node, value)

    def _translate_convolution(self, node: openvino.Node) -> None:
        self._convolve(node, self._graph.constant(node, 1), groups=1)

    def _translate_groupconvolution(self, node: openvino.Node) -> None:
        weights = self._graph.constant(node, 1)  # (groups, to, from, rows, columns)
        self._convolve(node, weights.flatten(0, 1), groups=len(weights))

    def _convolve(self, node: openvino.Node, weights: Tensor, groups: int) -> None:
        known = node.get_attributes()
        reader, zeros = self._zeros_around(node)
        before, behind = np.add(zeros, (list(known["pads_begin"]), list(known["pads_end"]))).tolist()
        value = self._graph.input(reader, 0, self._graph.type_of(node))
        if before != behind:
            value = self._graph.call(functional.pad, value, [before[1], behind[1], before[0], behind[0]])
            before = [0, 0]
        bias = self._bias(node)
        # fmt: off
        self._graph.set(node, self._graph.call(
            functional.conv2d, value, self._graph.weight(weights, node),
            None if bias is None else self._graph.weight(bias.flatten(), node),
            list(known["strides"]), before, list(known["dilations"]), groups,
        ))
        # fmt: on

    def _zeros_around(self, node: openvino.Node) -> tuple[openvino.Node, tuple[list[int], list[int]]]:
        """The node whose first input a convolution can read, and the zeros (before, behind) to put around that."""
        pad = node.input_value(0).get_node()
        if pad.get_type_name() == "Pad":
            before, behind, value = self._padding(pad)
            if not any((*before[:2], *behind[:2], value)):
                return pad, (before[2:], behind[2:])
        return node, ([0, 0], [0, 0])

    def _padding(self, pad: openvino.Node) -> tuple[list[int], list[int], float]:
        """How much is put before and behind every axis, and its value."""
        if pad.get_attributes()["pad_mode"] != "constant":
            raise ValueError("its Pad has a mode that is not known")
        value = float(self._graph.constant(pad, 3)) if pad.get_input_size() > 3 else 0.0
        return self._graph.constant(pad, 1).tolist(), self._graph.constant(pad, 2).tolist(), value

    def _bias(self, node: openvino.Node) -> Tensor | None:
        """The constant that is added to a convolution, channel by channel, if that is all that happens to it."""
        readers = self._graph.readers.get(node.get_name(), [])
        if "Convolution" not in node.get_type_name() or len(readers) != 1 or readers[0].get_type_name() != "Add":
            return None
        (reader,) = readers
        if reader.input_value(0).get_node().get_name() != node.get_name():
            return None
        added = self._graph.value(reader, 1)
        wanted = [1, node.output(0).shape[1], 1, 1]
        return added if isinstance(added, Tensor) and list(added.shape) == wanted else None
