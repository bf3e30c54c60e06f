"""int8 on a CPU with NNCF, OpenVINO's quantisation library.

Only convolutions are rounded. They are most of the work: the channel products of the graph convolutions and of MCF's
restoring layer, the temporal convolutions and the shortcuts all reach OpenVINO as convolutions. By default NNCF also
rounds sums, gates and means, including the residual path: that costs accuracy and saves no time. Convolutions that lose
too much accuracy stay in fp32. Weights have one scale per output channel, features one per tensor, from the largest
value that the calibration windows give.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from live_stf.engine.openvino_engine import load_network, save
from live_stf.engine.quantize import TRIED, worst
from live_stf.errors import EngineError
from live_stf.model import Model

# Before nncf, which reports to an analytics host through a package that this module blocks.
from live_stf.runtime.openvino import openvino, precision_options

CONVOLUTIONS = ("Convolution", "GroupConvolution")
REMAINING = 0.1  # share of the error of rounding every convolution that rounding the chosen ones may leave
INSTALL = "install the extra: pip install 'live-stf[quantize]'"


def convolutions(network: openvino.Model) -> list[str]:
    """Names of the convolutions over frames and joints; those over frames alone do almost no work."""
    return [
        node.get_friendly_name()
        for node in network.get_ops()
        if node.get_type_name() in CONVOLUTIONS and len(node.get_output_shape(0)) == 4
    ]


def write_int8(
    model: Model, path: Path, x: np.ndarray, progress: Callable[[str], None] = lambda line: None
) -> list[str]:
    """Write the model as OpenVINO files with int8 convolutions. Returns the names of those that stay in fp32."""
    network, kept = quantized(load_network(model), x, progress)
    save(network, path)
    return kept


def quantized(
    network: openvino.Model, x: np.ndarray, progress: Callable[[str], None] = lambda line: None
) -> tuple[openvino.Model, list[str]]:
    """The network with int8 convolutions, and the names of the convolutions that stay in fp32.

    Windows x (N, C, T, V, M) give the ranges. Every convolution is first rounded alone, on TRIED of the windows: those
    that change the logits most stay in fp32, see REMAINING. Raises EngineError if NNCF is not installed.
    """
    names = convolutions(network)
    few = x[:: max(1, len(x) // TRIED)][:TRIED]
    exact = _logits(network, few)
    errors = {}
    for number, name in enumerate(names, start=1):
        progress(f"measuring the error of each convolution in int8, {number} of {len(names)}")
        errors[name] = float(np.square(_logits(_rounded(network, [name], few), few) - exact).mean())
    kept = worst(errors, REMAINING)
    progress("measuring the ranges of int8")
    return _rounded(network, [name for name in names if name not in kept], x), kept


def _rounded(network: openvino.Model, names: Sequence[str], x: np.ndarray) -> openvino.Model:
    """The network with the named operations in int8. Windows x give the ranges."""
    try:
        import nncf
        from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters
        from nncf.quantization.range_estimator import RangeEstimatorParametersSet
    except ImportError as problem:
        raise EngineError(f"int8 on OpenVINO needs {problem.name}, which is not installed; {INSTALL}") from problem
    logging.getLogger("nncf").setLevel(logging.WARNING)  # it reports every operation that it does not round
    others = [node.get_friendly_name() for node in network.get_ops() if node.get_friendly_name() not in names]
    with contextlib.redirect_stdout(io.StringIO()):  # it draws progress bars, one for every call
        return nncf.quantize(
            network,
            nncf.Dataset(list(x), lambda window: window[None]),
            subset_size=len(x),
            ignored_scope=nncf.IgnoredScope(names=others, validate=False),
            advanced_parameters=AdvancedQuantizationParameters(
                activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX, disable_bias_correction=True
            ),
        )


def _logits(network: openvino.Model, x: np.ndarray) -> np.ndarray:
    request = openvino.Core().compile_model(network, "CPU", precision_options("fp32")).create_infer_request()
    return np.concatenate([request.infer({0: window[None]})[0].copy() for window in x])
