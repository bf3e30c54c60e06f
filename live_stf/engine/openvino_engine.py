"""Networks compiled by OpenVINO for the CPU."""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from platformdirs import user_cache_dir

from live_stf.model import Model

# OpenVINO 2026.4 reports to an analytics host whenever it is imported, unless its telemetry package cannot be imported:
# then it takes a stub of its own. A program with a camera does not talk to anybody unasked.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
import openvino  # noqa: E402

log = logging.getLogger(__name__)


def cache_folder() -> Path:
    return Path(user_cache_dir("live-stf")) / "openvino"


def _fingerprint(model: Model) -> str:
    """Changes with anything that changes the compiled network: description, weights, network code, OpenVINO."""
    digest = hashlib.sha256(openvino.__version__.encode())
    digest.update(repr(sorted(model.network.items())).encode())
    digest.update(repr((model.preparation.frames, len(model.labels))).encode())
    code = Path(__file__).resolve().parent.parent / "network"
    for path in (model.weights, *sorted(code.glob("*.py")), Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def convert(model: Model) -> openvino.Model:
    """The network in OpenVINO's form, any batch size: logits and attention from x (N, 3, T, V, M)."""
    import torch

    from live_stf.engine.torch_engine import load_network

    class WithAttention(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = load_network(model)

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return self.network(x, attention=True)

    frames, joints = model.preparation.frames, len(model.skeleton)
    # Batch 2: a batch of one would be taken for a constant.
    example = torch.zeros(2, 3, frames, joints, 1)
    with warnings.catch_warnings():
        # torch's exporter warns about its own use of Python's copy registry.
        warnings.simplefilter("ignore", FutureWarning)
        program = torch.export.export(WithAttention(), (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))
        converted = openvino.convert_model(program)
    for port, name in zip(converted.outputs, ("logits", "attention"), strict=True):
        port.get_tensor().set_names({name})
    return converted


class OpenVINOEngine:
    """OpenVINO on the CPU in fp32. The converted network is kept in the cache folder, so torch is needed only once."""

    def __init__(self, model: Model, notify: Callable[[str], None] = log.info) -> None:
        path = cache_folder() / f"{model.name}-{_fingerprint(model)}.xml"
        core = openvino.Core()
        if not path.is_file():
            notify(f"preparing {model.name} for OpenVINO; this takes a moment, and only the first time")
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f"{os.getpid()}-{path.name}")
            openvino.save_model(convert(model), partial, compress_to_fp16=False)
            os.replace(partial.with_suffix(".bin"), path.with_suffix(".bin"))
            os.replace(partial, path)
        # CPUs with bf16 instructions would otherwise be given bf16 without being asked.
        options = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        self.compiled = core.compile_model(core.read_model(path), "CPU", options)
        self.request = self.compiled.create_infer_request()
        self.name = "OpenVINO CPU fp32"

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        results = self.request.infer({0: x})
        return results[0].copy(), results[1].copy()
