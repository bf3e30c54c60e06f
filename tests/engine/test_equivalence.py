"""All engines are the same function: logits and every weight of the attention, on the same windows of a real person.

int8 is judged by its answers instead, on the held-out windows of a data set: tests/calibration/test_int8_results.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from live_stf.engine.build import References, build
from live_stf.engine.measure import agreement, disagreement
from live_stf.engine.protocol import Engine
from live_stf.engine.torch_engine import TorchEngine
from live_stf.model import Model, available_models, load_model
from live_stf.runtime.hardware import detect_hardware
from live_stf.runtime.openvino import bf16_available

Export = Callable[[Model], Path]

needs_bf16 = pytest.mark.skipif(not bf16_available(), reason="this CPU has no instructions for bf16")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
needs_tensorrt = pytest.mark.skipif(
    detect_hardware().tensorrt is None, reason="needs tensorrt or tensorrt_rtx and a GPU"
)


def torch_gpu(model: Model, precision: str, folder: Path, exported: Export) -> Engine:
    return TorchEngine(model, device="cuda", graphs=False)


def torch_graphs(model: Model, precision: str, folder: Path, exported: Export) -> Engine:
    return TorchEngine(model, device="cuda")


def openvino(model: Model, precision: str, folder: Path, exported: Export) -> Engine:
    from live_stf.engine.openvino_engine import OpenVINOEngine

    return OpenVINOEngine(model, precision)


def onnx_runtime(model: Model, precision: str, folder: Path, exported: Export) -> Engine:
    for needed in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(needed, reason=f"needs {needed} (pip install 'live-stf[onnx]')")
    import onnx

    from live_stf.engine.export import lowered
    from live_stf.runtime.onnx_engine import OnnxEngine

    path = exported(model)
    if precision != "fp32":
        path, plain = folder / f"{precision}.onnx", path
        onnx.save_model(lowered(onnx.load(plain), precision), path)
        assert path.stat().st_size < 0.6 * plain.stat().st_size
    return OnnxEngine(path)


def tensorrt(model: Model, precision: str, folder: Path, exported: Export) -> Engine:
    from live_stf.engine.tensorrt_engine import TensorRTEngine

    build(model, "tensorrt", detect_hardware(), folder, precision, people=(1, 4))
    return TensorRTEngine(model, hardware=detect_hardware(), folder=folder)


ENGINES = [
    pytest.param(openvino, "fp32", id="openvino-fp32"),
    pytest.param(openvino, "bf16", id="openvino-bf16", marks=needs_bf16),
    pytest.param(onnx_runtime, "fp32", id="onnx-fp32"),
    pytest.param(onnx_runtime, "fp16", id="onnx-fp16"),  # ONNX Runtime has no bf16 on a CPU
    pytest.param(torch_gpu, "fp32", id="cuda-fp32", marks=needs_gpu),
    pytest.param(torch_graphs, "fp32", id="cuda-graphs-fp32", marks=needs_gpu),
    *(pytest.param(tensorrt, kind, id=f"tensorrt-{kind}", marks=needs_tensorrt) for kind in ("fp32", "fp16", "bf16")),
]


@pytest.fixture(scope="module")
def windows(model: Model, inputs: np.ndarray) -> Callable[[Model], np.ndarray]:
    """All models here prepare windows alike."""

    def of(used: Model) -> np.ndarray:
        assert used.preparation == model.preparation
        return inputs

    return of


@pytest.fixture(scope="module")
def compared(model: Model, windows: Callable[[Model], np.ndarray]) -> dict[str, References]:
    """The models, each with torch's answer."""
    models = {"random": model, **{name: load_model(name) for name in available_models()}}
    return {name: References(used, windows) for name, used in models.items()}


@pytest.fixture(scope="module")
def exported(onnx_file: Path, model: Model, tmp_path_factory: pytest.TempPathFactory) -> Export:
    from live_stf.engine.export import export_onnx

    files = {model.folder: onnx_file}

    def export(used: Model) -> Path:
        if used.folder not in files:
            files[used.folder] = export_onnx(used, tmp_path_factory.mktemp("exported") / "fp32.onnx")
        return files[used.folder]

    return export


@pytest.mark.parametrize("name", ["random", *available_models()])
@pytest.mark.parametrize(("open_it", "precision"), ENGINES)
def test_every_engine_is_torch(
    open_it: Callable[..., Engine],
    precision: str,
    name: str,
    model: Model,
    compared: dict[str, References],
    exported: Export,
    tmp_path: Path,
) -> None:
    reference = compared[name]
    engine = open_it(model if name == "random" else load_model(name), precision, tmp_path, exported)
    logits, attention = reference.answer
    assert logits.std() > 1e-3
    assert attention.shape == (len(logits), 1, 6, 18, 24)
    for batch in (slice(None), slice(1), slice(3)):
        found = agreement(engine, reference.x[batch], (logits[batch], attention[batch]), by=engine.name)
        assert disagreement(found, precision) is None
        assert precision == "fp32" or found.logits > 1e-6  # otherwise nothing was rounded
