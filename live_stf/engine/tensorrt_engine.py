"""Run networks that TensorRT has compiled for NVIDIA GPUs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np

from live_stf.engine.export import OUTPUTS
from live_stf.engine.fingerprint import mismatch, model_hash
from live_stf.errors import EngineError
from live_stf.model import Model
from live_stf.runtime.hardware import Hardware, detect_hardware
from live_stf.runtime.record import EngineRecord, damage, engines_folder, fitting_record

log = logging.getLogger(__name__)

PRECISIONS = ("fp32", "fp16", "bf16", "int8")
PEOPLE = (1, 2, 4, 8)


class TensorRTEngine:
    """A built engine on the GPU, with one CUDA graph per batch size.

    A batch between two sizes is padded to the larger one. A batch above the largest size is split. Raises EngineError
    if there is no engine for this model and hardware or it does not load.
    """

    def __init__(
        self,
        model: Model,
        notify: Callable[[str], None] = log.info,
        hardware: Hardware | None = None,
        folder: Path | None = None,
        record: EngineRecord | None = None,
    ) -> None:
        from live_stf.runtime.tensorrt_runtime import LoadedEngine, product_name

        hardware = detect_hardware() if hardware is None else hardware
        folder = engines_folder() if folder is None else folder
        self.record = matching_record(model, hardware, folder) if record is None else record
        if reason := mismatch(self.record, model, hardware) or damage(self.record, folder):
            raise EngineError(f"{self.record.file} is not loaded: {reason}; build it again: {build_command(model)}")
        self._graphs = LoadedEngine(self.record, folder, OUTPUTS, build_command(model), notify).graphs
        self.name = f"{product_name(self.record)} {hardware.gpu} {self.record.precision}"

    def run(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Engine.run`."""
        largest = max(self._graphs)
        answers = [self._run_part(x[start : start + largest]) for start in range(0, len(x), largest)]
        if len(answers) == 1:
            return answers[0]
        logits, attention = zip(*answers, strict=True)
        return np.concatenate(logits), np.concatenate(attention)

    def _run_part(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        batch = min(size for size in self._graphs if size >= len(x))
        filled = x if len(x) == batch else np.concatenate([x, np.zeros((batch - len(x), *x.shape[1:]), x.dtype)])
        logits, attention = self._graphs[batch].run(filled)
        return logits[: len(x)], attention[: len(x)]


def build_command(model: Model) -> str:
    """The command that builds the engine of this model."""
    return f"python -m live_stf.engine build --model {model.folder} --backend tensorrt"


def matching_record(model: Model, hardware: Hardware, folder: Path) -> EngineRecord:
    """The newest engine for this model and hardware. Raises EngineError if there is none, with the reason."""
    return fitting_record(model.name, model_hash(model), hardware, folder, build_command(model))
