"""int8 files: their rounding, their agreement with torch on real windows, and compilation by TensorRT-RTX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs onnx (pip install 'live-stf[onnx]')")
pytest.importorskip("onnxruntime", reason="needs onnxruntime (pip install 'live-stf[onnx]')")

from live_stf.engine.export import input_shape, lowered  # noqa: E402
from live_stf.engine.measure import agreement  # noqa: E402
from live_stf.engine.quantize import measure_errors, measure_ranges, most_sensitive, quantisable, quantized  # noqa: E402
from live_stf.engine.references import References  # noqa: E402
from live_stf.errors import EngineError  # noqa: E402
from live_stf.model import Model  # noqa: E402
from live_stf.runtime.hardware import Hardware, tensorrt_modules  # noqa: E402
from live_stf.runtime.onnx_engine import OnnxEngine  # noqa: E402
from live_stf.runtime.tensorrt_build import compile_onnx, tensorrt_library  # noqa: E402


@pytest.fixture(scope="module")
def ranges(onnx_file: Path, inputs: np.ndarray) -> dict[str, float]:
    return measure_ranges(onnx_file, inputs[::2])


@pytest.fixture(scope="module")
def int8_file(onnx_file: Path, ranges: dict[str, float], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """int8 products and fp16 between them, with the ranges of every other window."""
    path = tmp_path_factory.mktemp("int8") / "int8.onnx"
    onnx.save_model(quantized(lowered(onnx.load(onnx_file), "fp16"), ranges), path)
    return path


def test_ranges_are_the_largest_input_values(tmp_path: Path) -> None:
    proto = onnx.parser.parse_model(
        '<ir_version: 9, opset_import: ["": 20]> g (float[N,2] x) => (float[N,2] y)'
        "<float[2,2] w = {1,0,0,-3}> { h = MatMul(x, w)  y = MatMul(h, w) }"
    )
    path = tmp_path / "two.onnx"
    onnx.save_model(proto, path)
    assert quantisable(proto.graph) == {0: "x", 1: "h"}
    found = measure_ranges(path, np.array([[1, -2], [0.5, 1]], np.float32))
    assert found == {"x": 2, "h": 6}


def test_a_small_product_is_rounded_as_computed_by_hand(tmp_path: Path) -> None:
    proto = onnx.parser.parse_model(
        '<ir_version: 9, opset_import: ["": 20]> g (float[1,2] x) => (float[1,2] y)'
        "<float[2,2] w = {1,0.5,0.3,4}> { y = MatMul(x, w) }"
    )
    path = tmp_path / "one.onnx"
    onnx.save_model(quantized(proto, {"x": 2.0}), path)
    import onnxruntime

    (y,) = onnxruntime.InferenceSession(path).run(None, {"x": np.array([[1.0, -3.0]], np.float32)})
    features = np.array([round(1 / (2 / 127)) * 2 / 127, -128 * 2 / 127])  # -3 is outside the range
    weights = np.array([[1, 16 * 4 / 127], [38 / 127, 4]])  # a scale for each column
    np.testing.assert_allclose(y[0], features @ weights, rtol=1e-5)


TWO_PRODUCTS = (
    '<ir_version: 9, opset_import: ["": 20]> g (float[N,2] x) => (float[N,2] logits)'
    "<float[2,2] w = {127,0,0,127}, float[2,2] v = {0.3,1,0.01,0.7}> { h = MatMul(x, w)  logits = MatMul(h, v) }"
)


def test_the_most_sensitive_product_is_found_and_can_stay_unrounded() -> None:
    proto = onnx.parser.parse_model(TWO_PRODUCTS)
    x = np.array([[127, 1], [-3, 5]], np.float32)  # whole numbers: the first product is exact in int8
    ranges = {"x": 127.0, "h": 127.0 * 127}
    errors = measure_errors(proto, ranges, x)
    assert errors["h"] < 1e-6 * errors["logits"]
    assert most_sensitive(proto, ranges, x) == ["logits"]
    for low in (proto, lowered(proto, "fp16")):
        graph = quantized(low, ranges, ["logits"]).graph
        rounded = [node.input[0] for node in graph.node if node.op_type == "QuantizeLinear"]
        assert [name.removesuffix("_fp16") for name in rounded] == ["x"]


def test_real_windows_get_nearly_the_same_scores(int8_file: Path, references: References) -> None:
    """The best class is not compared: rounding can exchange close classes of a random network."""
    found = agreement(OnnxEngine(int8_file), references.x, references.answer, "ONNX Runtime")
    assert 1e-4 < found.logits < 0.1 * found.largest_logit
    assert found.attention < 2e-2


def test_every_product_with_weights_has_int8_inputs(int8_file: Path) -> None:
    graph = onnx.load(int8_file).graph
    maker = {output: node.op_type for node in graph.node for output in node.output}
    products = [node for node in graph.node if node.op_type in ("Conv", "Gemm")]
    assert len(products) > 9
    assert {maker.get(node.input[1]) for node in products} == {"DequantizeLinear"}
    assert {maker.get(node.input[0]) for node in products} == {"DequantizeLinear"}
    assert sum(weight.data_type == onnx.TensorProto.INT8 and len(weight.dims) > 1 for weight in graph.initializer) > 25


@pytest.mark.skipif(
    "tensorrt_rtx" not in tensorrt_modules(), reason="needs TensorRT-RTX (pip install 'live-stf[tensorrt-rtx]')"
)
def test_tensorrt_compiles_the_int8_file(int8_file: Path, model: Model) -> None:
    trt = tensorrt_library("sm_89", Hardware())
    assert len(compile_onnx(int8_file, input_shape(model), (1,), trt, "sm_89", "int8")) > 1_000_000


def test_a_missing_range_is_named(onnx_file: Path, ranges: dict[str, float]) -> None:
    name = sorted(ranges)[3]
    with pytest.raises(EngineError, match=f"no range for '{name}'"):
        quantized(onnx.load(onnx_file), {key: value for key, value in ranges.items() if key != name})
