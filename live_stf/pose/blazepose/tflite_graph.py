"""Rewrites a network of MediaPipe's into one that OpenVINO runs faster.

Its results are the same up to rounding in the last digits; outputs that are not used are removed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from live_stf.runtime.openvino import openvino

operators = openvino.opset13

COLOURS = 3
_PAIR = 2  # pixels of a row that are read together


def rewritten(model: openvino.Model, outputs: Sequence[int], mean: float, scale: float) -> openvino.Model:
    """The network up to `outputs`, taking (1, N, N, 3) uint8 BGR; a value becomes (value - mean) / scale.

    The given model must not be used afterwards. Raises ValueError if it does not begin like MediaPipe's pose networks.
    """
    kept = openvino.Model([model.output(index) for index in outputs], model.get_parameters(), model.friendly_name)
    image = _replace_stem(kept, mean, scale)
    _merge_pointwise(kept)
    return openvino.Model(kept.get_results(), [image], model.friendly_name)


def _replace_stem(model: openvino.Model, mean: float, scale: float) -> openvino.op.Parameter:
    """Replace the model's first convolution, and return the new one's input, an image.

    OpenVINO computes with the channels last, as images have them, but the file's network puts them first, and
    transposing them takes as long as the convolution. If the first steps see pairs of pixels with six channels each,
    OpenVINO moves no transposition in front of them, and none is left. The order of colours and the scale are in the
    weights.
    """
    first = next((node for node in model.get_ordered_ops() if node.get_type_name() == "Convolution"), None)
    side = model.input(0).get_partial_shape()[1].get_length() if model.input(0).get_partial_shape().rank == 4 else 0
    weights = None if first is None else _constant(first.input_value(1))
    if first is None or weights is None or side % _PAIR or not _is_stem(first, weights, side):
        raise ValueError("it does not begin like a pose network")
    weights = weights[:, ::-1] / np.float32(scale)  # from RGB to BGR
    # Value i is made of a row's pixels 2i-1, 2i and 2i+1, of which the first is in the pair before.
    paired = np.zeros((len(weights), COLOURS * _PAIR, 3, 2), np.float32)
    paired[:, COLOURS:, :, 0] = weights[..., 0]
    paired[:, :COLOURS, :, 1], paired[:, COLOURS:, :, 1] = weights[..., 1], weights[..., 2]

    image = operators.parameter([1, side, side, COLOURS], openvino.Type.u8)
    values = operators.convert(image, openvino.Type.f32)
    if mean:
        values = operators.subtract(values, np.float32(mean))
    pairs = operators.reshape(values, np.array([1, side, side // _PAIR, COLOURS * _PAIR]), special_zero=False)
    stem = operators.convolution(
        operators.transpose(pairs, np.array([0, 3, 1, 2])),
        paired,
        strides=[2, 1],
        pads_begin=[1, 1],
        pads_end=[0, 0],
        dilations=[1, 1],
    )
    first.output(0).replace(stem.output(0))
    return image


def _is_stem(convolution: openvino.Node, weights: np.ndarray, side: int) -> bool:
    """Whether it reads every second pixel of the network's input with its neighbours, and zeros around the image."""
    pad = convolution.input_value(0).get_node()
    if (
        weights.shape[1:] != (COLOURS, 3, 3)
        or pad.get_type_name() != "Pad"
        or pad.get_attributes()["pad_mode"] != "constant"
    ):
        return False
    transposed = pad.input_value(0).get_node()
    before, behind, value = (_constant(source) for source in pad.input_values()[1:])
    return (
        transposed.get_type_name() == "Transpose"
        and transposed.input_value(0).get_node().get_type_name() == "Parameter"
        and list(transposed.output(0).shape) == [1, COLOURS, side, side]
        and before is not None
        and behind is not None
        and value is not None
        and before.tolist() == behind.tolist() == [0, 0, 1, 1]
        and not value.any()
        and list(convolution.get_attributes()["strides"]) == [2, 2]
        and list(convolution.output(0).shape)[2:] == [side // 2, side // 2]
    )


def _merge_pointwise(model: openvino.Model) -> None:
    """Merge pairs of convolutions of one pixel each, if nothing happens between them and nothing else reads there.

    The first block of a landmark network ends in few channels, and the next begins with many: merged, they are little
    more to compute, and the large tensor between them is neither written nor read.
    """
    nodes = model.get_ordered_ops()
    inside = {node.get_name() for node in nodes}  # nodes of removed outputs are still connected

    def read_once(node: openvino.Node) -> bool:
        readers = [target.get_node().get_name() for target in node.output(0).get_target_inputs()]
        return len(inside.intersection(readers)) == 1

    for second in nodes:
        outer = _pointwise(second)
        if outer is None:
            continue
        shift = second.input_value(0).get_node()
        if shift.get_type_name() != "Add" or not read_once(shift):
            continue
        first, offset = shift.input_value(0).get_node(), _constant(shift.input_value(1))
        inner = _pointwise(first)
        if inner is None or offset is None or not read_once(first):
            continue
        product = (outer.astype(float) @ inner).astype(np.float32)
        moved = (outer.astype(float) @ offset.reshape(-1)).astype(np.float32)
        merged = operators.convolution(
            first.input_value(0),
            product[:, :, None, None],
            strides=[1, 1],
            pads_begin=[0, 0],
            pads_end=[0, 0],
            dilations=[1, 1],
        )
        second.output(0).replace(operators.add(merged, moved[None, :, None, None]).output(0))


def _pointwise(node: openvino.Node) -> np.ndarray | None:
    """The weights (to, from) of a convolution of one pixel with stride 1; None for anything else."""
    if node.get_type_name() != "Convolution" or set(node.get_attributes()["strides"]) != {1}:
        return None
    weights = _constant(node.input_value(1))
    return weights[:, :, 0, 0] if weights is not None and weights.shape[2:] == (1, 1) else None


def _constant(source: openvino.Output) -> np.ndarray | None:
    """The value of a constant as float32 (files keep it in half precision); None for anything else.

    Axes of length one may be missing.
    """
    node = source.get_node()
    while node.get_type_name() in ("Convert", "Unsqueeze"):
        node = node.input_value(0).get_node()
    return node.get_data().astype(np.float32) if node.get_type_name() == "Constant" else None
