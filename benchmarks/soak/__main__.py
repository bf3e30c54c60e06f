"""Runs the live loop for a long time on a camera that fails at random, with the real pose estimator and engine.

The camera plays a clip; it ends, raises exceptions, blocks, freezes, stalls, and sends noise, other sizes and wrong
timestamps. The loop is stopped and restarted now and then, in any state. The exit status is 1 if a limit is exceeded.
"""

from __future__ import annotations

import argparse
import json
import math
import shlex
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks import FROM_ROOT
from benchmarks.soak.faulty_camera import KINDS, FaultyCamera, read_images
from benchmarks.soak.soak_report import Limits, as_dict, broken, fault_table, figures, stop_table, table
from benchmarks.soak.watch import Record, Soak
from live_stf.assets import sample_clip
from live_stf.cli.program import run_command
from live_stf.cli.recognition_options import add_recognition_options
from live_stf.engine import open_classifier
from live_stf.model import load_model
from live_stf.pose import estimators
from live_stf.runtime.machine import describe_machine

FORMAT = 1
EXCEEDED = 1


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns 0, 1 if a limit is exceeded, 2 if it cannot run."""
    options = parse(arguments)
    return run_command(run, options)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line; exits with status 2 if it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__, epilog=FROM_ROOT)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long (default: 60)")
    parser.add_argument("--seed", type=int, default=0, help="random seed of faults and stops (default: 0)")
    parser.add_argument("--source", type=Path, metavar="CLIP", help="the clip to play (default: the sample clip)")
    parser.add_argument("--width", type=int, default=640, help="width of the frames in pixels (default: 640)")
    parser.add_argument("--rate", type=float, default=30.0, help="frames per second (default: 30)")
    parser.add_argument(
        "--fault-every", type=float, default=10.0, metavar="S", help="seconds between faults, on average"
    )
    parser.add_argument("--stop-every", type=float, default=40.0, metavar="S", help="seconds between stops, on average")
    parser.add_argument(
        "--faults",
        type=_kinds,
        default=tuple(KINDS),
        metavar="KIND[,KIND...]",
        help=f"kinds of faults: {', '.join(KINDS)}",
    )
    add_recognition_options(parser)
    names = ", ".join(f"{field.name} ({field.default:g})" for field in fields(Limits))
    parser.add_argument("--limit", action="append", default=[], metavar="NAME=VALUE", help=f"change a limit: {names}")
    parser.add_argument("--output", type=Path, metavar="FILE.json", help="write all figures to this file")
    options = parser.parse_args(arguments)
    options.given = sys.argv[1:] if arguments is None else arguments
    for name, longest in (("minutes", 1e5), ("rate", 1000), ("fault_every", 1e6), ("stop_every", 1e6)):
        value = getattr(options, name)
        if not 0 < value <= longest:
            parser.error(f"--{name.replace('_', '-')} is {value:g}, it must be above 0 and at most {longest:g}")
    if options.people < 1 or options.width < 32 or options.seed < 0:
        parser.error("--people must be 1 or more, --width 32 or more and --seed 0 or more")
    if options.output is not None and not options.output.absolute().parent.is_dir():
        parser.error(f"--output is {options.output}, but there is no folder {options.output.parent}")
    try:
        options.limits = limits(options.limit)
    except ValueError as problem:
        parser.error(str(problem))
    return options


def _kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(text.split(","))
    for kind in kinds:
        if kind not in KINDS:
            raise argparse.ArgumentTypeError(f"there is no fault {kind!r}, the kinds are {', '.join(KINDS)}")
    return kinds


def limits(changes: list[str]) -> Limits:
    """The limits with changes NAME=VALUE. Raises ValueError if a change is invalid."""
    values = {}
    for change in changes:
        name, _, text = change.partition("=")
        try:
            values[name] = float(text)
        except ValueError:
            raise ValueError(f"--limit is {change}, it must be NAME=VALUE with a number") from None
        if name not in {field.name for field in fields(Limits)} or not math.isfinite(values[name]):
            raise ValueError(f"--limit is {change}, the names are {', '.join(field.name for field in fields(Limits))}")
    return replace(Limits(), **values)


def run(options: argparse.Namespace) -> int:
    """Run the loop, print the tables and write the file."""
    clip = sample_clip() if options.source is None else options.source
    camera = FaultyCamera(
        read_images(clip, options.width), options.rate, options.seed, options.fault_every, options.faults
    )
    model = load_model(options.model)
    classifier = open_classifier(model, options.engine)
    open_pose = partial(estimators.open_pose, options.pose, options.people)
    seconds = 60 * options.minutes
    with _ProgressBar(seconds) as tick:
        record = Soak(camera, open_pose, classifier, model, seconds, options.stop_every, options.seed, tick).run()
    found = figures(record)
    faults = broken(found, options.limits)
    width, height = camera.size
    print(
        f"{record.seconds / 60:.1f} minutes of {clip.name} at {width}x{height}, {options.rate:g} frames per second, "
        f"seed {options.seed}; {model.name} on {classifier.engine_name}, pose by {options.pose}; {describe_machine()}"
    )
    console = Console()
    for shown in (table(record, found, options.limits), fault_table(record), stop_table(record)):
        console.print(shown)
    for line in [*dict.fromkeys(record.exceptions), *dict.fromkeys(record.false_alarms)]:
        print(line)
    if options.output is not None:
        head = {
            "format": FORMAT,
            "command": shlex.join(["python", "-m", "benchmarks.soak", *options.given]),
            "machine": describe_machine(),
        }
        everything = {**head, **as_dict(record, found, options.limits)}
        options.output.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
    for line in faults:
        print(f"limit exceeded: {line}", file=sys.stderr)
    return EXCEEDED if faults else 0


class _ProgressBar:
    """A progress bar on a terminal; elsewhere a line every EVERY seconds."""

    EVERY = 300.0  # seconds between two lines

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        console = Console(stderr=True)
        columns = TextColumn("soak"), BarColumn(), TextColumn("{task.fields[status]}"), TimeRemainingColumn()
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task("soak", total=seconds, status="")
        self._next = self.EVERY

    def __enter__(self) -> Callable[[float, Record], None]:
        self._bar.start()
        return self._tick

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def _tick(self, seconds: float, record: Record) -> None:
        status = (
            f"{len(record.faults)} faults, {len(record.stops)} stops, {record.samples[-1].memory:.0f} MB, "
            f"{len(record.exceptions)} exceptions"
        )
        self._bar.update(self._task, completed=seconds, status=status)
        if self._bar.disable and seconds >= self._next:
            self._next += self.EVERY
            print(f"{seconds / 60:.0f} minutes: {status}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
