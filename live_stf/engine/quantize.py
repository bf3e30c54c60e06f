"""int8 by explicit quantisation: the ONNX file states which values are rounded, and in which range.

Products and convolutions with learned weights get int8 inputs; everything between them stays as it is. Weights have one
scale per output channel, features one per tensor. Both are symmetric, because the int8 units of GPUs require it. The
calibration windows give the ranges and show which products lose most accuracy; those few can stay unrounded.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from live_stf.engine.export import INPUT, OUTPUTS
from live_stf.errors import EngineError

if TYPE_CHECKING:
    import onnx

STEPS = 127
SMALLEST = 1e-6  # range, so that no scale is zero
OPERATORS = ("Conv", "MatMul", "Gemm")
REMAINING = 0.02  # share of the sum of all errors that the rounded products may have
TRIED = 8  # windows that the errors are measured on


def quantisable(graph: onnx.GraphProto) -> dict[int, str]:
    """The nodes that can be quantised: position -> name of the features that go in."""
    weights = {weight.name for weight in graph.initializer if len(weight.dims) > 1}
    return {
        position: node.input[0]
        for position, node in enumerate(graph.node)
        if node.op_type in OPERATORS and node.input[1] in weights and node.input[0] not in weights
    }


def _session(proto: onnx.ModelProto) -> Any:
    """A session of ONNX Runtime on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])


def measure_ranges(path: Path, x: np.ndarray) -> dict[str, float]:
    """Largest absolute value of the features that go into each quantisable node of a float32 file, over windows x."""
    import onnx

    proto = onnx.load(path)
    names = sorted(set(quantisable(proto.graph).values()))
    described = {value.name for value in proto.graph.output}
    inside = [name for name in names if name not in described and name != INPUT]
    proto.graph.output.extend(onnx.ValueInfoProto(name=name) for name in inside)
    session = _session(proto)
    ranges = dict.fromkeys(names, 0.0)
    for window in x:  # one by one: the features of all windows do not fit into memory
        for name, value in zip(inside, session.run(inside, {INPUT: window[None]}), strict=True):
            ranges[name] = max(ranges[name], float(np.abs(value).max()))
    if INPUT in ranges:
        ranges[INPUT] = float(np.abs(x).max())
    return ranges


def measure_errors(proto: onnx.ModelProto, ranges: Mapping[str, float], x: np.ndarray) -> dict[str, float]:
    """The error of rounding each product alone: name of its result -> mean square change of the logits on windows x.

    proto: the float32 network.
    """
    results = {proto.graph.node[position].output[0] for position in quantisable(proto.graph)}

    def logits(network: onnx.ModelProto) -> np.ndarray:
        session = _session(network)
        return np.concatenate([session.run([OUTPUTS[0]], {INPUT: window[None]})[0] for window in x])

    exact = logits(proto)
    return {
        name: float(np.square(logits(quantized(proto, ranges, results - {name})) - exact).mean())
        for name in sorted(results)
    }


