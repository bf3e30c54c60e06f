"""The files that pose engines are compiled from, their operators, and their comparison with OpenVINO."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from live_stf.pose.blazepose import build_engines
from live_stf.pose.blazepose.build_engines import LIMITS, GraphRunner, differences, export_onnx, real_references
from live_stf.pose.blazepose.tensorrt_networks import Part, parts
from live_stf.pose.blazepose.torch_network import torch_network
from live_stf.runtime.cuda_graph import CudaGraph
from live_stf.runtime.hardware import Hardware, tensorrt_modules
from live_stf.runtime.tensorrt_build import compile_onnx, tensorrt_library

needs_rtx = pytest.mark.skipif(
    "tensorrt_rtx" not in tensorrt_modules(), reason="needs TensorRT-RTX (pip install 'live-stf[tensorrt-rtx]')"
)


@pytest.fixture(scope="session")
def references(bundle: Path, clip: Path) -> tuple[np.ndarray, list[np.ndarray]]:
    """A few images of the sample clip for the landmark network, and OpenVINO's outputs for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_engines, "FRAMES", 60)
        return real_references(bundle)[1]


@pytest.fixture(scope="session")
def exported(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Part, Path]]:
    """The landmark network as ONNX files, by precision."""
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name, reason=f"needs {name} (pip install 'live-stf[onnx]')")
    folder = tmp_path_factory.mktemp("onnx")
    found = {precision: parts(bundle, precision)[1] for precision in ("fp32", "bf16")}
    return {precision: (part, export_onnx(part, folder / precision)) for precision, part in found.items()}


def test_the_onnx_file_agrees_with_openvino_on_a_batch(
    exported: dict[str, tuple[Part, Path]], references: tuple[np.ndarray, list[np.ndarray]]
) -> None:
    from live_stf.runtime.onnx_engine import OnnxEngine

    part, path = exported["fp32"]
    images, wanted = references
    assert len(images) >= 5
    found = OnnxEngine(path).run(images)
    assert [values.dtype for values in found] == [np.float32] * len(part.outputs)
    assert 0 < max(differences(part.outputs, found, wanted).values()) < 1e-5


@pytest.mark.parametrize("precision", LIMITS)
def test_limits_allow_rounding_but_not_a_lower_precision(
    precision: str, bundle: Path, references: tuple[np.ndarray, list[np.ndarray]]
) -> None:
    images, wanted = references
    part = parts(bundle, precision)[1]
    with torch.inference_mode():
        found = [values.numpy() for values in torch_network(part.model, precision)(torch.from_numpy(images))]
    share = max(differences(part.outputs, found, wanted).values())
    assert share < LIMITS[precision]
    assert all(share > limit for limit in LIMITS.values() if limit < LIMITS[precision])


@needs_rtx
@pytest.mark.parametrize(("precision", "target"), [("fp32", "sm_120"), ("bf16", "sm_120")])
def test_every_operator_is_supported(precision: str, target: str, exported: dict[str, tuple[Part, Path]]) -> None:
    """The tests of tensorrt_networks cover fp16 for sm_86."""
    part, path = exported[precision]
    trt = tensorrt_library(target, Hardware())
    plan = compile_onnx(path, part.shape, part.batches, trt, target, precision)
    assert len(plan) > path.stat().st_size  # the weights are inside


def test_graphs_run_any_number_of_images() -> None:
    def graph(count: int) -> CudaGraph:
        return CudaGraph((count, 2), lambda x: (x.float() + 1, x.sum(dim=1)), None, dtype=torch.uint8)

    images = np.arange(14, dtype=np.uint8).reshape(7, 2)
    more, total = GraphRunner({size: graph(size) for size in (1, 2, 4)}).run(images)
    np.testing.assert_array_equal(more, images + 1)
    np.testing.assert_array_equal(total, images.sum(axis=1))


def test_differences_are_shares_and_do_not_hide_nan() -> None:
    wanted = [np.linspace(-10, 10, 101)]
    assert differences(["a"], [wanted[0] + 1], wanted) == {"a": pytest.approx(0.1)}
    assert not differences(["a"], [np.full(101, np.nan)], wanted)["a"] <= 1
