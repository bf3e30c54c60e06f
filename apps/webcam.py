"""Live recognition in a window, from a camera, a video file or a network stream.

With --headless there is no window, and neither Qt nor a screen is needed.
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from live_stf.engine import ENGINES, open_classifier
from live_stf.errors import LiveStfError
from live_stf.model import load_model
from live_stf.pose import choice
from live_stf.stream.cameras import cameras
from live_stf.stream.events import STDOUT, EventWriter
from live_stf.stream.live import LiveLoop
from live_stf.stream.mirror import MirroredSource
from live_stf.stream.notices import Notices
from live_stf.stream.reconnect import open_lasting
from live_stf.stream.source import Wish
from live_stf.ui.about import About
from live_stf.ui.wording import rate_words

if TYPE_CHECKING:
    from PyQt5.QtWidgets import QApplication

INTERRUPTED = 130  # as shells count a program that Ctrl-C ended
LOOK = 0.05  # seconds between two looks for new events
PICTURES = (".png", ".jpg", ".jpeg")


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    options = parse(arguments)
    if options.list_cameras:
        list_cameras()
        return 0
    try:
        return run(options)
    except LiveStfError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # while the model is being loaded; later Qt takes it
        return INTERRUPTED


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Command line to options; a wrong one ends the program with status 2."""
    parser = argparse.ArgumentParser(prog="webcam.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--source", default="0", help="a camera's number or name, a video file or a stream's URL (default: 0)"
    )
    parser.add_argument("--list-cameras", action="store_true", help="say which cameras there are, and end")
    parser.add_argument("--size", type=_size, metavar="WxH", help="ask the camera for this size, e.g. 640x480")
    parser.add_argument("--rate", type=float, metavar="FPS", help="ask the camera for this many pictures a second")
    parser.add_argument("--mirror", action="store_true", help="exchange left and right, as in a mirror")
    parser.add_argument(
        "--fast", action="store_true", help="a file: all its pictures, as fast as they can be looked at"
    )
    parser.add_argument("--model", default="everyday", help="name in models/, or a model's folder (default: everyday)")
    parser.add_argument("--engine", default="auto", choices=("auto", *ENGINES), help="what runs the network")
    parser.add_argument("--pose", type=choice.argument, default=choice.DEFAULT, metavar="NAME", help=choice.HELP)
    parser.add_argument("--people", type=int, default=2, help="how many people at once (default: 2)")
    parser.add_argument("--seconds", type=float, help="close after this time (default: stay open)")
    parser.add_argument("--screenshot", type=Path, help="save a picture of the window here when it closes (png or jpg)")
    parser.add_argument(
        "--events",
        metavar="FILE",
        help="write every change of what somebody does as a line of JSON, at once; - for the standard output",
    )
    parser.add_argument("--headless", action="store_true", help="no window, events alone (--events - where not given)")
    options = parser.parse_args(arguments)
    if options.rate is not None and not 0 < options.rate <= 1000:
        parser.error(f"--rate is {options.rate:g}, it has to be above 0 and 1000 at most")
    if options.people < 1:
        parser.error(f"--people is {options.people}, it has to be 1 or more")
    if options.seconds is not None and not 0 < options.seconds < math.inf:
        parser.error(f"--seconds is {options.seconds:g}, it has to be above 0")
    if options.headless and options.screenshot is not None:
        parser.error("--screenshot is of the window, and with --headless there is none")
    if options.screenshot is not None and options.screenshot.suffix.lower() not in PICTURES:
        parser.error(f"--screenshot is {options.screenshot}, its name has to end in {', '.join(PICTURES)}")
    if options.screenshot is not None and not options.screenshot.absolute().parent.is_dir():
        parser.error(f"--screenshot is {options.screenshot}, but there is no folder {options.screenshot.parent}")
    return options


def _size(text: str) -> tuple[int, int]:
    width, x, height = text.lower().partition("x")
    if not (x and width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"{text!r} is no size, it has to be like 640x480")
    return int(width), int(height)


