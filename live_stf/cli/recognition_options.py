"""Options of all programs that recognise people: model, engine, pose estimator and number of people."""

from __future__ import annotations

import argparse

from live_stf.engine import ENGINES
from live_stf.pose import estimators


def add_recognition_options(parser: argparse.ArgumentParser) -> None:
    """Add --model, --engine, --pose and --people, with the defaults of the programs."""
    parser.add_argument("--model", default="everyday", help="name in models/, or a model's folder (default: everyday)")
    parser.add_argument(
        "--engine", default="auto", choices=("auto", *ENGINES), help="engine that runs the network (default: auto)"
    )
    add_pose_option(parser)
    parser.add_argument("--people", type=int, default=2, help="largest number of people to find (default: 2)")


def add_pose_option(parser: argparse.ArgumentParser) -> None:
    """Add --pose."""
    parser.add_argument(
        "--pose",
        type=estimators.pose_argument,
        default=estimators.DEFAULT_POSE,
        metavar="NAME",
        help=estimators.POSE_HELP,
    )
