"""Compare int8 with torch on the held-out windows of a recipe: `python calibration/int8_agreement.py MODEL RECIPE ...`.

The int8 network is the ONNX file for compilers, with fp32 between the products, run by ONNX Runtime; or OpenVINO's.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import track

from live_stf.cli.engine import load_windows
from live_stf.cli.program import run_command
from live_stf.engine.build import check_calibration, export_int8
from live_stf.engine.fingerprint import model_hash
from live_stf.engine.measure import LEAST_SAME_BEST
from live_stf.engine.protocol import Engine
from live_stf.engine.torch_engine import TorchEngine
from live_stf.errors import ModelError
from live_stf.model import Model, load_model
from live_stf.runtime.hardware import detect_hardware
from live_stf.runtime.machine import describe_machine
from live_stf.runtime.onnx_engine import OnnxEngine
from live_stf.runtime.timing import Runnable
from live_stf.training.recipe import load_recipe
from live_stf.training.samples import HeldOutWindows
from live_stf.training.selection import open_store, prepare_missing_store, select

FORMAT = 1
BATCH = 8


@dataclass(frozen=True)
class Comparison:
    """Two engines over the same windows; shares are 0..1.

    top1, int8_top1: accuracy of torch and of int8. margin: lead of torch's best class in probability, median
    over all windows; margin_of_others: over the windows on which int8 differs. largest_logit: largest absolute logit of
    torch.
    """

    windows: int
    agreement: float
    top1: float
    int8_top1: float
    margin: float
    margin_of_others: float | None
    logits_rms: float
    largest_logit: float


def compare(engine: Runnable, plain: Engine, x: np.ndarray, targets: np.ndarray) -> Comparison:
    """Compare two engines on windows x (N, C, T, V, 1) with class numbers targets (N,)."""
    logits, expected = [], []
    for first in track(range(0, len(x), BATCH), description="held-out windows", console=Console(stderr=True)):
        logits.append(engine.run(x[first : first + BATCH])[0])
        expected.append(plain.run(x[first : first + BATCH])[0])
    return compared(np.concatenate(logits), np.concatenate(expected), targets)


def compared(logits: np.ndarray, expected: np.ndarray, targets: np.ndarray) -> Comparison:
    """Compare the logits (N, classes) of int8 and of torch for windows with class numbers targets (N,)."""
    best, expected_best = logits.argmax(axis=1), expected.argmax(axis=1)
    exponentials = np.exp(expected - expected.max(axis=1, keepdims=True))
    second, first = np.sort(exponentials / exponentials.sum(axis=1, keepdims=True), axis=1)[:, -2:].T
    margins, differs = first - second, best != expected_best
    return Comparison(
        windows=len(targets),
        agreement=float((~differs).mean()),
        top1=float((expected_best == targets).mean()),
        int8_top1=float((best == targets).mean()),
        margin=float(np.median(margins)),
        margin_of_others=float(np.median(margins[differs])) if differs.any() else None,
        logits_rms=float(np.sqrt(np.square(logits - expected).mean())),
        largest_logit=float(np.abs(expected).max()),
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python calibration/int8_agreement.py", description=__doc__)
    parser.add_argument("model", help="name of a model in models/, or its folder")
    parser.add_argument("recipe", help="name of a recipe, or a YAML file")
    parser.add_argument("changes", nargs="*", metavar="key=value", help="changes to the recipe, e.g. data.store=DIR")
    parser.add_argument("--calibration", required=True, type=Path, metavar="FILE", help="windows of int8_windows.py")
    parser.add_argument(
        "--backend", choices=["onnx", "openvino"], default="onnx", help="library of the int8 network (default: onnx)"
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take every Nth window (default: all)")
    parser.add_argument("--output", type=Path, metavar="FILE.json", help="write the result to this file")
    given = parser.parse_intermixed_args(arguments)
    if given.every < 1:
        parser.error(f"--every is {given.every}; it must be 1 or more")
    return run_command(run, given)


def run(given: argparse.Namespace) -> None:
    """Measure, and write the result."""
    result = measure(given)
    if given.output is not None:
        partial = given.output.with_name(f".{os.getpid()}-{given.output.name}")
        partial.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        os.replace(partial, given.output)


def _build(model: Model, backend: str, folder: Path, calibration: np.ndarray) -> tuple[Engine | OnnxEngine, list[str]]:
    """The int8 engine, and the names of the products that are not rounded."""

    def progress(line: str) -> None:
        print(line, file=sys.stderr)

    if backend == "onnx":
        path = folder / "int8.onnx"
        kept = export_int8(model, path, calibration, "fp32", progress)
        return OnnxEngine(path), kept
    from live_stf.engine.openvino_engine import OpenVINOEngine
    from live_stf.engine.openvino_int8 import write_int8

    path = folder / "int8.xml"
    kept = write_int8(model, path, calibration, progress)
    return OpenVINOEngine(model, "int8", path=path), kept


def measure(given: argparse.Namespace) -> dict:
    """Build and compare the int8 network, print the result and return it as the content of the file."""
    model, recipe = load_model(given.model), load_recipe(given.recipe, given.changes)
    if list(model.labels) != list(recipe.labels):
        raise ModelError(f"{model.name} and the recipe {recipe.name} do not have the same labels")
    calibration = load_windows(given.calibration)
    check_calibration(calibration, model)
    prepare_missing_store(recipe)
    store = open_store(recipe)
    held_out = HeldOutWindows(store, select(store, recipe), recipe)
    numbers = range(0, len(held_out), given.every)
    if not numbers:
        raise ModelError("the recipe holds no clip out, so there is nothing to measure on; choose another recipe")
    x, targets = (np.array(part) for part in zip(*(held_out[number] for number in numbers), strict=True))
    with tempfile.TemporaryDirectory() as folder:
        engine, kept = _build(model, given.backend, Path(folder), calibration)
        found = compare(engine, TorchEngine(model, device="cpu"), x, targets)
    print(f"{len(kept)} products are not rounded")
    verdict = "enough" if found.agreement >= LEAST_SAME_BEST else "less than"
    print(
        f"{found.windows} held-out windows: best class the same on {found.agreement:.2%} ({verdict} "
        f"{LEAST_SAME_BEST:.0%}), top-1 {found.top1:.2%} with torch fp32 and {found.int8_top1:.2%} with int8"
    )
    if found.margin_of_others is not None:
        print(
            f"torch's best class leads by {found.margin:.3f} on all of them and by {found.margin_of_others:.3f} on "
            "those on which int8 differs (median of the difference in probability)"
        )
    return {
        "format": FORMAT,
        "model": model.name,
        "model_hash": model_hash(model),
        "recipe": recipe.name,
        "every": given.every,
        "calibration_windows": len(calibration),
        "calibration_sha256": hashlib.sha256(calibration.tobytes()).hexdigest(),
        "products_kept": len(kept),
        "engine": engine.name,
        "torch": torch.__version__,
        given.backend: detect_hardware().modules["onnxruntime" if given.backend == "onnx" else "openvino"],
        "machine": describe_machine(),
        **{name: round(value, 5) if isinstance(value, float) else value for name, value in asdict(found).items()},
    }


if __name__ == "__main__":
    sys.exit(main())
