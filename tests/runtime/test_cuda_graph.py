"""Buffers stay in place and inputs come back as outputs, on whatever device there is."""

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


def halves(pictures: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Several outputs of several types and shapes."""
    return pictures.float() / 2, pictures.sum(dim=(1, 2), dtype=torch.int64), pictures[:, :1]


@pytest.mark.parametrize(("device", "graph"), DEVICES)
def test_what_is_written_into_the_input_is_worked_on_in_place(device: str, graph: bool) -> None:
    stream = torch.cuda.Stream() if device == "cuda" else None
    lane = CudaGraph((2, 4, 3), halves, stream, graph, torch.uint8)
    places, outputs = lane.input, lane.outputs
    assert (places.shape, places.dtype) == ((2, 4, 3), np.uint8)
    rng = np.random.default_rng(0)
    for _ in range(3):
        pictures = rng.integers(0, 256, (2, 4, 3), np.uint8)
        places[:] = pictures
        lane.start()
        lane.wait()
        half, total, first = outputs
        np.testing.assert_array_equal(half, pictures / 2)
        np.testing.assert_array_equal(total, pictures.sum(axis=(1, 2)))
        np.testing.assert_array_equal(first, pictures[:, :1])
    assert lane.input is places
    assert lane.outputs is outputs


@pytest.mark.parametrize(("device", "graph"), DEVICES)
def test_what_a_run_gives_may_be_kept(device: str, graph: bool) -> None:
    lane = CudaGraph((2,), lambda x: (x + 1,), torch.cuda.Stream() if device == "cuda" else None, graph)
    (first,) = lane.run(np.array([1, 2], np.float32))
    (second,) = lane.run(np.array([5, 6], np.float32))
    np.testing.assert_array_equal(first, [2, 3])
    np.testing.assert_array_equal(second, [6, 7])
