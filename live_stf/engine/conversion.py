"""The converted network of a model: an ONNX file in its folder, which OpenVINO runs without torch or onnx installed.

STF-Net is converted in its fused form (`live_stf.network.fused`), for one person at a time. Converting needs torch;
`live-stf convert` does it, and so does a training at its end.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_dir

from live_stf.engine.export import INPUT, OUTPUTS
from live_stf.engine.fingerprint import model_hash
from live_stf.errors import ModelError
from live_stf.model import Model
from live_stf.runtime.onnx_export import OPSETS, save_onnx, to_onnx
from live_stf.runtime.openvino import openvino

if TYPE_CHECKING:
    import onnx

log = logging.getLogger(__name__)

VERSION = 1  # of the conversion; raise it when the conversion changes
FINGERPRINT = "live_stf_fingerprint"  # key in the file's metadata
LIBRARIES = ("torch", "safetensors", "onnx", "onnxscript")  # needed for converting


def fingerprint(model: Model) -> str:
    """Hash of the weights, the network's description, the preparation, the number of labels and VERSION.

    The code of live_stf.network is not part of it, so that a changed comment does not make files stale. Tests compare
    the committed files with torch and so detect a changed network.
    """
    described = {
        "version": VERSION,
        "labels": len(model.labels),
        "network": dict(model.network),
        "preparation": model.preparation.as_dict(),
    }
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    digest.update(model.weights.read_bytes())
    return digest.hexdigest()


def convert(model: Model, path: Path | None = None) -> Path:
    """Write the converted network to `path`, by default into the model's folder, and return the path.

    Raises ModelError if a library is missing or the weights do not fit, OSError if the file cannot be written.
    """
    _check_libraries(model, "converting weights")
    import torch

    from live_stf.engine.torch_engine import WithAttention
    from live_stf.network import STFNet
    from live_stf.network.fused import fuse

    network: torch.nn.Module = WithAttention(model)
    if isinstance(network.network, STFNet):
        network = fuse(network.network)
    # The batch size is fixed: with a dynamic one OpenVINO plans for unknown shapes and is 1.5 times as slow.
    example = torch.zeros(1, *model.preparation.shape)
    proto = to_onnx(network, example, INPUT, OUTPUTS, OPSETS["fp32"], any_batch=False)
    _remove_traces(proto)
    entry = proto.metadata_props.add()
    entry.key, entry.value = FINGERPRINT, fingerprint(model)
    return save_onnx(proto, model.converted if path is None else path)


def load_converted(model: Model, notify: Callable[[str], None] = log.info) -> openvino.Model:
    """The converted network: x (1, C, T, V, M) -> logits (1, classes) and attention (1, M, L, V, U), all fp32.

    It is read from the model's folder. If the file there is missing or stale, the network is converted into the cache
    folder, which needs torch; `notify` is then called with one line. Raises ModelError if a library for it is missing.
    """
    expected = fingerprint(model)
    network, reason = _read(model.converted, expected)
    if network is not None:
        return network
    cached = cache_folder() / f"{model.name}-{model_hash(model)[:16]}.onnx"
    network, _ = _read(cached, expected)
    if network is not None:
        return network
    _check_libraries(model, f"{model.folder} {reason}; converting weights")
    notify(f"preparing {model.name} for OpenVINO; this takes a moment, and only the first time")
    return openvino.Core().read_model(convert(model, cached))


def stale(model: Model) -> str:
    """Why the converted network in the model's folder cannot be used, as in "has no network.onnx"; "" if it can."""
    return _read(model.converted, fingerprint(model))[1]


def cache_folder() -> Path:
    """The folder for networks whose own folder has no up-to-date converted network and may be read-only."""
    return Path(user_cache_dir("live-stf")) / "openvino"


def _read(path: Path, expected: str) -> tuple[openvino.Model | None, str]:
    """The network in a file; or None, and the reason why it cannot be used."""
    if not path.is_file():
        return None, f"has no {path.name}"
    try:
        network = openvino.Core().read_model(path)
    except RuntimeError:
        return None, f"has a damaged {path.name}"
    key = ["framework", FINGERPRINT]
    if not network.has_rt_info(key) or network.get_rt_info(key).astype(str) != expected:
        return None, f"has a {path.name} that was made from other weights"
    return network, ""


def _check_libraries(model: Model, work: str) -> None:
    """Raise ModelError if a library is missing. work: the task that needs it, for the message."""
    for name in LIBRARIES:
        try:
            importlib.import_module(name)
        except ImportError as problem:
            raise ModelError(
                f"{work} needs {problem.name or name}, which is not installed: run `live-stf convert {model.folder}` "
                "in an environment that has it (pip install 'live-stf[train]')"
            ) from problem


def _remove_traces(proto: onnx.ModelProto) -> None:
    """Remove the exporter's notes on every operation: they are a twelfth of the file and contain local paths."""
    graph = proto.graph
    for part in (*graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    del graph.metadata_props[:]
    del proto.metadata_props[:]
