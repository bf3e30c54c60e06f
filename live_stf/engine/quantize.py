"""int8 by explicit quantisation: what is rounded, and to which range, stands in the ONNX file.

Products and convolutions with learned weights get int8 inputs; everything between them stays as it is. Weights have one
scale per output channel, features one per tensor, both symmetric: what int8 units of GPUs take. Which products suffer
from it most is measured on the windows that the ranges are measured on; those few can be left as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from live_stf.engine.export import INPUT, OUTPUTS
from live_stf.errors import EngineError

STEPS = 127
OPERATORS = ("Conv", "MatMul", "Gemm")
REMAINING = 0.02  # share of the error of rounding every product that rounding the chosen ones may leave
TRIED = 8  # windows that show which


def quantisable(graph) -> dict[int, str]:
    """Positions of the nodes of an `onnx.GraphProto` that can be quantised -> name of their features."""
    weights = {weight.name for weight in graph.initializer if len(weight.dims) > 1}
    return {
        position: node.input[0]
        for position, node in enumerate(graph.node)
        if node.op_type in OPERATORS and node.input[1] in weights and node.input[0] not in weights
    }


def _session(proto):
    """The `onnx.ModelProto`, ready to run on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])


def measure_ranges(path: Path, x: np.ndarray) -> dict[str, float]:
    """Largest absolute value of what goes into every quantisable node of a float32 file, over windows x."""
    import onnx

    proto = onnx.load(path)
    names = sorted(set(quantisable(proto.graph).values()))
    described = {value.name for value in proto.graph.output}
    inside = [name for name in names if name not in described and name != INPUT]
    proto.graph.output.extend(onnx.ValueInfoProto(name=name) for name in inside)
    session = _session(proto)
    ranges = dict.fromkeys(names, 0.0)
    for window in x:  # one by one: all features of all windows would not fit into memory
        for name, value in zip(inside, session.run(inside, {INPUT: window[None]}), strict=True):
            ranges[name] = max(ranges[name], float(np.abs(value).max()))
    if INPUT in ranges:
        ranges[INPUT] = float(np.abs(x).max())
    return ranges


def measure_errors(proto, ranges: Mapping[str, float], x: np.ndarray) -> dict[str, float]:
    """What int8 costs product by product: name of its result -> mean square change of the logits on windows x, with
    that product alone rounded. proto: the float32 `onnx.ModelProto`.
    """
    results = {proto.graph.node[position].output[0] for position in quantisable(proto.graph)}

    def logits(network) -> np.ndarray:
        session = _session(network)
        return np.concatenate([session.run([OUTPUTS[0]], {INPUT: window[None]})[0] for window in x])

    exact = logits(proto)
    return {
        name: float(np.square(logits(quantized(proto, ranges, results - {name})) - exact).mean())
        for name in sorted(results)
    }


def most_sensitive(proto, ranges: Mapping[str, float], x: np.ndarray) -> list[str]:
    """Results of the products that suffer most, worst first, tried on TRIED of the windows x; see REMAINING."""
    return worst(measure_errors(proto, ranges, x[:: max(1, len(x) // TRIED)][:TRIED]), REMAINING)


def worst(errors: Mapping[str, float], remaining: float) -> list[str]:
    """Names of the largest errors, worst first: so many that the rest is at most the share `remaining` of the sum."""
    left, allowed, kept = sum(errors.values()), remaining * sum(errors.values()), []
    for name in sorted(errors, key=errors.__getitem__, reverse=True):
        if left <= allowed:
            break
        kept.append(name)
        left -= errors[name]
    return kept


def quantized(proto, ranges: Mapping[str, float], kept: Collection[str] = ()):
    """The `onnx.ModelProto` with int8 inputs wherever it is quantisable. EngineError when a range is not there.

    ranges: largest absolute value by name, see `measure_ranges`. kept: results of products that stay as they are.
    Nodes that are kept in fp32 in a file that is otherwise in fp16 (see `export.sensitive`) are left alone.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    graph = proto.graph
    initializers = {weight.name: weight for weight in graph.initializer}
    types = {weight.data_type for weight in graph.initializer}
    low = TensorProto.FLOAT16 if TensorProto.FLOAT16 in types else TensorProto.FLOAT
    numpy_type = helper.tensor_dtype_to_np_dtype(low)
    wanted = {
        position: name
        for position, name in quantisable(graph).items()
        if initializers[graph.node[position].input[1]].data_type == low
        and graph.node[position].output[0].removesuffix("_fp16") not in kept
    }
    added, nodes, done = [], [], {}

    def constant(name: str, values: np.ndarray) -> str:
        added.append(numpy_helper.from_array(values, name))
        return name

    def features(name: str) -> str:
        if name not in done:
            original = name.removesuffix("_fp16")
            largest = ranges.get(name, ranges.get(original))
            if largest is None:
                raise EngineError(f"int8 has no range for {original!r}: measure the ranges of this very network")
            scale = constant(f"{name}_scale", np.array(max(largest, 1e-6) / STEPS, numpy_type))
            zero = constant(f"{name}_zero", np.zeros((), np.int8))
            nodes.append(helper.make_node("QuantizeLinear", [name, scale, zero], [f"{name}_int8"]))
            done[name] = f"{name}_rounded"
            nodes.append(helper.make_node("DequantizeLinear", [f"{name}_int8", scale, zero], [done[name]]))
        return done[name]

    def weights(name: str, axis: int) -> str:
        if name not in done:
            values = numpy_helper.to_array(initializers[name]).astype(np.float32)
            others = tuple(other for other in range(values.ndim) if other != axis)
            scales = np.maximum(np.abs(values).max(axis=others), 1e-6) / STEPS
            spread = np.expand_dims(scales, others)
            rounded = constant(f"{name}_int8", np.clip(np.rint(values / spread), -STEPS, STEPS).astype(np.int8))
            scale = constant(f"{name}_scale", scales.astype(numpy_type))
            zero = constant(f"{name}_zero", np.zeros(scales.shape, np.int8))
            done[name] = f"{name}_rounded"
            nodes.append(helper.make_node("DequantizeLinear", [rounded, scale, zero], [done[name]], axis=axis))
        return done[name]

    for position, node in enumerate(graph.node):
        changed = onnx.NodeProto()
        changed.CopyFrom(node)
        if position in wanted:
            transposed = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
            rank = len(initializers[node.input[1]].dims)
            axis = 0 if node.op_type == "Conv" or transposed else rank - 1
            changed.input[0], changed.input[1] = features(node.input[0]), weights(node.input[1], axis)
        nodes.append(changed)
    used = {name for node in nodes for name in node.input}
    kept = [weight for weight in graph.initializer if weight.name in used]
    new = helper.make_graph(nodes, graph.name, list(graph.input), list(graph.output), kept + added)
    result = helper.make_model(new, opset_imports=list(proto.opset_import), producer_name=proto.producer_name)
    result.ir_version = proto.ir_version
    return result
