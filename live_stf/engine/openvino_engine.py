"""Networks compiled by OpenVINO for the CPU."""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from platformdirs import user_cache_dir

from live_stf.engine.fingerprint import model_hash
from live_stf.model import Model
from live_stf.runtime.openvino import openvino, precision_options

log = logging.getLogger(__name__)

STREAMS = 2  # people at a time


def cache_folder() -> Path:
    return Path(user_cache_dir("live-stf")) / "openvino"


def _fingerprint(model: Model) -> str:
    """Changes with anything that changes the compiled network: the model, the network's code, this file, OpenVINO."""
    digest = hashlib.sha256(f"{openvino.__version__} {model_hash(model)}".encode())
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()[:16]


def convert(model: Model, precision: str = "fp32") -> openvino.Model:
    """The network in OpenVINO's form for one person: logits and attention from x (1, C, T, V, M), all of them fp32.

    The shape is fixed: with a dynamic batch OpenVINO plans for shapes that it does not know, and takes half as long
    again. With precision bf16 the weights and features of STF-Net are bf16 in the network itself. Left to itself,
    OpenVINO does not round the constant matrix of the graph product, and so converts the features to fp32 and back
    around it.
    """
    import torch

    from live_stf.engine.torch_engine import WithAttention
    from live_stf.network import STFNet
    from live_stf.network.fused import fuse

    network = WithAttention(model)
    if isinstance(network.network, STFNet):
        network = fuse(network.network, torch.bfloat16 if precision == "bf16" else torch.float32)
    example = torch.zeros(1, *model.preparation.shape)
    with warnings.catch_warnings():
        # torch's exporter warns about its own use of Python's copy registry.
        warnings.simplefilter("ignore", FutureWarning)
        converted = openvino.convert_model(torch.export.export(network, (example,)))
    for port, name in zip(converted.outputs, ("logits", "attention"), strict=True):
        port.get_tensor().set_names({name})
    # OpenVINO 2026.4 does not copy bf16 weights, and does not keep what they lie in either.
    converted.owner_of_weights = network
    return converted


def save(network: openvino.Model, path: Path) -> None:
    """Write the network's two files, .xml and .bin; whoever looks for the first finds both whole or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{os.getpid()}-{path.name}")
    openvino.save_model(network, partial, compress_to_fp16=False)
    os.replace(partial.with_suffix(".bin"), path.with_suffix(".bin"))
    os.replace(partial, path)


class OpenVINOEngine:
    """OpenVINO on the CPU. The converted network is kept in the cache folder, so torch is needed only once.

    precision: "fp32", or "bf16" on a CPU that has it (`bf16_available`), else ModelError; "int8" for a network that
    lies at `path` and has it in itself, see `openvino_int8`.
    path: the converted network, made where missing; None for the cache folder.
    Several people are run one by one, two at a time with half of the cores each. As one batch, each would cost more
    than one person alone, because the features of a batch do not fit into the cores' caches.
    """

    def __init__(
        self,
        model: Model,
        precision: str = "fp32",
        notify: Callable[[str], None] = log.info,
        path: Path | None = None,
    ) -> None:
        # What an int8 network does not round is in fp32: bf16 was measured to be slower there.
        options = precision_options("fp32" if precision == "int8" else precision)
        path = path or cache_folder() / f"{model.name}-{precision}-{_fingerprint(model)}.xml"
        if not path.is_file():
            notify(f"preparing {model.name} for OpenVINO; this takes a moment, and only the first time")
            save(convert(model, precision), path)
        core = openvino.Core()
        network = core.read_model(path)
        alone = core.compile_model(network, "CPU", {**options, "PERFORMANCE_HINT": "LATENCY"})
        shared = core.compile_model(network, "CPU", {**options, "NUM_STREAMS": STREAMS})
        self._alone = alone.create_infer_request()
        self._pair = [shared.create_infer_request() for _ in range(STREAMS)]
        self.name = f"OpenVINO CPU {precision}"

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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
