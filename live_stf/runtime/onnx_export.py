"""Export of a torch network to an ONNX file."""

from __future__ import annotations

import importlib
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from live_stf.errors import EngineError

if TYPE_CHECKING:
    import onnx
    from torch import Tensor, nn

OPSETS = {"fp32": 20, "fp16": 20, "bf16": 22}  # the oldest that has every operator in that type
ANY_SIZE = 1 << 40
INSTALL = "install it with: pip install 'live-stf[onnx]'"


def to_onnx(
    network: nn.Module, example: Tensor, name: str, outputs: Sequence[str], opset: int, any_batch: bool = True
) -> onnx.ModelProto:
    """Export a network with one input.

    name, outputs: names of the input and the outputs. example: an input. any_batch: whether the result takes any batch
    size instead of the example's; the example then needs a batch of two, because the exporter treats one as a constant.
    Raises EngineError if a library is missing.
    """
    check_libraries()
    import torch
    from onnxscript import optimizer

    with _quiet():
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            verbose=False,
            opset_version=opset,
            input_names=[name],
            output_names=list(outputs),
            dynamic_shapes=({0: torch.export.Dim("batch")},) if any_batch else None,
        )
        assert program is not None  # only the old exporter, without dynamo, returns None
        # By default the exporter leaves large constants to be computed on every run.
        optimizer.optimize_ir(program.model, input_size_limit=ANY_SIZE, output_size_limit=ANY_SIZE)
    return program.model_proto


def save_onnx(proto: onnx.ModelProto, path: Path) -> Path:
    """Check the network and write it. The file is replaced in one step, so no reader sees a partial file."""
    import onnx

    onnx.checker.check_model(proto, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{os.getpid()}-{path.name}")
    onnx.save_model(proto, partial)
    os.replace(partial, path)
    return path


def check_libraries() -> None:
    """Raise EngineError if a library that the export needs is missing."""
    try:
        for name in ("onnx", "onnxscript"):  # torch's exporter needs onnxscript
            importlib.import_module(name)
    except ImportError as problem:
        raise EngineError(f"ONNX export needs {problem.name}, which is not installed; {INSTALL}") from problem


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter, whose messages on torchvision, copyreg and constant folding mean nothing to users."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
