"""Live recognition in a window, from a camera, a video file or a network stream."""

from __future__ import annotations

import argparse
import math
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

from PyQt5.QtCore import QTimer

from live_stf.engine import ENGINES, open_classifier
from live_stf.errors import LiveStfError
from live_stf.model import load_model
from live_stf.pose import choice
from live_stf.stream.live import LiveLoop
from live_stf.stream.source import open_source
from live_stf.ui import theme
from live_stf.ui.about import About
from live_stf.ui.qt import application
from live_stf.ui.window import LiveWindow
from live_stf.ui.wording import rate_words

INTERRUPTED = 130  # as shells count a program that Ctrl-C ended
PICTURES = (".png", ".jpg", ".jpeg")


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    options = parse(arguments)
    try:
        return run(options)
    except LiveStfError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # while the model is being loaded; later Qt takes it
        return INTERRUPTED


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Command line to options; a wrong one ends the program with status 2."""
    parser = argparse.ArgumentParser(prog="webcam.py", description=__doc__)
    parser.add_argument("--source", default="0", help="a camera's number, a video file or a stream's URL (default: 0)")
    parser.add_argument("--model", default="everyday", help="name in models/, or a model's folder (default: everyday)")
    parser.add_argument("--engine", default="auto", choices=("auto", *ENGINES), help="what runs the network")
    parser.add_argument("--pose", type=choice.argument, default=choice.DEFAULT, metavar="NAME", help=choice.HELP)
    parser.add_argument("--people", type=int, default=2, help="how many people at once (default: 2)")
    parser.add_argument("--seconds", type=float, help="close after this time (default: stay open)")
    parser.add_argument("--screenshot", type=Path, help="save a picture of the window here when it closes (png or jpg)")
    options = parser.parse_args(arguments)
    if options.people < 1:
        parser.error(f"--people is {options.people}, it has to be 1 or more")
    if options.seconds is not None and not 0 < options.seconds < math.inf:
        parser.error(f"--seconds is {options.seconds:g}, it has to be above 0")
    if options.screenshot is not None and options.screenshot.suffix.lower() not in PICTURES:
        parser.error(f"--screenshot is {options.screenshot}, its name has to end in {', '.join(PICTURES)}")
    if options.screenshot is not None and not options.screenshot.absolute().parent.is_dir():
        parser.error(f"--screenshot is {options.screenshot}, but there is no folder {options.screenshot.parent}")
    return options


def say(line: str) -> None:
    print(line, file=sys.stderr)


def run(options: argparse.Namespace) -> int:
    """Wire the stages and show the window until it is closed."""
    app = application()
    theme.apply(app)
    with ExitStack() as opened:
        source = opened.enter_context(open_source(options.source))
        model = load_model(options.model)
        classifier = open_classifier(model, options.engine, notify=say)
        pose = choice.open_pose(options.pose, options.people, notify=say)
        opened.callback(pose.close)
        loop = LiveLoop(source, pose, classifier, model)
        opened.pop_all()  # from its start on, the loop closes both
    about = About(
        labels=model.labels,
        skeleton=model.skeleton,
        grains=len(model.grains),
        frames=model.preparation.frames,
        model=model.name,
        engine=classifier.engine_name,
        pose=pose.name,
        source=source.name,
    )
    with loop:
        window = LiveWindow(loop.snapshot, about)
        # By a timer, because an exit before the event loop runs would be forgotten when it begins.
        signal.signal(signal.SIGINT, lambda *_: QTimer.singleShot(0, lambda: app.exit(INTERRUPTED)))
        if options.seconds is not None:
            QTimer.singleShot(round(1000 * options.seconds), window.close)
        window.show()
        print(f"{about.source}: {about.running}; press Q in the window to quit", flush=True)
        status = app.exec_()
        if options.screenshot is not None:
            window.save_picture(options.screenshot)
        message = loop.snapshot().message if loop.error is not None else ""
    print(", ".join(f"{name.lower()} {value}" for name, value in rate_words(window.rates)))
    if message:
        raise LiveStfError(message)
    return status


if __name__ == "__main__":
    sys.exit(main())
