"""Exported files: types of their nodes, constants, and silence of the exporter."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs onnx (pip install 'live-stf[onnx]')")
pytest.importorskip("onnxscript", reason="needs onnxscript (pip install 'live-stf[onnx]')")

from live_stf.engine.export import export_onnx, lowered, sensitive  # noqa: E402
from live_stf.errors import EngineError  # noqa: E402
from live_stf.model import Model  # noqa: E402
from tests.engine.conftest import MCF_BLOCKS, SHALLOW_LINES  # noqa: E402

FLOAT, FLOAT16, BFLOAT16 = onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16


@pytest.mark.parametrize(("precision", "low"), [("fp16", FLOAT16), ("bf16", BFLOAT16)])
def test_sensitive_nodes_stay_in_fp32_and_all_others_do_not(precision: str, low: int, onnx_file: Path) -> None:
    proto = onnx.load(onnx_file)
    proto.opset_import[0].version = 22  # the first with bf16 convolutions
    file = onnx.shape_inference.infer_shapes(lowered(proto, precision), strict_mode=True, check_type=True)
    graph = file.graph
    types = {value.name: value.type.tensor_type.elem_type for value in [*graph.value_info, *graph.input, *graph.output]}
    types |= {weight.name: weight.data_type for weight in graph.initializer}
    by_kind: dict[str, list[int]] = {}
    for node in graph.node:
        by_kind.setdefault(node.op_type, []).append(types[node.output[0]])
    assert set(by_kind["Softmax"]) == {FLOAT}
    assert len(by_kind["Softmax"]) == 2 * MCF_BLOCKS  # one for each grain
    assert set(by_kind["Conv"]) == {low}
    assert by_kind["MatMul"].count(FLOAT) == 2 * MCF_BLOCKS  # query by key, and the pooling after it
    assert by_kind["MatMul"].count(low) > 2 * MCF_BLOCKS
    assert [types[value.name] for value in (*graph.input, *graph.output)] == [FLOAT] * 3
    weights = [weight for weight in graph.initializer if weight.data_type in (FLOAT, low)]
    kept = sum(np.prod(weight.dims) for weight in weights if weight.data_type == FLOAT)
    assert kept < 0.01 * sum(np.prod(weight.dims) for weight in weights)


def test_few_nodes_are_sensitive_without_cosines(terms_model: Model, tmp_path: Path) -> None:
    graph = onnx.load(export_onnx(terms_model, tmp_path / "terms.onnx")).graph
    kinds = [graph.node[position].op_type for position in sensitive(graph)]
    assert kinds.count("MatMul") == 2 * MCF_BLOCKS
    assert kinds.count("Conv") == 0


def test_the_search_back_from_a_softmax_ends_at_squares() -> None:
    graph = onnx.parser.parse_graph(
        "g (float[2,3] x) => (float[2,3] y) <float[3,3] w = {1,0,0,0,1,0,0,0,1}, float[1] s = {2}> {"
        "q = MatMul(x, w)  r = Mul(q, q)  l = Sqrt(r)  d = Mul(l, s)  y = Softmax(d) }"
    )
    assert sensitive(graph) == {1, 2, 3, 4}


def test_the_search_back_from_a_softmax_ends_at_the_product_of_two_computed_values() -> None:
    graph = onnx.parser.parse_graph(
        "g (float[2,3] x) => (float[2,3] y) <float[3,3] w = {1,0,0,0,1,0,0,0,1}, float[1] s = {2}> {"
        "q = MatMul(x, w)  k = MatMul(x, w)  t = Transpose(k)  p = MatMul(q, t)  d = Div(p, s)"
        "l = MatMul(d, x)  y = Softmax(l) }"
    )
    assert sensitive(graph) == {5, 6}  # `l` is a product of two computed values, so the search ends there
    graph.node[5].input[1] = "w"
    assert sensitive(graph) == {3, 4, 5, 6}


def test_constant_expressions_are_folded(onnx_file: Path) -> None:
    graph = onnx.load(onnx_file).graph
    constants = {weight.name for weight in graph.initializer}
    assert [node.op_type for node in graph.node if constants.issuperset(node.input)] == []


def test_an_unknown_precision_is_named(model: Model, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"'fp8'.*fp32, fp16, bf16"):
        export_onnx(model, tmp_path / "x.onnx", "fp8")


def test_exporting_is_silent_and_restores_log_levels(small_model: Model, tmp_path: Path) -> None:
    """In a separate process, because Python shows some warnings only once."""
    program = (
        SHALLOW_LINES + "import sys, logging\n"
        "from pathlib import Path\n"
        "from live_stf.engine.export import export_onnx\n"
        "from live_stf.model import load_model\n"
        "export_onnx(load_model(sys.argv[1]), Path(sys.argv[2]))\n"
        "assert logging.getLogger('torch.onnx').level == logging.NOTSET\n"
    )
    path = tmp_path / "small.onnx"
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", program, str(small_model.folder), str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, [line for line in done.stderr.splitlines() if "torch" in line or "onnx" in line]) == ("", [])
    assert path.is_file()
    assert logging.getLogger("torch.onnx").level == logging.NOTSET
