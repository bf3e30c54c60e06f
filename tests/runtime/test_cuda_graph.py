"""CUDA graphs, and the same class without graphs on the CPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from live_stf.runtime.cuda_graph import CudaGraph

DEVICES = [
    pytest.param("cpu", False, id="cpu"),
    *(
        pytest.param(
            "cuda",
            graph,
            id=f"cuda{', graph' * graph}",
            marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU"),
        )
        for graph in (False, True)
    ),
]


def halves(images: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Several outputs of several types and shapes."""
    return images.float() / 2, images.sum(dim=(1, 2), dtype=torch.int64), images[:, :1]


@pytest.mark.parametrize(("device", "graph"), DEVICES)
def test_input_and_output_buffers_stay_in_place(device: str, graph: bool) -> None:
    stream = torch.cuda.Stream() if device == "cuda" else None
    network = CudaGraph((2, 4, 3), halves, stream, graph, torch.uint8)
    buffer, outputs = network.input, network.outputs
    assert (buffer.shape, buffer.dtype) == ((2, 4, 3), np.uint8)
    rng = np.random.default_rng(0)
    for _ in range(3):
        images = rng.integers(0, 256, (2, 4, 3), np.uint8)
        buffer[:] = images
        network.start()
        network.wait()
        half, total, first = outputs
        np.testing.assert_array_equal(half, images / 2)
        np.testing.assert_array_equal(total, images.sum(axis=(1, 2)))
        np.testing.assert_array_equal(first, images[:, :1])
    assert network.input is buffer
    assert network.outputs is outputs


@pytest.mark.parametrize(("device", "graph"), DEVICES)
def test_run_returns_copies(device: str, graph: bool) -> None:
    network = CudaGraph((2,), lambda x: (x + 1,), torch.cuda.Stream() if device == "cuda" else None, graph)
    (first,) = network.run(np.array([1, 2], np.float32))
    (second,) = network.run(np.array([5, 6], np.float32))
    np.testing.assert_array_equal(first, [2, 3])
    np.testing.assert_array_equal(second, [6, 7])
