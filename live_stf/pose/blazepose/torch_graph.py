"""The growing torch graph of a translated OpenVINO network: values computed so far, their types, and constants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn

from live_stf.runtime.openvino import openvino


class TorchGraph:
    """A torch.fx graph to which one node of an OpenVINO model is added after the other.

    A node that depends on the image becomes a node of the graph; one that depends on constants only is computed at
    once. low: type of the numbers, except from the last convolution before each output on, which stays in float32.
    """

    def __init__(self, model: openvino.Model, low: torch.dtype) -> None:
        self.nodes = _constants_first(model.get_ordered_ops())
        self.readers = _readers(self.nodes)
        self.graph = fx.Graph()
        self._exact = _exact(model) if low != torch.float32 else {node.get_name() for node in self.nodes}
        self._low = low
        self._root = nn.Module()
        self._values: dict[str, fx.Node | Tensor] = {}
        self._converted: dict[tuple[str, torch.dtype], fx.Node] = {}
        self._types: dict[str, torch.dtype] = {}  # of the computed nodes

    def module(self, results: list[openvino.Node]) -> fx.GraphModule:
        """The module that computes these nodes, which have to be in the graph."""
        self.graph.output(tuple(self._values[result.get_name()] for result in results))
        self.graph.eliminate_dead_code()
        self.graph.lint()
        return fx.GraphModule(self._root, self.graph).eval()

    def type_of(self, node: openvino.Node) -> torch.dtype:
        """The type that a node computes in."""
        return torch.float32 if node.get_name() in self._exact else self._low

    def value(self, node: openvino.Node, number: int) -> fx.Node | Tensor:
        """An input of a node as it was computed."""
        source = node.input_value(number)
        if source.get_index() != 0:
            raise ValueError(f"it reads a second result of {source.get_node().get_type_name()}")
        return self._values[source.get_node().get_name()]

    def input(self, node: openvino.Node, number: int, wanted: torch.dtype | None = None) -> fx.Node:
        """An input that depends on the image, in the wanted type (by default, that of the node)."""
        wanted = self.type_of(node) if wanted is None else wanted
        value, name = self.value(node, number), node.input_value(number).get_node().get_name()
        if isinstance(value, Tensor):
            raise ValueError(f"its {node.get_type_name()} does not depend on the image")
        if self._types.get(name, wanted) == wanted:
            return value
        if (name, wanted) not in self._converted:
            self._converted[name, wanted] = self.graph.call_method("to", (value, wanted))
        return self._converted[name, wanted]

    def constant(self, node: openvino.Node, number: int) -> Tensor:
        """An input that depends on constants only."""
        value = self.value(node, number)
        if isinstance(value, fx.Node):
            raise ValueError(f"its {node.get_type_name()} depends on the image where it should not")
        return value

    def term(self, node: openvino.Node, number: int) -> fx.Node:
        """One operand of a sum or difference."""
        value = self.value(node, number)
        return self.weight(value, node) if isinstance(value, Tensor) else self.input(node, number)

    def weight(self, value: Tensor, node: openvino.Node) -> fx.Node:
        """A constant as a part of the module, in the type that the node computes in."""
        name = f"constant{len(list(self._root.buffers()))}"
        self._root.register_buffer(name, value.to(self.type_of(node)).contiguous())
        return self.graph.get_attr(name)

    def call(self, function: Callable[..., Any], *arguments: Any, **settings: Any) -> fx.Node:
        """A call of a torch function in the graph."""
        return self.graph.call_function(function, arguments, settings)

    def put(
        self, node: openvino.Node, function: Callable[..., Any], *settings: Any, of: tuple[Any, ...] | None = None
    ) -> None:
        """Compute a node by a function of `of`, by default of its first input; at once if that is a constant."""
        if of is None:
            value = self.value(node, 0)
            if isinstance(value, Tensor):
                self.keep(node, function(value, *settings))
                return
            of = (self.input(node, 0),)
        self.set(node, self.call(function, *of, *settings))

    def set(self, node: openvino.Node, value: fx.Node) -> None:
        """A node's value, in the type that the node computes in."""
        self._values[node.get_name()] = value
        self._types[node.get_name()] = self.type_of(node)

    def keep(self, node: openvino.Node, value: fx.Node | Tensor) -> None:
        """A node's value of no particular type: a constant, the image, or a result."""
        self._values[node.get_name()] = value

    def pass_on(self, node: openvino.Node, source: openvino.Node) -> None:
        """A node's value is that of another one."""
        self._values[node.get_name()] = self._values[source.get_name()]
        self._types[node.get_name()] = self._types[source.get_name()]


def array(node: openvino.Node) -> Tensor:
    """The value of a constant of the model."""
    return torch.from_numpy(np.array(node.get_data()))


def batch(node: openvino.Node) -> int:
    """The length of the batch in a shape (-1: any). Raises ValueError if the node's first axis is not the batch."""
    if node.input_value(0).shape[0] != 1 or node.output(0).shape[0] != 1:
        raise ValueError(f"its {node.get_type_name()} mixes images")
    return -1


def _constants_first(nodes: list[openvino.Node]) -> list[openvino.Node]:
    """The nodes in an order in which all that depend on constants only come before those that depend on the image."""
    changing: set[str] = set()
    for node in nodes:
        inputs = {source.get_node().get_name() for source in node.input_values()}
        if node.get_type_name() == "Parameter" or inputs & changing:
            changing.add(node.get_name())
    return sorted(nodes, key=lambda node: node.get_name() in changing)


def _readers(nodes: list[openvino.Node]) -> dict[str, list[openvino.Node]]:
    """For each node's name the nodes that read its first result, among those that lead to an output."""
    found: dict[str, list[openvino.Node]] = {}
    for node in nodes:
        for source in node.input_values():
            found.setdefault(source.get_node().get_name(), []).append(node)
    return found


def _exact(model: openvino.Model) -> set[str]:
    """Names of the nodes from the last convolutions to the outputs, including both."""
    waiting: list[openvino.Node] = list(model.get_results())
    found: set[str] = set()
    while waiting:
        node = waiting.pop()
        if node.get_name() not in found:
            found.add(node.get_name())
            if "Convolution" not in node.get_type_name():
                waiting += [source.get_node() for source in node.input_values()]
    return found
