"""Download the pose networks and the sample clip into the cache folder: `live-stf fetch`."""

from __future__ import annotations

import argparse

from live_stf.assets import SAMPLE_CLIP, fetch_all
from live_stf.cli.program import run_command
from live_stf.pose.pose_models import POSE_MODELS


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="live-stf fetch", description="Download the pose networks and the sample clip into the cache folder."
    )
    parser.add_argument("--pose", default="full", choices=POSE_MODELS, help="which pose networks (default: full)")
    options = parser.parse_args(arguments)
    return run_command(run, options)


def run(options: argparse.Namespace) -> None:
    """Download the files, and print their paths."""
    assets = (POSE_MODELS[options.pose].networks, SAMPLE_CLIP)
    for asset, path in zip(assets, fetch_all(assets), strict=True):
        origin = f"{asset.source.project} {asset.source.version}"
        print(f"{asset.label}: {path} (from {origin}, {asset.licence}, licence beside it)")