def most_sensitive(proto: onnx.ModelProto, ranges: Mapping[str, float], x: np.ndarray) -> list[str]:
    """Names of the products with the largest errors on TRIED of the windows x, worst first; see REMAINING."""
    return worst(measure_errors(proto, ranges, x[:: max(1, len(x) // TRIED)][:TRIED]), REMAINING)


def worst(errors: Mapping[str, float], remaining: float) -> list[str]:
    """Names of the largest errors, worst first, until the rest is at most the share `remaining` of the sum."""
    left, allowed, kept = sum(errors.values()), remaining * sum(errors.values()), []
    for name in sorted(errors, key=errors.__getitem__, reverse=True):
        if left <= allowed:
            break
        kept.append(name)
        left -= errors[name]
    return kept


def quantized(proto: onnx.ModelProto, ranges: Mapping[str, float], kept: Collection[str] = ()) -> onnx.ModelProto:
    """The network with int8 inputs of all quantisable nodes.

    ranges: largest absolute value by name, see `measure_ranges`. kept: results of products that stay as they are. Nodes
    that are in fp32 in a file of fp16 (see `export.sensitive`) stay as they are, too. Raises EngineError if a range is
    missing.
    """
    import onnx
    from onnx import TensorProto, helper

    graph = proto.graph
    types = {weight.data_type for weight in graph.initializer}
    low = TensorProto.FLOAT16 if TensorProto.FLOAT16 in types else TensorProto.FLOAT
    rounding = _Rounding(graph, ranges, helper.tensor_dtype_to_np_dtype(low))
    weights = {weight.name: weight for weight in graph.initializer}
    rounded = {
        position
        for position in quantisable(graph)
        if weights[graph.node[position].input[1]].data_type == low
        and _original(graph.node[position].output[0]) not in kept
    }
    for position, node in enumerate(graph.node):
        changed = onnx.NodeProto()
        changed.CopyFrom(node)
        if position in rounded:
            transposed = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
            axis = 0 if node.op_type == "Conv" or transposed else len(weights[node.input[1]].dims) - 1
            changed.input[0], changed.input[1] = rounding.features(node.input[0]), rounding.weights(node.input[1], axis)
        rounding.nodes.append(changed)
    used = {name for node in rounding.nodes for name in node.input}
    initializers = [weight for weight in graph.initializer if weight.name in used] + rounding.constants
    new = helper.make_graph(rounding.nodes, graph.name, list(graph.input), list(graph.output), initializers)
    result = helper.make_model(new, opset_imports=list(proto.opset_import), producer_name=proto.producer_name)
    result.ir_version = proto.ir_version
    return result


def _original(name: str) -> str:
    """The name of a value before its network was lowered to fp16."""
    return name.removesuffix("_fp16")


class _Rounding:
    """The nodes of a quantised graph and the constants that they need, each value rounded once.

    scale_type: NumPy's type of the scales, that of the network between the products.
    """

    def __init__(self, graph: onnx.GraphProto, ranges: Mapping[str, float], scale_type: np.dtype) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._initializers = {weight.name: weight for weight in graph.initializer}
        self._ranges = ranges
        self._scale_type = scale_type
        self._done: dict[str, str] = {}

    def features(self, name: str) -> str:
        """Round features, with one scale for the tensor; returns the name of the result."""
        from onnx import helper

        if name not in self._done:
            largest = self._ranges.get(name, self._ranges.get(_original(name)))
            if largest is None:
                raise EngineError(f"int8 has no range for {_original(name)!r}: measure the ranges on this network")
            scale = self._constant(f"{name}_scale", np.array(max(largest, SMALLEST) / STEPS, self._scale_type))
            zero = self._constant(f"{name}_zero", np.zeros((), np.int8))
            self.nodes.append(helper.make_node("QuantizeLinear", [name, scale, zero], [f"{name}_int8"]))
            self._dequantize(name, f"{name}_int8", scale, zero)
        return self._done[name]

    def weights(self, name: str, axis: int) -> str:
        """Round weights, with one scale for each output channel; returns the name of the result."""
        from onnx import numpy_helper

        if name not in self._done:
            values = numpy_helper.to_array(self._initializers[name]).astype(np.float32)
            others = tuple(other for other in range(values.ndim) if other != axis)
            scales = np.maximum(np.abs(values).max(axis=others), SMALLEST) / STEPS
            steps = np.clip(np.rint(values / np.expand_dims(scales, others)), -STEPS, STEPS)
            rounded = self._constant(f"{name}_int8", steps.astype(np.int8))
            scale = self._constant(f"{name}_scale", scales.astype(self._scale_type))
            zero = self._constant(f"{name}_zero", np.zeros(scales.shape, np.int8))
            self._dequantize(name, rounded, scale, zero, axis)
        return self._done[name]

    def _dequantize(self, name: str, rounded: str, scale: str, zero: str, axis: int | None = None) -> None:
        from onnx import helper

        self._done[name] = f"{name}_rounded"
        self.nodes.append(helper.make_node("DequantizeLinear", [rounded, scale, zero], [self._done[name]], axis=axis))

    def _constant(self, name: str, values: np.ndarray) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(values, name))
        return name
