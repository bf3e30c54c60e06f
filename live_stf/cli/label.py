"""Label what people do in video files or recorded joints: segments as JSON lines, and annotated video if asked for."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from rich.console import Console

from live_stf.cli.program import INTERRUPTED, WRONG, print_error, run_command
from live_stf.cli.recognition_options import add_recognition_options
from live_stf.clips.batch import Batch
from live_stf.clips.labelling import Painter
from live_stf.clips.segment_table import segment_table
from live_stf.errors import LiveStfError
from live_stf.model import Model, load_model
from live_stf.types import Event, People, Scores


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0, 2 if a clip could not be read to its end, 130 after Ctrl-C."""
    return run_command(run, parse(arguments))


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line; invalid arguments end the program with status 2."""
    parser = argparse.ArgumentParser(prog="live-stf label", description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP", help="a video file or recorded joints")
    parser.add_argument(
        "--output", type=Path, default=Path("output"), metavar="DIR", help="folder of the results (default: output)"
    )
    add_recognition_options(parser)
    parser.add_argument("--annotate", action="store_true", help="also write a video with skeletons and labels")
    options = parser.parse_args(arguments)
    if options.people < 1:
        parser.error(f"--people is {options.people}; it must be 1 or more")
    return options


def run(options: argparse.Namespace) -> int:
    """Label all clips and print the segments; returns the exit status."""
    model = load_model(options.model)
    batch = Batch(
        model,
        options.output,
        options.engine,
        options.pose,
        options.people,
        paint=overlay_painter(model) if options.annotate else None,
        notify=lambda line: print(line, file=sys.stderr),
        report_error=print_error,
    )
    status = 0
    try:
        batch.run(options.clips)
    except KeyboardInterrupt:
        status = INTERRUPTED
    if any(clip.segments for clip in batch.clips):
        Console().print(segment_table(batch.clips))
    for content, path in batch.written:
        print(f"{content}: {path}")
    return status or (WRONG if batch.failed else 0)


def overlay_painter(model: Model) -> Painter:
    """Return a function that paints skeletons and labels. Raises LiveStfError if Qt, which paints, is missing."""
    try:
        from live_stf.ui.overlay import Style, annotate
    except ImportError as problem:
        raise LiveStfError("--annotate needs Qt, which is not installed: pip install 'live-stf[window]'") from problem
    style = Style(frames=model.preparation.frames)

    def paint(image: np.ndarray, people: People, events: dict[int, Event], scores: dict[int, Scores]) -> np.ndarray:
        return annotate(image, people, events, scores, model.skeleton, style)

    return paint
