"""Measures the time of every stage per frame, and how the live loop keeps up.

With several pose estimators, each of them processes every frame, and they take turns in running first; the stages
after pose estimation run once, on the result of the first estimator. The live loop then runs with each of them in turn.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from rich.console import Console

from benchmarks import FROM_ROOT
from benchmarks.stages.live_report import measure_live
from benchmarks.stages.stage_tables import live_table, pose_table, stage_table
from benchmarks.stages.stage_times import measure_stages
from live_stf.cli.program import run_command
from live_stf.clips.video_writer import VideoWriter
from live_stf.engine import ENGINES, open_classifier
from live_stf.model import load_model
from live_stf.pose import estimators
from live_stf.runtime.machine import describe_machine
from live_stf.sources.video_file import VideoFile

SECONDS = 30.0  # of the clip, by default
FASTEST = 1000.0  # frames per second that --fps can ask for


def main(arguments: list[str] | None = None) -> int:
    """Run the measurement; returns the exit status."""
    options = parse(arguments)
    return run_command(run, options)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line; exits with status 2 if it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=__doc__, epilog=FROM_ROOT)
    parser.add_argument("clip", type=Path, metavar="CLIP", help="a video file with people in it")
    parser.add_argument("--model", default="everyday", help="name in models/, or folder of a model (default: everyday)")
    parser.add_argument("--engine", default="auto", choices=("auto", *ENGINES), help="engine that runs the network")
    parser.add_argument(
        "--pose",
        type=estimators.pose_list_argument,
        default=[estimators.DEFAULT_POSE],
        metavar="NAME[,NAME...]",
        help=f"{estimators.POSE_HELP}; several are compared",
    )
    parser.add_argument("--people", type=int, default=2, help="number of people at most (default: 2)")
    parser.add_argument("--width", type=int, help="measure a copy of the clip with this width in pixels")
    parser.add_argument("--height", type=int, help="with --width: height of the copy; black borders fill it")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help=f"seconds of the clip to measure (default: {SECONDS:g})"
    )
    parser.add_argument(
        "--fps", type=float, help="live: play the clip forward and backward at this rate, as a camera does"
    )
    options = parser.parse_args(arguments)
    if len(set(options.pose)) < len(options.pose):
        parser.error("--pose names an estimator twice")
    if options.fps is not None and not 0 < options.fps <= FASTEST:
        parser.error(f"--fps is {options.fps:g}, it must be above 0 and at most {FASTEST:g}")
    if options.people < 1:
        parser.error(f"--people is {options.people}, it must be 1 or more")
    if options.width is not None and options.width < 32:
        parser.error(f"--width is {options.width}, it must be 32 or more")
    if options.height is not None and (options.width is None or options.height < 32):
        parser.error("--height must be 32 or more, and needs --width")
    return options


def run(options: argparse.Namespace) -> int:
    """Measure and print."""
    with TemporaryDirectory() as folder:
        clip = options.clip
        if options.width is not None:
            clip = Path(folder) / clip.name
            scaled_copy(options.clip, clip, options.width, options.seconds, options.height)
        return measure(clip, options)


def scaled_copy(clip: Path, target: Path, width: int, seconds: float, height: int | None = None) -> None:
    """Write a copy of the first `seconds` of a clip, `width` pixels wide.

    height: height of the copy; the frames are scaled to fit, with black borders.
    """
    with VideoFile(clip) as source:
        size = width, round(source.size[1] * width / source.size[0])
        if height is not None and size[1] > height:
            size = round(source.size[0] * height / source.size[1]), height
        whole = size if height is None else (width, height)
        left, top = (whole[0] - size[0]) // 2, (whole[1] - size[1]) // 2
        image = np.zeros((whole[1], whole[0], 3), np.uint8)
        with VideoWriter(target, whole, source.fps) as video:
            while (frame := source.read()) is not None and frame.time <= seconds:
                inside = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
                image[top : top + size[1], left : left + size[0]] = inside
                video.write(replace(frame, image=image))


def measure(clip: Path, options: argparse.Namespace) -> int:
    """Measure this clip and print."""
    model = load_model(options.model)
    with VideoFile(clip) as source:
        title = f"{clip.name}: {source.size[0]}x{source.size[1]}, {source.fps:.4g} frames per second"
    classifier = open_classifier(model, options.engine)
    times = measure_stages(clip, model, classifier, options.pose, options.people, options.seconds)
    live = {
        name: measure_live(clip, model, classifier, name, options.people, options.seconds, options.fps)
        for name in options.pose
    }
    first = times.poses[options.pose[0]]
    console = Console()
    print(f"{title}; {np.mean(first.people):.1f} people on average")
    print(f"{model.name} on {classifier.engine_name}, pose by {first.name}; {describe_machine()}")
    print("\none stage after the other, per frame:")
    console.print(stage_table(times))
    if len(times.poses) > 1:
        print("\npose estimators, all on every frame:")
        console.print(pose_table(times.poses))
    rate = "the clip's own rate" if options.fps is None else f"{options.fps:g} frames per second"
    print(f"\nlive for {max(report.seconds for report in live.values()):.1f} s at {rate}:")
    console.print(live_table(live))
    return 0


if __name__ == "__main__":
    sys.exit(main())
