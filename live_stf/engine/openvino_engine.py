"""Run networks with OpenVINO on the CPU."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from live_stf.engine.conversion import load_converted
from live_stf.model import Model
from live_stf.runtime.openvino import openvino, precision_options

log = logging.getLogger(__name__)

STREAMS = 2  # people at a time


def load_network(model: Model, precision: str = "fp32", notify: Callable[[str], None] = log.info) -> openvino.Model:
    """The network in OpenVINO's form for one person, prepared for a precision, "fp32" or "bf16".

    x (1, C, T, V, M) -> logits and attention, all of them fp32. Raises ModelError, see `load_converted`.
    """
    network = load_converted(model, notify)
    if precision == "bf16":
        _round_graphs(network)
    return network


def _round_graphs(network: openvino.Model) -> None:
    """Round the constant matrix of every graph product to bf16.

    OpenVINO rounds everything else itself. It would keep these products in fp32 and convert the features to fp32 and
    back around each of them.
    """
    ops = openvino.opset13
    for product in network.get_ordered_ops():
        if product.get_type_name() != "MatMul":
            continue
        matrix, features = (value.get_source_output() for value in product.inputs())
        if matrix.get_node().get_type_name() != "Constant" or features.get_node().get_type_name() != "Relu":
            continue
        rounded = ops.constant(matrix.get_node().data, dtype=openvino.Type.bf16)
        result = ops.matmul(rounded, ops.convert(features, "bf16"), False, False)
        product.output(0).replace(ops.convert(result, "f32").output(0))
    network.validate_nodes_and_infer_types()


def save(network: openvino.Model, path: Path) -> None:
    """Write the network's files, .xml and .bin. The .xml comes last: a program that finds it finds both complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{os.getpid()}-{path.name}")
    openvino.save_model(network, partial, compress_to_fp16=False)
    os.replace(partial.with_suffix(".bin"), path.with_suffix(".bin"))
    os.replace(partial, path)


class OpenVINOEngine:
    """OpenVINO on the CPU; see `live_stf.engine.protocol.Engine`.

    precision: "fp32"; "bf16", which raises ModelError if the CPU has no instructions for it (`bf16_available`); or
    "int8" for a network at `path` that was quantised, see `openvino_int8`. path: the .xml file of a built engine; None
    for the converted network of the model.

    Several people are run one by one, two at a time with half of the cores each. In one batch, each would take longer
    than one person alone, because the features of a batch do not fit into the cores' caches.
    """

    def __init__(
        self,
        model: Model,
        precision: str = "fp32",
        notify: Callable[[str], None] = log.info,
        path: Path | None = None,
    ) -> None:
        # The parts of an int8 network that are not quantised are in fp32: bf16 was measured to be slower there.
        options = precision_options("fp32" if precision == "int8" else precision)
        core = openvino.Core()
        network = load_network(model, precision, notify) if path is None else core.read_model(path)
        alone = core.compile_model(network, "CPU", {**options, "PERFORMANCE_HINT": "LATENCY"})
        shared = core.compile_model(network, "CPU", {**options, "NUM_STREAMS": STREAMS})
        self._alone = alone.create_infer_request()
        self._pair = [shared.create_infer_request() for _ in range(STREAMS)]
        self.name = f"OpenVINO CPU {precision}"

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Run windows x (N, C, T, V, M); returns logits (N, classes) and attention (N, M, L, V, U)."""
        logits, attention = [], []

        def take(request: openvino.InferRequest) -> None:
            logits.append(request.get_output_tensor(0).data.copy())
            attention.append(request.get_output_tensor(1).data.copy())

        paired = len(x) - len(x) % STREAMS
        for first in range(0, paired, STREAMS):
            for offset, request in enumerate(self._pair):
                request.start_async({0: x[first + offset : first + offset + 1]})
            for request in self._pair:
                request.wait()
                take(request)
        for row in range(paired, len(x)):
            self._alone.infer({0: x[row : row + 1]})
            take(self._alone)
        return np.concatenate(logits), np.concatenate(attention)
