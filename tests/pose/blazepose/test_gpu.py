"""The classes for GPUs, run on the CPU; only CUDA graphs need a GPU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.pose_agreement import Agreement
from live_stf.pose.blazepose import BlazePose, gpu
from live_stf.pose.blazepose.gpu import LARGEST, batched_networks
from live_stf.runtime.cuda_graph import CudaGraph
from live_stf.skeleton import OPENPOSE_18
from live_stf.sources.video_file import VideoFile
from live_stf.types import Frame

NECK = OPENPOSE_18.index("neck")
DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU"), id="cuda, graphs"
    ),
]


@pytest.fixture(scope="module")
def frames(clip: Path) -> list[Frame]:
    """Half a second of the sample clip in which a person is clearly visible."""
    with VideoFile(clip) as source:
        return [frame for _ in range(75) if (frame := source.read()).index >= 60]


def opened(bundle: Path, people: int, device: str, precision: str = "fp32") -> BlazePose:
    return BlazePose(people, bundle, networks=gpu.open_networks(bundle, people, precision, device))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("people", [1, 2])
def test_the_same_people_are_found_as_with_openvino(
    bundle: Path, frames: list[Frame], people: int, device: str
) -> None:
    """The first frame depends on no other and agrees; then rounding errors grow from frame to frame."""
    result = Agreement(device)
    with BlazePose(people, bundle, device="cpu") as reference, opened(bundle, people, device) as pose:
        for frame in frames:
            result.add(reference.detect(frame), pose.detect(frame))
    assert all(result.same)
    assert len(result.distances[0]) > 10
    assert result.distances[0].max() < 1e-3
    distances = np.concatenate(result.distances)
    assert np.median(distances) <= 0.005
    assert np.percentile(distances, 95) <= 0.03


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("precision", "median", "most"), [("fp16", 0.005, 0.05), ("bf16", 0.03, 0.3)])
def test_joints_in_lower_precision_are_close(
    bundle: Path, frames: list[Frame], precision: str, median: float, most: float, device: str
) -> None:
    result = Agreement(precision)
    with BlazePose(1, bundle, device="cpu") as reference, opened(bundle, 1, device, precision) as pose:
        result.add(reference.detect(frames[0]), pose.detect(frames[0]))
    assert result.same == [True]
    assert 0 < np.median(result.distances[0]) < median
    assert np.percentile(result.distances[0], 90) < most


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("people", [3, LARGEST + 1])
def test_people_in_one_batch_get_their_own_joints(bundle: Path, frames: list[Frame], people: int, device: str) -> None:
    """Copies of one image in rows of two, in which everybody is already followed."""
    alone = frames[0].image[:480, 430:830]
    height, width = alone.shape[:2]
    corners = np.array([(width * (number % 2), height * (number // 2)) for number in range(people)])
    image = np.zeros((corners[:, 1].max() + height, 2 * width, 3), np.uint8)
    for left, top in corners:
        image[top:, left:][:height, :width] = alone
    with BlazePose(1, bundle, device="cpu") as reference, opened(bundle, people, device) as pose:
        (wanted,) = reference.detect(Frame(alone, 0.0, 0)).persons
        (region,) = reference._followed
        pose._followed = [replace(region, x=region.x + left, y=region.y + top) for left, top in corners]
        found = pose.detect(Frame(image, 0.0, 0)).persons
        assert len(pose._networks.landmarks) == min(people, LARGEST)
    assert len(found) == people
    for person, corner in zip(found, corners, strict=True):
        np.testing.assert_allclose(person.joints[NECK, :2], wanted.joints[NECK, :2] + corner, atol=0.02 * height)


def test_a_batch_between_two_sizes_is_padded_and_runs_once() -> None:
    runs: list[int] = []

    def work(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        runs.append(len(images))
        return images.float().sum(dim=(1, 2, 3)), images[:, 0, 0]

    def graph(count: int) -> CudaGraph:
        return CudaGraph((count, 2, 2, 3), work, None, dtype=torch.uint8)

    networks = batched_networks(graph(1), {size: graph(size) for size in (1, 2, 4)}, "some GPU")
    assert networks.device == "some GPU"
    for count, size in ((1, 1), (2, 2), (3, 4), (4, 4), (7, 4)):
        runs.clear()
        batch = networks.for_people(count)
        assert len(batch) == min(count, 4)
        for number, entry in enumerate(batch):
            entry.image[:] = number + 1
            entry.start()
        assert runs == [size]
        for number, entry in enumerate(batch):
            total, corner = entry.results()
            assert total == 12 * (number + 1)
            np.testing.assert_array_equal(corner, [number + 1] * 3)
