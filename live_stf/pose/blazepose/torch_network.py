"""A network of MediaPipe's as a torch module, operator by operator, for what has no OpenVINO: an NVIDIA GPU.

It is made of the graph that OpenVINO runs on a processor, after `graph.rewritten`, so that both compute the same from
the same picture. The module takes any number of pictures at once and can be exported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from live_stf.runtime.openvino import openvino

TYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def torch_network(model: openvino.Model, precision: str = "fp32") -> fx.GraphModule:
    """The module: pictures (N, side, side, 3) uint8 -> what the model gives for each, float32, the batch first.

    precision: one of TYPES. In fp16 and bf16 the last convolution before every output, and what follows it, stay in
    fp32: places are numbers up to 256, of which bf16 has only the whole ones. ValueError for a model with an operator,
    or with a use of one, that the networks of MediaPipe's do not have.
    """
    return _Translation(model, TYPES[precision]).module()


class _Translation:
    """Goes through a model once; what constants alone lead to is computed on the way."""

    def __init__(self, model: openvino.Model, low: torch.dtype) -> None:
        self._nodes = _constants_first(model.get_ordered_ops())
        self._readers = _readers(self._nodes)
        self._exact = _exact(model) if low != torch.float32 else {node.get_name() for node in self._nodes}
        self._low = low
        self._root = nn.Module()
        self._graph = fx.Graph()
        self._values: dict[tuple[str, torch.dtype | None], fx.Node | Tensor] = {}  # None: as it is computed
        self._written: dict[str, torch.dtype] = {}
        self._results = [result.get_name() for result in model.get_results()]

    def module(self) -> fx.GraphModule:
        """What `torch_network` gives."""
        parameters = sum(node.get_type_name() == "Parameter" for node in self._nodes)
        if parameters != 1:
            raise ValueError(f"it takes {parameters} inputs, not one picture")
        for node in self._nodes:
            kind = node.get_type_name()
            translate = getattr(self, f"_take_{kind.lower()}", None)
            if translate is None:
                raise ValueError(f"its operator {kind} is not known")
            translate(node)
        self._graph.output(tuple(self._values[name, None] for name in self._results))
        self._graph.eliminate_dead_code()
        self._graph.lint()
        return fx.GraphModule(self._root, self._graph).eval()

    def _take_parameter(self, node: openvino.Node) -> None:
        self._values[node.get_name(), None] = self._graph.placeholder("pictures")

    def _take_constant(self, node: openvino.Node) -> None:
        self._values[node.get_name(), None] = torch.from_numpy(np.array(node.get_data()))

    def _take_result(self, node: openvino.Node) -> None:
        self._values[node.get_name(), None] = self._input(node, 0, torch.float32)

    def _take_convert(self, node: openvino.Node) -> None:
        """Numbers are computed in the translation's types, not in the file's."""
        if str(node.output(0).element_type.get_type_name()) != "f32":
            raise ValueError(f"it computes in {node.output(0).element_type.get_type_name()}")
        value = self._plain(node, 0)
        if isinstance(value, Tensor):
            self._values[node.get_name(), None] = value.float()
        else:
            self._put(node, Tensor.to, self._type(node), of=(value,))

    def _take_unsqueeze(self, node: openvino.Node) -> None:
        value = self._constant(node, 0)
        self._values[node.get_name(), None] = value.reshape(list(node.output(0).shape))

    def _take_reshape(self, node: openvino.Node) -> None:
        shape = list(node.output(0).shape)
        if isinstance(self._plain(node, 0), fx.Node):
            shape = [_batch(node), *shape[1:]]
        self._put(node, torch.reshape, shape)

    def _take_transpose(self, node: openvino.Node) -> None:
        order = self._constant(node, 1).tolist()
        if isinstance(self._plain(node, 0), fx.Node) and order[0] != 0:
            raise ValueError("it turns the batch")
        self._put(node, torch.permute, order)

    def _take_add(self, node: openvino.Node) -> None:
        convolution = node.input_value(0).get_node()
        if self._bias(convolution) is not None:  # is in the convolution already
            self._values[node.get_name(), None] = self._plain(node, 0)
            self._written[node.get_name()] = self._written[convolution.get_name()]
            return
        self._put(node, torch.add, of=(self._term(node, 0), self._term(node, 1)))

    def _take_subtract(self, node: openvino.Node) -> None:
        self._put(node, torch.sub, of=(self._term(node, 0), self._term(node, 1)))

    def _take_clamp(self, node: openvino.Node) -> None:
        limits = node.get_attributes()
        self._put(node, torch.clamp, limits["min"], limits["max"])

    def _take_sigmoid(self, node: openvino.Node) -> None:
        self._put(node, torch.sigmoid)

    def _take_concat(self, node: openvino.Node) -> None:
        axis = node.get_attributes()["axis"]
        parts = [self._input(node, number, self._type(node)) for number in range(node.get_input_size())]
        if axis == 0 or not all(isinstance(part, fx.Node) for part in parts):
            raise ValueError("it puts together what is not of one picture")
        self._set(node, self._graph.call_function(torch.cat, (parts, axis)))

    def _take_pad(self, node: openvino.Node) -> None:
        before, behind, value = self._frame(node)
        if before[0] or behind[0]:
            raise ValueError("it pads the batch")
        sides = [side for pair in zip(reversed(before), reversed(behind), strict=True) for side in pair]
        self._put(node, functional.pad, sides, "constant", value)

    def _take_maxpool(self, node: openvino.Node) -> None:
        known = node.get_attributes()
        if any(known["pads_begin"]) or any(known["pads_end"]) or set(known["dilations"]) != {1}:
            raise ValueError("it takes the largest of a window in an unknown way")
        self._put(node, functional.max_pool2d, list(known["kernel"]), list(known["strides"]))

    def _take_depthtospace(self, node: openvino.Node) -> None:
        known = node.get_attributes()
        if known["mode"] != "blocks_first":
            raise ValueError("it spreads channels over pixels in an unknown way")
        block = known["block_size"]
        channels, rows, columns = node.input_value(0).shape[1:]
        channels //= block * block
        batch = _batch(node)
        value = self._input(node, 0, self._type(node))
        for function, order in (
            (torch.reshape, [batch, block, block, channels, rows, columns]),
            (torch.permute, [0, 3, 4, 1, 5, 2]),
            (torch.reshape, [batch, channels, rows * block, columns * block]),
        ):
            value = self._graph.call_function(function, (value, order))
        self._set(node, value)

    def _take_interpolate(self, node: openvino.Node) -> None:
        known = node.get_attributes()
        size, axes = (self._constant(node, number).tolist() for number in (1, 2))
        usual = {
            "mode": "linear_onnx",
            "shape_calculation_mode": "sizes",
            "coordinate_transformation_mode": "half_pixel",
            "antialias": False,
        }
        odd = any(known[name] != value for name, value in usual.items())
        if odd or any(known["pads_begin"]) or any(known["pads_end"]) or axes not in ([1, 2], [2, 3]):
            raise ValueError("it scales pictures in an unknown way")
        value = self._input(node, 0, self._type(node))
        if axes == [1, 2]:
            value = self._graph.call_function(torch.permute, (value, [0, 3, 1, 2]))
        value = self._graph.call_function(
            functional.interpolate, (value,), {"size": size, "mode": "bilinear", "align_corners": False}
        )
        if axes == [1, 2]:
            value = self._graph.call_function(torch.permute, (value, [0, 2, 3, 1]))
        self._set(node, value)

    def _take_convolution(self, node: openvino.Node) -> None:
        self._convolve(node, self._constant(node, 1), groups=1)

    def _take_groupconvolution(self, node: openvino.Node) -> None:
        weights = self._constant(node, 1)  # (groups, to, from, rows, columns)
        self._convolve(node, weights.flatten(0, 1), groups=len(weights))

    def _convolve(self, node: openvino.Node, weights: Tensor, groups: int) -> None:
        known = node.get_attributes()
        reader, around = self._zeros_around(node)
        before, behind = np.add(around, (list(known["pads_begin"]), list(known["pads_end"]))).tolist()
        value = self._input(reader, 0, self._type(node))
        if before != behind:
            sides = [before[1], behind[1], before[0], behind[0]]
            value = self._graph.call_function(functional.pad, (value, sides))
            before = [0, 0]
        bias = self._bias(node)
        # fmt: off
        arguments = (
            value, self._weight(weights, node), None if bias is None else self._weight(bias.flatten(), node),
            list(known["strides"]), before, list(known["dilations"]), groups,
        )
        # fmt: on
        self._set(node, self._graph.call_function(functional.conv2d, arguments))

    def _zeros_around(self, node: openvino.Node) -> tuple[openvino.Node, tuple[list[int], list[int]]]:
        """Whose first input a convolution can read, and the zeros (before, behind) that are put around that first."""
        pad = node.input_value(0).get_node()
        if pad.get_type_name() == "Pad":
            before, behind, value = self._frame(pad)
            if not any((*before[:2], *behind[:2], value)):
                return pad, (before[2:], behind[2:])
        return node, ([0, 0], [0, 0])

    def _frame(self, pad: openvino.Node) -> tuple[list[int], list[int], float]:
        """How much is put before and behind every axis, and what."""
        if pad.get_attributes()["pad_mode"] != "constant":
            raise ValueError("it pads in another way than by a number")
        value = float(self._constant(pad, 3)) if pad.get_input_size() > 3 else 0.0
        return self._constant(pad, 1).tolist(), self._constant(pad, 2).tolist(), value

    def _bias(self, node: openvino.Node) -> Tensor | None:
        """What is added to a convolution alone, channel by channel, and to nothing else of it."""
        readers = self._readers.get(node.get_name(), [])
        if "Convolution" not in node.get_type_name() or len(readers) != 1 or readers[0].get_type_name() != "Add":
            return None
        (reader,) = readers
        if reader.input_value(0).get_node().get_name() != node.get_name():
            return None
        added = self._plain(reader, 1)
        wanted = [1, node.output(0).shape[1], 1, 1]
        return added if isinstance(added, Tensor) and list(added.shape) == wanted else None

    def _type(self, node: openvino.Node) -> torch.dtype:
        return torch.float32 if node.get_name() in self._exact else self._low

    def _plain(self, node: openvino.Node, number: int) -> fx.Node | Tensor:
        """An input as it was computed."""
        source = node.input_value(number)
        if source.get_index() != 0:
            raise ValueError(f"it reads a second result of {source.get_node().get_type_name()}")
        return self._values[source.get_node().get_name(), None]

    def _input(self, node: openvino.Node, number: int, wanted: torch.dtype) -> fx.Node:
        """An input that depends on the picture, in the type that is wanted."""
        value, name = self._plain(node, number), node.input_value(number).get_node().get_name()
        if isinstance(value, Tensor):
            raise ValueError(f"its {node.get_type_name()} does not depend on the picture")
        if self._written.get(name, wanted) == wanted:
            return value
        if (name, wanted) not in self._values:
            self._values[name, wanted] = self._graph.call_method("to", (value, wanted))
        return self._values[name, wanted]

    def _constant(self, node: openvino.Node, number: int) -> Tensor:
        value = self._plain(node, number)
        if isinstance(value, fx.Node):
            raise ValueError(f"its {node.get_type_name()} depends on the picture where it should not")
        return value

    def _term(self, node: openvino.Node, number: int) -> fx.Node:
        """One side of a sum."""
        value = self._plain(node, number)
        return self._weight(value, node) if isinstance(value, Tensor) else self._input(node, number, self._type(node))

    def _weight(self, value: Tensor, node: openvino.Node) -> fx.Node:
        """A constant as a part of the module, in the type that the node computes in."""
        name = f"constant{len(list(self._root.buffers()))}"
        self._root.register_buffer(name, value.to(self._type(node)).contiguous())
        return self._graph.get_attr(name)

    def _put(
        self, node: openvino.Node, function: Callable[..., Any], *settings: Any, of: tuple[Any, ...] | None = None
    ) -> None:
        """Compute a node by a function of `of`, by default of its first input; at once where that is a constant."""
        if of is None:
            value = self._plain(node, 0)
            if isinstance(value, Tensor):
                self._values[node.get_name(), None] = function(value, *settings)
                return
            of = (self._input(node, 0, self._type(node)),)
        self._set(node, self._graph.call_function(function, (*of, *settings)))

    def _set(self, node: openvino.Node, value: fx.Node) -> None:
        self._values[node.get_name(), None] = value
        self._written[node.get_name()] = self._type(node)


def _constants_first(nodes: list[openvino.Node]) -> list[openvino.Node]:
    """In an order in which everything that no picture changes comes before what it does."""
    changing: set[str] = set()
    for node in nodes:
        inputs = {source.get_node().get_name() for source in node.input_values()}
        if node.get_type_name() == "Parameter" or inputs & changing:
            changing.add(node.get_name())
    return sorted(nodes, key=lambda node: node.get_name() in changing)


def _readers(nodes: list[openvino.Node]) -> dict[str, list[openvino.Node]]:
    """Who reads the first result of a node, of those that lead to an output."""
    found: dict[str, list[openvino.Node]] = {}
    for node in nodes:
        for source in node.input_values():
            found.setdefault(source.get_node().get_name(), []).append(node)
    return found


def _exact(model: openvino.Model) -> set[str]:
    """Names of the nodes from the last convolutions to the outputs, those included."""
    waiting: list[openvino.Node] = list(model.get_results())
    found: set[str] = set()
    while waiting:
        node = waiting.pop()
        if node.get_name() not in found:
            found.add(node.get_name())
            if "Convolution" not in node.get_type_name():
                waiting += [source.get_node() for source in node.input_values()]
    return found


def _batch(node: openvino.Node) -> int:
    """The length of the batch in a shape. ValueError where the node has something else in front."""
    if node.input_value(0).shape[0] != 1 or node.output(0).shape[0] != 1:
        raise ValueError(f"its {node.get_type_name()} mixes pictures")
    return -1