def list_cameras() -> None:
    """Print a line for every camera, or one that says that there is none."""
    found = cameras()
    for camera in found:
        print(f"{camera.number}: {camera.name}")
    if not found:
        print("no camera was found; where Linux does not list them, try --source 0, --source 1, ...")


def say(line: str) -> None:
    print(line, file=sys.stderr)


def run(options: argparse.Namespace) -> int:
    """Wire the stages and watch them until they end or the window is closed."""
    app = None
    if not options.headless:
        from live_stf.ui import theme
        from live_stf.ui.qt import application

        app = application()
        theme.apply(app)
    elif options.events is None:
        options.events = STDOUT
    # What people read must not stand between the events.
    told = sys.stderr if options.events == STDOUT else sys.stdout
    with ExitStack() as opened:
        events = None if options.events is None else opened.enter_context(EventWriter(options.events))
        loop, about = open_loop(options)
        opened.enter_context(loop)
        if app is None:
            print(f"{about.source}: {about.running}; press Ctrl-C to quit", file=told, flush=True)
            status = watch(loop, options, events)
        else:
            status = show(app, loop, about, options, events, told)
        snapshot = loop.snapshot()
        message = snapshot.message if loop.error is not None else ""
    print(", ".join(f"{name.lower()} {value}" for name, value in rate_words(snapshot.rates)), file=told)
    if message:
        raise LiveStfError(message)
    return status


def open_loop(options: argparse.Namespace) -> tuple[LiveLoop, About]:
    """The stages, wired but not begun, and what they are."""
    with ExitStack() as opened:
        source = opened.enter_context(open_lasting(options.source, Wish(options.size, options.rate)))
        if options.mirror:
            source = MirroredSource(source)
        model = load_model(options.model)
        classifier = open_classifier(model, options.engine, notify=say)
        pose = choice.open_pose(options.pose, options.people, notify=say)
        opened.callback(pose.close)
        loop = LiveLoop(source, pose, classifier, model, every_picture=options.fast)
        opened.pop_all()  # from its start on, the loop closes both
    return loop, About(
        labels=model.labels,
        skeleton=model.skeleton,
        grains=len(model.grains),
        frames=model.preparation.frames,
        model=model.name,
        engine=classifier.engine_name,
        pose=pose.name,
        source=source.name,
    )


def watch(loop: LiveLoop, options: argparse.Namespace, events: EventWriter) -> int:
    """Without a window: write events until the source ends, --seconds are over or Ctrl-C is pressed."""
    until = math.inf if options.seconds is None else time.monotonic() + options.seconds
    notices = Notices(say)
    try:
        while True:
            snapshot = loop.snapshot()
            events.take(snapshot)
            notices.take(snapshot)
            if snapshot.finished or time.monotonic() >= until:
                return 0
            time.sleep(LOOK)
    except KeyboardInterrupt:
        return INTERRUPTED


def show(
    app: QApplication,
    loop: LiveLoop,
    about: About,
    options: argparse.Namespace,
    events: EventWriter | None,
    told: TextIO,
) -> int:
    """With a window: until it is closed."""
    from PyQt5.QtCore import QTimer

    from live_stf.ui.window import LiveWindow

    window = LiveWindow(loop.snapshot, about)
    # By a timer, because an exit before the event loop runs would be forgotten when it begins.
    signal.signal(signal.SIGINT, lambda *_: QTimer.singleShot(0, lambda: app.exit(INTERRUPTED)))
    if options.seconds is not None:
        QTimer.singleShot(round(1000 * options.seconds), window.close)
    problems: list[LiveStfError] = []
    if events is not None:

        def look() -> None:
            try:
                events.take(loop.snapshot())
            except LiveStfError as problem:  # Qt ends the program without a word where a timer raises
                problems.append(problem)
                timer.stop()
                window.close()

        timer = QTimer(window)
        timer.timeout.connect(look)
        timer.start(round(1000 * LOOK))
    window.show()
    print(f"{about.source}: {about.running}; press Q in the window to quit", file=told, flush=True)
    status = app.exec_()
    if options.screenshot is not None:
        window.save_picture(options.screenshot)
    if problems:
        raise problems[0]
    return status


if __name__ == "__main__":
    sys.exit(main())
