"""int8 on a CPU by NNCF, OpenVINO's own quantisation library: what is rounded, and what suffers too much from it.

Rounded are the convolutions, as which most of the work reaches OpenVINO: channel products of the graph convolutions and
of MCF's way back, the temporal convolutions, the shortcuts. Left to itself NNCF also rounds sums, gates and means, the
residual path with them: that costs accuracy and saves no time. Weights have one scale per output channel, features one
per tensor, from the largest value that the calibration windows give.
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

# Before nncf, which would report to the analytics host through the package that this one takes out of reach.
from live_stf.runtime.openvino import openvino, precision_options

CONVOLUTIONS = ("Convolution", "GroupConvolution")
REMAINING = 0.1  # share of the error of rounding every convolution that rounding the chosen ones may leave
INSTALL = "install the extra: pip install 'live-stf[quantize]'"


def convolutions(network: openvino.Model) -> list[str]:
    """Names of the convolutions over frames and joints; those over frames alone have next to nothing to do."""
    return [
        node.get_friendly_name()
        for node in network.get_ops()
        if node.get_type_name() in CONVOLUTIONS and len(node.get_output_shape(0)) == 4
    ]


def write_int8(
    model: Model, path: Path, x: np.ndarray, progress: Callable[[str], None] = lambda line: None
) -> list[str]:
    """The model in OpenVINO's files with int8 convolutions; returns the names of those left as they are."""
    network, kept = quantized(load_network(model), x, progress)
    save(network, path)
    return kept


def quantized(
    network: openvino.Model, x: np.ndarray, progress: Callable[[str], None] = lambda line: None
) -> tuple[openvino.Model, list[str]]:
    """The fp32 network with int8 convolutions by windows x (N, C, T, V, M), and the names of those left as they are.

    Every convolution is first rounded alone, on TRIED of the windows: those that change the logits most are left, see
    REMAINING. EngineError where NNCF is not installed.
    """
    every = convolutions(network)
    few = x[:: max(1, len(x) // TRIED)][:TRIED]
    exact = _logits(network, few)
    errors = {}
    for number, name in enumerate(every, start=1):
        progress(f"measuring which convolutions suffer from int8, {number} of {len(every)}")
        errors[name] = float(np.square(_logits(_rounded(network, [name], few), few) - exact).mean())
    kept = worst(errors, REMAINING)
    progress("measuring the ranges of int8")
    return _rounded(network, [name for name in every if name not in kept], x), kept


def _rounded(network: openvino.Model, names: Sequence[str], x: np.ndarray) -> openvino.Model:
    """The network with the named operations in int8, by the ranges that windows x give."""
    try:
        import nncf
        from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters
        from nncf.quantization.range_estimator import RangeEstimatorParametersSet
    except ImportError as problem:
        raise EngineError(f"int8 on OpenVINO needs {problem.name}, which is not installed; {INSTALL}") from problem
    logging.getLogger("nncf").setLevel(logging.WARNING)  # it names every operation that it leaves alone
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
