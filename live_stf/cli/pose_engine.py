"""Build BlazePose's networks for an NVIDIA GPU: TensorRT engines of the detector and of a landmark network."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from live_stf.cli.program import run_command
from live_stf.pose.estimators import COMPLEXITIES, PRECISIONS
from live_stf.runtime.hardware import detect_hardware


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0, 2 if an engine cannot be built, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="live-stf pose-engine", description=__doc__)
    parser.add_argument("--complexity", choices=COMPLEXITIES, default="full", help="landmark network (default: full)")
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="fp32", help="precision of the landmark network (default: fp32)"
    )
    parser.add_argument("--target", help="GPU to build for, for example sm_86 (default: this machine's)")
    parser.add_argument("--output", type=Path, help="folder of the engines (default: the folder that the programs use)")
    options = parser.parse_args(arguments)
    return run_command(run, options)


def run(options: argparse.Namespace) -> None:
    """Build the engines, and print their records."""
    from live_stf.pose.blazepose.build_engines import build
    from live_stf.pose.blazepose.tensorrt_networks import pose_engines_folder
    from live_stf.pose.pose_models import pose_model

    hardware, networks = detect_hardware(), pose_model(options.complexity)
    folder = options.output or pose_engines_folder()
    with Console(stderr=True).status("building") as status:
        records = build(networks, hardware, folder, options.precision, options.target, status.update)
    for record in records:
        print(f"{record.file}: {record.backend} {record.version}, {record.precision}, {record.capability}")
        if record.differences:
            shares = ", ".join(f"{name} {share:.1e}" for name, share in record.differences.items())
            by = "the engine itself" if record.latency else "ONNX Runtime on the file that it was compiled from"
            print(f"  largest difference to OpenVINO in 95 % of the numbers, as a share of the largest: {shares}")
            print(f"    (by {by})")
        else:
            print("  not compared with OpenVINO: nothing installed here can run it")
        if record.latency:
            times = ", ".join(f"{people}: {milliseconds:.2f}" for people, milliseconds in record.latency.items())
            print(f"  median ms by number of people in one batch: {times}")
        else:
            reason = "it was built for another GPU" if hardware.gpu else hardware.reason
            print(f"  speed not measured: {reason}")
    print(f"written to {folder}")
