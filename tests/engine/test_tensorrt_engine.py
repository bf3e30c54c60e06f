"""Engines are really built by TensorRT-RTX, for GPUs that are not here; what needs a GPU says that it was skipped.

The builds take about 5 s each on one core.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from live_stf.engine.machine import Machine, tensorrt_modules
from live_stf.engine.measure import LIMITS
from live_stf.engine.torch_engine import TorchEngine
from live_stf.model import Model

onnx = pytest.importorskip("onnx", reason="needs onnx (pip install 'live-stf[onnx]')")

needs_rtx = pytest.mark.skipif(
    "tensorrt_rtx" not in tensorrt_modules(), reason="needs TensorRT-RTX (pip install 'live-stf[tensorrt-rtx]')"
)
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
RTX = tensorrt_modules().get("tensorrt_rtx", "")
PC = Machine("NVIDIA GeForce RTX 3060", "sm_86", {"tensorrt_rtx": RTX, "onnxruntime": "any"}, reason="")


@pytest.fixture(scope="module")
def files(onnx_file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The random model's ONNX file in every precision."""
    from live_stf.engine.export import OPSETS, lowered

    folder = tmp_path_factory.mktemp("precisions")
    paths = {"fp32": onnx_file}
    for precision in ("fp16", "bf16"):
        proto = onnx.load(onnx_file)
        proto.opset_import[0].version = OPSETS[precision]
        paths[precision] = folder / f"{precision}.onnx"
        onnx.save_model(lowered(proto, precision), paths[precision])
    return paths


@needs_gpu
def test_cuda_graphs_change_nothing(model: Model, inputs: np.ndarray) -> None:
    eager, graphs = TorchEngine(model, device="cuda", graphs=False), TorchEngine(model, device="cuda")
    for batch in (inputs[:1], inputs[:3], inputs, inputs[1:2]):
        for found, wanted in zip(graphs.run(batch), eager.run(batch), strict=True):
            np.testing.assert_allclose(found, wanted, atol=LIMITS["fp32"], rtol=0)
