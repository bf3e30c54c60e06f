"""Run ONNX files with ONNX Runtime on the CPU, to check exported files that no engine can run here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

from live_stf.errors import EngineError, one_line


class OnnxEngine:
    """An ONNX file with one input. Raises EngineError if ONNX Runtime cannot run it (on a CPU it has no bf16)."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # only errors, which are also raised
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as problem:  # its exceptions have no other common base
            reason = one_line(problem, 200)
            raise EngineError(f"ONNX Runtime cannot run {path.name}: {reason}") from problem
        self._input = self._session.get_inputs()[0].name
        self.name = f"ONNX Runtime {onnxruntime.__version__} CPU"

    def run(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
        """The outputs in the file's order; logits and attention of a classifier."""
        return tuple(self._session.run(None, {self._input: x}))
