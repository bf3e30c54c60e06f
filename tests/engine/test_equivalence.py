"""All engines agree with torch in logits and attention, on the same windows of a real person.

int8 is judged by its best classes on the held-out windows of a data set: tests/calibration/test_int8_results.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from live_stf.engine.build import build
from live_stf.engine.measure import agreement, disagreement
from live_stf.engine.protocol import Engine
from live_stf.engine.references import References
from live_stf.engine.torch_engine import TorchEngine
from live_stf.model import Model, available_models, load_model
from live_stf.runtime.hardware import detect_hardware
from live_stf.runtime.openvino import bf16_available

needs_bf16 = pytest.mark.skipif(not bf16_available(), reason="this CPU has no instructions for bf16")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
needs_tensorrt = pytest.mark.skipif(
    detect_hardware().tensorrt is None, reason="needs tensorrt or tensorrt_rtx and a GPU"
)


def torch_gpu(model: Model, precision: str, folder: Path) -> Engine:
    return TorchEngine(model, device="cuda", graphs=False)


def torch_graphs(model: Model, precision: str, folder: Path) -> Engine:
    return TorchEngine(model, device="cuda")


def openvino(model: Model, precision: str, folder: Path) -> Engine:
    from live_stf.engine.openvino_engine import OpenVINOEngine

    return OpenVINOEngine(model, precision)


def tensorrt(model: Model, precision: str, folder: Path) -> Engine:
    from live_stf.engine.tensorrt_engine import TensorRTEngine

    build(model, "tensorrt", detect_hardware(), folder, precision, people=(1, 4))
    return TensorRTEngine(model, hardware=detect_hardware(), folder=folder)


ENGINES = [
    pytest.param(openvino, "fp32", id="openvino-fp32"),
    pytest.param(openvino, "bf16", id="openvino-bf16", marks=needs_bf16),
    pytest.param(torch_gpu, "fp32", id="cuda-fp32", marks=needs_gpu),
    pytest.param(torch_graphs, "fp32", id="cuda-graphs-fp32", marks=needs_gpu),
    *(pytest.param(tensorrt, kind, id=f"tensorrt-{kind}", marks=needs_tensorrt) for kind in ("fp32", "fp16", "bf16")),
]


@pytest.fixture(scope="module", params=available_models())
def references(request: pytest.FixtureRequest, random_model: Model, inputs: np.ndarray) -> References:
    """Real windows, and torch's outputs for them, for each model in models/."""
    model = load_model(request.param)
    assert model.preparation == random_model.preparation  # so that the windows fit both models
    references = References(model, lambda _: inputs)
    logits, attention = references.answer
    assert logits.std() > 1e-3
    assert attention.shape == (len(logits), 1, 6, 18, 24)
    return references


def check(engine: Engine, precision: str, references: References) -> None:
    """Compare all windows at once, a single one, and three."""
    logits, attention = references.answer
    for batch in (slice(None), slice(1), slice(3)):
        found = agreement(engine, references.x[batch], (logits[batch], attention[batch]), by=engine.name)
        assert disagreement(found, precision) is None
        assert precision == "fp32" or found.logits > 1e-6  # otherwise nothing was rounded


@pytest.mark.parametrize(("open_engine", "precision"), ENGINES)
def test_every_engine_agrees_with_torch(
    open_engine: Callable[..., Engine], precision: str, references: References, tmp_path: Path
) -> None:
    check(open_engine(references.model, precision, tmp_path), precision, references)


def test_onnx_files_agree_with_torch(references: References, tmp_path: Path) -> None:
    """In fp32 and in fp16; ONNX Runtime has no bf16 on a CPU."""
    for needed in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(needed, reason=f"needs {needed} (pip install 'live-stf[onnx]')")
    import onnx

    from live_stf.engine.export import export_onnx, lowered
    from live_stf.runtime.onnx_engine import OnnxEngine

    plain = export_onnx(references.model, tmp_path / "fp32.onnx")
    check(OnnxEngine(plain), "fp32", references)
    path = tmp_path / "fp16.onnx"
    onnx.save_model(lowered(onnx.load(plain), "fp16"), path)
    assert path.stat().st_size < 0.6 * plain.stat().st_size
    check(OnnxEngine(path), "fp16", references)
