"""A network of MediaPipe's as its file has it, turned into one that OpenVINO runs faster, with the same results.

Up to the rounding of the last digits, that is, and on the tensors that are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from live_stf.runtime.openvino import openvino

operators = openvino.opset13

COLOURS = 3
_PAIR = 2  # pixels of a row that are taken together


def rewritten(model: openvino.Model, outputs: Sequence[int], mean: float, scale: float) -> openvino.Model:
    """The network up to `outputs`, taking (1, N, N, 3) uint8 BGR; a value becomes (value - mean) / scale.

    The model itself is spent. ValueError for one that does not begin as MediaPipe's pose networks do.
    """
    kept = openvino.Model([model.output(index) for index in outputs], model.get_parameters(), model.friendly_name)
    picture = _take_pictures(kept, mean, scale)
    _merge_pointwise(kept)
    return openvino.Model(kept.get_results(), [picture], model.friendly_name)


def _take_pictures(model: openvino.Model, mean: float, scale: float) -> openvino.op.Parameter:
    """Put another first convolution into the model, and return the pictures that it begins with.

    OpenVINO computes with the channels last, as pictures have them, but the file's network puts them first, and turning
    them to and fro takes as long as the convolution. Where the first steps see pairs of pixels, six channels each,
    nothing can be moved in front of what takes the pairs apart, and no turning is left. Colours and scale are in the
    weights.
    """
    first = next((node for node in model.get_ordered_ops() if node.get_type_name() == "Convolution"), None)
    side = model.input(0).get_partial_shape()[1].get_length() if model.input(0).get_partial_shape().rank == 4 else 0
    weights = None if first is None else _constant(first.input_value(1))
    if weights is None or side % _PAIR or not _is_stem(first, weights, side):
        raise ValueError("its first step is not the one of a pose network")
    weights = weights[:, ::-1] / np.float32(scale)  # from RGB to BGR
    # Of a row's pixels 2i-1, 2i and 2i+1, which make value i, the first is in the pair before.
    paired = np.zeros((len(weights), COLOURS * _PAIR, 3, 2), np.float32)
    paired[:, COLOURS:, :, 0] = weights[..., 0]
    paired[:, :COLOURS, :, 1], paired[:, COLOURS:, :, 1] = weights[..., 1], weights[..., 2]

    picture = operators.parameter([1, side, side, COLOURS], openvino.Type.u8)
    values = operators.convert(picture, openvino.Type.f32)
    if mean:
        values = operators.subtract(values, np.float32(mean))
    pairs = operators.reshape(values, np.array([1, side, side // _PAIR, COLOURS * _PAIR]), special_zero=False)
    begun = operators.convolution(
        operators.transpose(pairs, np.array([0, 3, 1, 2])),
        paired,
        strides=[2, 1],
        pads_begin=[1, 1],
        pads_end=[0, 0],
        dilations=[1, 1],
    )
    first.output(0).replace(begun.output(0))
    return picture


def _is_stem(convolution: openvino.Node, weights: np.ndarray, side: int) -> bool:
    """Whether it takes every second pixel of the network's input with its neighbours, and zeros around the picture."""
    pad = convolution.input_value(0).get_node()
    if (
        weights.shape[1:] != (COLOURS, 3, 3)
        or pad.get_type_name() != "Pad"
        or pad.get_attributes()["pad_mode"] != "constant"
    ):
        return False
    turned = pad.input_value(0).get_node()
    before, behind, value = (_constant(source) for source in pad.input_values()[1:])
    return (
        turned.get_type_name() == "Transpose"
        and turned.input_value(0).get_node().get_type_name() == "Parameter"
        and list(turned.output(0).shape) == [1, COLOURS, side, side]
        and before.tolist() == behind.tolist() == [0, 0, 1, 1]
        and not value.any()
        and list(convolution.get_attributes()["strides"]) == [2, 2]
        and list(convolution.output(0).shape)[2:] == [side // 2, side // 2]
    )


def _merge_pointwise(model: openvino.Model) -> None:
    """Make one convolution of two, each of one pixel, between which nothing happens and nobody else reads.

    The first block of a landmark network ends in few channels, and the next begins with many: together they are little
    more to compute, and what lies between, a large tensor, is neither written nor read.
    """
    nodes = model.get_ordered_ops()
    inside = {node.get_name() for node in nodes}  # what led to outputs that were left out still hangs on them

    def read_once(node: openvino.Node) -> bool:
        readers = [target.get_node().get_name() for target in node.output(0).get_target_inputs()]
        return len(inside.intersection(readers)) == 1

    for second in nodes:
        outer = _pointwise(second)
        shift = None if outer is None else second.input_value(0).get_node()
        if shift is None or shift.get_type_name() != "Add" or not read_once(shift):
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
    """The weights (to, from) of a convolution that looks at one pixel for one pixel, None for anything else."""
    if node.get_type_name() != "Convolution" or set(node.get_attributes()["strides"]) != {1}:
        return None
    weights = _constant(node.input_value(1))
    return weights[:, :, 0, 0] if weights is not None and weights.shape[2:] == (1, 1) else None


def _constant(source: openvino.Output) -> np.ndarray | None:
    """The value of a constant, which files keep in half precision, as float32; None for what is computed.

    Axes of length one may be missing.
    """
    node = source.get_node()
    while node.get_type_name() in ("Convert", "Unsqueeze"):
        node = node.input_value(0).get_node()
    return node.get_data().astype(np.float32) if node.get_type_name() == "Constant" else None
