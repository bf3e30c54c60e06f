"""Convert the weights of a model into the file that OpenVINO runs, network.onnx in the model's folder.

With that file a model runs on a CPU without torch or onnx installed. A training writes it at its end; this command is
for models of version 0.1 and for weights that have changed since.
"""

from __future__ import annotations

import argparse

from live_stf.cli.program import run_command
from live_stf.engine.conversion import convert, stale
from live_stf.model import load_model


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="live-stf convert", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "model", nargs="?", default="everyday", help="name in models/, or a model's folder (default: %(default)s)"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit with status 1 if the file is stale")
    given = parser.parse_args(arguments)
    return run_command(_convert, given.model, given.check, stopped="stopped before anything was written")


def _convert(name: str, check: bool) -> int:
    model = load_model(name)
    if check:
        reason = stale(model)
        print(
            f"{model.folder} {reason}: run live-stf convert {model.folder}"
            if reason
            else f"{model.converted} is up to date"
        )
        return int(bool(reason))
    path = convert(model)
    print(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB)")
    return 0
