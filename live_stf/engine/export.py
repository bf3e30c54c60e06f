"""Export of a model to ONNX for any batch size: x -> logits, attention.

Strongly typed compilers (TensorRT-RTX, and TensorRT 10 or later) use the types of the file, so precision is decided
here. In fp16 and bf16 files every operation is in that type except the sensitive ones; inputs and outputs are float32.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from live_stf.errors import EngineError
from live_stf.model import Model
from live_stf.runtime.onnx_export import OPSETS, check_libraries, save_onnx, to_onnx

if TYPE_CHECKING:
    import onnx

INPUT = "x"
OUTPUTS = ("logits", "attention")
PRECISIONS = tuple(OPSETS)


def input_shape(model: Model) -> tuple[int, int, int, int]:
    """(C, T, V, M) of one window."""
    return model.preparation.shape


def export_onnx(model: Model, path: Path, precision: str = "fp32") -> Path:
    """Write the model as ONNX. Raises EngineError if a library is missing or the precision is not in PRECISIONS."""
    if precision not in PRECISIONS:
        raise EngineError(f"precision {precision!r} cannot be exported; choose one of {', '.join(PRECISIONS)}")
    check_libraries()
    import torch

    from live_stf.engine.torch_engine import WithAttention

    proto = to_onnx(WithAttention(model), torch.zeros(2, *input_shape(model)), INPUT, OUTPUTS, OPSETS[precision])
    if precision != "fp32":
        proto = lowered(proto, precision)
    return save_onnx(proto, path)


def sensitive(graph: onnx.GraphProto) -> set[int]:
    """Positions of the nodes that stay in fp32.

    They are the sums and means, and each Softmax with everything before it, back to the product of query and key and
    to the squares that their lengths are computed from. That product sums thousands of terms and exceeds fp16's range.
    """
    constants = {initializer.name for initializer in graph.initializer}
    maker = {output: position for position, node in enumerate(graph.node) for output in node.output}
    sums = {position for position, node in enumerate(graph.node) if node.op_type in ("ReduceMean", "ReduceSum")}
    waiting = [position for position, node in enumerate(graph.node) if node.op_type == "Softmax"]
    kept: set[int] = set()
    while waiting:
        position = waiting.pop()
        if position in kept:
            continue
        kept.add(position)
        node = graph.node[position]
        computed = [name for name in node.input if name and name not in constants]
        if (node.op_type == "MatMul" and len(computed) == 2) or _squares(node):
            continue
        waiting += [maker[name] for name in computed if name in maker]
    return kept | sums


def _squares(node: onnx.NodeProto) -> bool:
    return node.op_type == "Mul" and node.input[0] == node.input[1]


def lowered(proto: onnx.ModelProto, precision: str) -> onnx.ModelProto:
    """A float32 network with all nodes in fp16 or bf16 except the sensitive ones; inputs and outputs stay float32."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    low = {"fp16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16}[precision]
    numpy_type = helper.tensor_dtype_to_np_dtype(low)
    typed = onnx.shape_inference.infer_shapes(proto, strict_mode=True)
    graph = typed.graph
    described = [*graph.input, *graph.value_info, *graph.output]
    floats = {value.name for value in described if value.type.tensor_type.elem_type == TensorProto.FLOAT}
    weights = {w.name: w for w in graph.initializer if w.data_type == TensorProto.FLOAT}
    floats |= weights.keys()
    kept = sensitive(graph)
    outputs = {output.name for output in graph.output}

    types = dict.fromkeys(floats, TensorProto.FLOAT)  # value -> the type that it is computed in
    made: dict[tuple[str, int], str] = {}  # (value, type) -> its name in that type
    nodes, initializers = [], [w for w in graph.initializer if w.name not in weights]

    def as_type(name: str, wanted: int) -> str:
        if name not in floats or (types[name] == wanted and name not in weights):
            return name
        if (name, wanted) not in made:
            new = made[name, wanted] = f"{name}_{'fp32' if wanted == TensorProto.FLOAT else precision}"
            if name in weights:
                values = numpy_helper.to_array(weights[name])
                cast = values if wanted == TensorProto.FLOAT else values.astype(numpy_type)
                initializers.append(numpy_helper.from_array(cast, new))
            else:
                nodes.append(helper.make_node("Cast", [name], [new], to=wanted, name=f"cast_{new}"))
        return made[name, wanted]

    for position, node in enumerate(graph.node):
        if any(attribute.HasField("g") or attribute.graphs for attribute in node.attribute):
            raise EngineError(f"the network cannot be lowered to {precision}: {node.op_type} contains a graph")
        wanted = TensorProto.FLOAT if position in kept else low
        inputs = [as_type(name, wanted) for name in node.input]
        changed = onnx.NodeProto()
        changed.CopyFrom(node)
        changed.input[:] = inputs
        if node.op_type == "Cast":
            for attribute in changed.attribute:
                if attribute.name == "to" and attribute.i == TensorProto.FLOAT:
                    attribute.i = wanted
        results = []
        for number, name in enumerate(node.output):
            if name in floats:
                types[name] = wanted
                if name in outputs and wanted != TensorProto.FLOAT:
                    changed.output[number] = f"{name}_{precision}"
                    cast = helper.make_node("Cast", [changed.output[number]], [name], to=TensorProto.FLOAT)
                    results.append(cast)
                    types[name] = TensorProto.FLOAT
        nodes += [changed, *results]
    # The types of intermediate values are left out: most have changed, and readers of the file infer them.
    new = helper.make_graph(nodes, graph.name, list(graph.input), list(graph.output), initializers)
    lower = helper.make_model(new, opset_imports=list(proto.opset_import), producer_name=proto.producer_name)
    lower.ir_version = proto.ir_version
    return lower
