"""A network as a torch module gives the same outputs as in OpenVINO."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from live_stf.errors import AssetError
from live_stf.pose.blazepose.networks import read_networks
from live_stf.pose.blazepose.region import Region
from live_stf.pose.blazepose.torch_network import torch_network
from live_stf.pose.pose_models import pose_model
from live_stf.runtime.openvino import openvino, precision_options
from live_stf.sources.video_file import VideoFile

operators = openvino.opset13
# As a share of the largest number of OpenVINO's output.
NEAR = {"fp32": 2e-5, "fp16": 2e-2}


@pytest.fixture(scope="module")
def cuts(clip):
    """Cuts regions with and without people out of a frame of the sample clip, as squares (N, side, side, 3)."""
    with VideoFile(clip) as source:
        image = source.read().image
    width, height = image.shape[1], image.shape[0]

    def cut(side: int) -> np.ndarray:
        regions = Region.whole((width, height)), Region(width / 2, height / 2, height * 0.8, 0.3), Region(0, 0, height)
        images = np.empty((len(regions), side, side, 3), np.uint8)
        for region, out in zip(regions, images, strict=True):
            region.cut(image, out, cv2.BORDER_CONSTANT)
        return images

    return cut


def networks_of(complexity: str) -> tuple[openvino.Model, openvino.Model]:
    try:
        return read_networks(pose_model(complexity))
    except AssetError as error:
        pytest.skip(f"needs the {complexity} pose model: {error}")


def by_openvino(model: openvino.Model, images: np.ndarray) -> list[np.ndarray]:
    compiled = openvino.Core().compile_model(model, "CPU", precision_options("fp32"))
    each = [[compiled([image[None]])[output].copy() for output in compiled.outputs] for image in images]
    return [np.concatenate(values) for values in zip(*each, strict=True)]


def by_torch(model: openvino.Model, images: np.ndarray, precision: str = "fp32") -> list[np.ndarray]:
    with torch.inference_mode():
        return [values.numpy() for values in torch_network(model, precision)(torch.from_numpy(images))]


@pytest.mark.parametrize("complexity", ["lite", "full", "heavy"])
def test_a_batch_agrees_with_single_images_in_openvino(complexity, cuts):
    detector, landmarks = networks_of(complexity)
    for model in (detector, landmarks) if complexity == "full" else (landmarks,):
        images = cuts(model.input(0).shape[1])
        wanted = by_openvino(model, images)
        found = by_torch(model, images)
        assert len(found) == len(wanted) == len(model.outputs)
        for values, expected in zip(found, wanted, strict=True):
            assert values.shape == expected.shape
            np.testing.assert_allclose(values, expected, rtol=0, atol=NEAR["fp32"] * np.abs(expected).max())


def test_padding_biases_and_constants_are_folded(cuts):
    """Zero padding, sums after convolutions and conversions of constants are not separate operations."""
    _, landmarks = networks_of("full")
    kinds = [node.get_type_name() for node in landmarks.get_ordered_ops()]
    network = torch_network(landmarks)
    called = [node.target.__name__ for node in network.graph.nodes if node.op == "call_function"]
    convolutions = sum("Convolution" in kind for kind in kinds)
    assert called.count("conv2d") == convolutions
    # The first step sees pairs of pixels with zeros only on the left; the other two paddings add channels.
    assert called.count("pad") == 1 + 2
    assert kinds.count("Pad") > 2
    assert called.count("clamp") == kinds.count("Clamp")
    assert called.count("add") <= kinds.count("Add") - convolutions + 1


def test_in_half_precision_places_are_close_and_outputs_stay_float32(cuts):
    _, landmarks = networks_of("full")
    images = cuts(landmarks.input(0).shape[1])[1:2]
    wanted = by_openvino(landmarks, images)
    found = by_torch(landmarks, images, "fp16")
    assert all(values.dtype == np.float32 for values in found)
    places, expected = (values[0].reshape(39, 5)[:35, :2] for values in (found[0], wanted[0]))
    assert 0 < np.abs(places - expected).max() < NEAR["fp16"] * 256
    # Places that were rounded to fp16 would be multiples of an eighth of a pixel.
    assert (places[places > 128] % 0.125 != 0).any()


def test_another_network_is_refused():
    image = operators.parameter([1, 8, 8, 3], openvino.Type.u8)
    values = operators.convert(image, openvino.Type.f32)
    turned = operators.transpose(values, np.array([0, 3, 1, 2]))
    ones = np.ones((4, 3, 3, 3), np.float32)
    convolution = operators.convolution(turned, ones, [1, 1], [1, 1], [1, 1], [1, 1])
    for network, reason in (
        (operators.erf(convolution), "its operator Erf is not known"),
        (operators.convert(convolution, openvino.Type.f16), "it computes in f16"),
        (operators.reshape(convolution, np.array([4, 8, 8]), special_zero=False), "its Reshape mixes images"),
        (operators.transpose(convolution, np.array([1, 0, 2, 3])), "it transposes the batch"),
        (operators.depth_to_space(convolution, "depth_first", 2), "its DepthToSpace has a mode that is not known"),
        (operators.pad(convolution, [0, 0, 1, 1], [0, 0, 1, 1], "edge"), "its Pad has a mode that is not known"),
        (
            operators.convolution(
                turned, operators.reshape(values, np.array([1, 3, 8, 8]), False), [1, 1], [0, 0], [0, 0], [1, 1]
            ),
            "depends on the image where it",
        ),
    ):
        with pytest.raises(ValueError, match=reason):
            torch_network(openvino.Model([network], [image], "something else"))
    second = operators.parameter([1, 3, 8, 8], np.float32)
    with pytest.raises(ValueError, match="it takes 2 inputs, not one image"):
        torch_network(openvino.Model([operators.add(turned, second)], [image, second], "two"))


def test_asymmetric_zero_padding_is_kept():
    image = operators.parameter([1, 6, 6, 2], openvino.Type.u8)
    turned = operators.transpose(operators.convert(image, openvino.Type.f32), np.array([0, 3, 1, 2]))
    framed = operators.pad(turned, [0, 0, 0, 1], [0, 0, 2, 0], "constant", np.float32(0))
    weights = np.random.default_rng(0).normal(size=(3, 2, 3, 3)).astype(np.float32)
    convolution = operators.convolution(framed, weights, [1, 1], [1, 0], [0, 2], [1, 1])
    model = openvino.Model([convolution], [image], "framed")
    images = np.random.default_rng(1).integers(0, 256, (2, 6, 6, 2), np.uint8)
    np.testing.assert_allclose(by_torch(model, images)[0], by_openvino(model, images)[0], rtol=0, atol=1e-3)
