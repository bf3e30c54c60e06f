"""Fetch the pose model and the sample clip into the cache folder: `live-stf fetch`."""

from __future__ import annotations

import argparse

from live_stf.assets import POSE_MODELS, SAMPLE_CLIP, fetch
from live_stf.cli.program import run_command


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="live-stf fetch", description="Fetch the pose model and the sample clip into the cache folder."
    )
    parser.add_argument("--pose", default="full", choices=POSE_MODELS, help="which pose model (default: full)")
    options = parser.parse_args(arguments)
    return run_command(run, options)


def run(options: argparse.Namespace) -> None:
    """Fetch, and say where things are."""
    for asset in (POSE_MODELS[options.pose], SAMPLE_CLIP):
        path = fetch(asset)
        origin = f"{asset.source.project} {asset.source.version}"
        print(f"{asset.label}: {path} (from {origin}, {asset.licence}, licence beside it)")
