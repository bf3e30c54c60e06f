"""ONNX files run by ONNX Runtime on the CPU: what checks an exported file where nothing faster can run it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

from live_stf.errors import EngineError, one_line


class OnnxEngine:
    """An ONNX file with one input. EngineError when ONNX Runtime cannot run it (it has no bf16 on a CPU)."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # errors alone; they are raised as well
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as problem:  # its exceptions have no common base but this
            reason = one_line(problem, 200)
            raise EngineError(f"ONNX Runtime cannot run {path.name}: {reason}") from problem
        self._input = self._session.get_inputs()[0].name
        self.name = f"ONNX Runtime {onnxruntime.__version__} CPU"

    def run(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
        """The outputs in the file's order; of a classifier logits and attention."""
        return tuple(self._session.run(None, {self._input: x}))
