"""Compare a live run with the actions that really happened: `live-stf truth EVENTS|CLIP TRUTH.jsonl`.

EVENTS is the file that `live-stf webcam --events` wrote; a CLIP is run through the live decision first, frame by frame.
TRUTH has one line of JSON for every action, {"label": "wave", "start": 3.2, "end": 7.5}, in seconds; the time between
actions is idle. If a line has "person", only that person's labels count for it.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from rich.console import Console

from live_stf.cli.program import run_command
from live_stf.cli.recognition_options import add_recognition_options
from live_stf.errors import DataError
from live_stf.evaluation.live_run import judge_run, read_events, read_truth, table
from live_stf.live.events import EVENTS_SUFFIX, changes
from live_stf.recognizer import Recognizer
from live_stf.sources.video_file import VideoFile
from live_stf.types import Event, State


def run_clip(clip: Path, model: str, engine: str, pose: str, people: int) -> tuple[list[Event], float]:
    """Run the live decision on every frame of a clip; returns the changes and the length of the clip in seconds.

    The result does not depend on the speed of the machine: the network runs at the highest live rate, by clip time.
    """
    changed: list[Event] = []
    known: dict[int, Event] = {}
    length = 0.0
    with Recognizer(model, engine, pose, people) as recognizer, VideoFile(clip) as source:
        while (frame := source.read()) is not None:
            events = {
                event.identity: event
                for event in recognizer.push_image(frame.image, frame.time)
                if event.state is not State.NO_PERSON
            }
            changed += changes(known, events, frame.time)
            length = frame.time + (1 / source.fps if source.fps else 0.0)
    return changed, length


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="live-stf truth", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "run", type=Path, metavar="EVENTS|CLIP", help=f"events ({EVENTS_SUFFIX}), or a video file to run"
    )
    parser.add_argument("truth", type=Path, metavar="TRUTH", help="one line of JSON per action: label, start, end")
    parser.add_argument("--seconds", type=float, help="length of the run, if it lasted longer than its last event")
    add_recognition_options(parser)
    options = parser.parse_args(arguments)
    if options.seconds is not None and not 0 < options.seconds < math.inf:
        parser.error(f"--seconds is {options.seconds:g}; it must be above 0")
    if options.people < 1:
        parser.error(f"--people is {options.people}; it must be 1 or more")
    return run_command(run, options)


def run(options: argparse.Namespace) -> None:
    """Compare the run with the truth and print a table."""
    truth = read_truth(options.truth)
    if options.run.suffix == EVENTS_SUFFIX:
        events = read_events(options.run)
        length = max([0.0, *(event.time for event in events), *(action.end for action in truth)])
    else:
        events, length = run_clip(options.run, options.model, options.engine, options.pose, options.people)
    length = options.seconds or length
    if length <= 0:
        raise DataError(f"{options.run}: has no events, so its length is unknown; give it with --seconds")
    Console().print(table(judge_run(events, truth, length)))
