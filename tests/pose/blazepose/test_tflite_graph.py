"""The rewritten networks give the same outputs as those of the file."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from live_stf.pose.blazepose.networks import DETECTOR_READ, DETECTOR_VALUES, LANDMARK_VALUES, LANDMARKS_READ
from live_stf.pose.blazepose.tflite_graph import rewritten
from live_stf.pose.pose_models import DETECTOR_NAME, LANDMARKS_NAME
from live_stf.runtime.openvino import openvino, precision_options
from live_stf.sources.video_file import VideoFile


@pytest.fixture(scope="module")
def read(bundle, tmp_path_factory):
    """Reads a network of the bundle anew."""
    folder = tmp_path_factory.mktemp("networks")
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    return lambda name: openvino.Core().read_model(folder / name)


def run(model: openvino.Model, image: np.ndarray) -> list[np.ndarray]:
    compiled = openvino.Core().compile_model(model, "CPU", precision_options("fp32"))
    return [compiled([image])[output].copy() for output in compiled.outputs]


def kinds(model: openvino.Model) -> list[str]:
    return [node.get_type_name() for node in model.get_ops()]


@pytest.mark.parametrize(
    ("name", "outputs", "values"),
    [(DETECTOR_NAME, DETECTOR_READ, DETECTOR_VALUES), (LANDMARKS_NAME, LANDMARKS_READ, LANDMARK_VALUES)],
)
@pytest.mark.parametrize("content", ["noise", "people"])
def test_results_equal_those_of_the_original_file_up_to_rounding(read, clip, name, outputs, values, content):
    mean, scale = values
    as_read = read(name)
    side = as_read.input(0).shape[1]
    if content == "noise":
        image = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    else:
        with VideoFile(clip) as source:
            image = source.read().image[:side, :side]
    plain = (image[None, :, :, ::-1].astype(np.float32) - mean) / scale
    expected = run(as_read, np.ascontiguousarray(plain))
    found = run(rewritten(read(name), outputs, mean, scale), image[None])
    assert len(found) == len(outputs)
    for index, values_found in zip(outputs, found, strict=True):
        wanted = expected[index]
        np.testing.assert_allclose(values_found, wanted, rtol=0, atol=2e-5 * max(np.abs(wanted).max(), 0.1))


def test_two_pointwise_convolutions_are_merged(read):
    as_read = read(LANDMARKS_NAME)
    cut = openvino.Model([as_read.output(index) for index in LANDMARKS_READ], as_read.get_parameters(), "cut")
    before = kinds(cut).count("Convolution")
    assert kinds(rewritten(as_read, LANDMARKS_READ, *LANDMARK_VALUES)).count("Convolution") == before - 1


def test_values_that_another_output_reads_are_kept(read):
    """The segmentation branches off between the two convolutions."""
    before = kinds(read(LANDMARKS_NAME)).count("Convolution")
    outputs = range(len(read(LANDMARKS_NAME).outputs))
    assert kinds(rewritten(read(LANDMARKS_NAME), outputs, *LANDMARK_VALUES)).count("Convolution") == before


def test_another_network_is_refused():
    operators = openvino.opset13
    image = operators.parameter([1, 32, 32, 3], np.float32)
    turned = operators.transpose(image, np.array([0, 3, 1, 2]))
    for pads in ([0, 0], [1, 1]):
        convolution = operators.convolution(turned, np.ones((4, 3, 3, 3), np.float32), [2, 2], pads, pads, [1, 1])
        with pytest.raises(ValueError, match="does not begin like a pose network"):
            rewritten(openvino.Model([convolution], [image]), [0], 0.0, 255.0)
    with pytest.raises(ValueError, match="does not begin like a pose network"):
        rewritten(openvino.Model([operators.relu(image)], [image]), [0], 0.0, 255.0)
