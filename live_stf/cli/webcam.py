"""Live recognition in a window, from a camera, a video file, recorded joints or a network stream.

With --headless there is no window, and neither Qt nor a screen is needed.
"""

from __future__ import annotations

import argparse
import math
import os
import signal
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from live_stf.cli.program import INTERRUPTED, run_command
from live_stf.engine import ENGINES
from live_stf.errors import LiveStfError
from live_stf.live.events import STDOUT, EventWriter
from live_stf.live.notices import Notices
from live_stf.live.session import Session, Settings
from live_stf.pose import estimators
from live_stf.sources.cameras import cameras
from live_stf.types import Rates
from live_stf.ui.wording import rate_words

if TYPE_CHECKING:
    from PyQt5.QtWidgets import QApplication

    from live_stf.ui.preferences import Preferences

LOOK = 0.05  # seconds between two looks for new events
PICTURES = (".png", ".jpg", ".jpeg")


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    options = parse(arguments)
    if options.list_cameras:
        list_cameras()
        return 0
    return run_command(run, options)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Command line to options; a wrong one ends the program with status 2."""
    parser = argparse.ArgumentParser(prog="live-stf webcam", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--source", help="a camera's number or name, a video file, recorded joints or a stream's URL (default: 0)"
    )
    parser.add_argument("--list-cameras", action="store_true", help="say which cameras there are, and end")
    parser.add_argument("--size", type=_size, metavar="WxH", help="ask the camera for this size, e.g. 640x480")
    parser.add_argument("--rate", type=float, metavar="FPS", help="ask the camera for this many pictures a second")
    parser.add_argument("--mirror", action="store_true", help="exchange left and right, as in a mirror")
    parser.add_argument(
        "--fast", action="store_true", help="a file: all its pictures, as fast as they can be looked at"
    )
    parser.add_argument("--model", help="name in models/, or a model's folder (default: everyday)")
    parser.add_argument("--engine", choices=("auto", *ENGINES), help="what runs the network (default: auto)")
    parser.add_argument("--pose", type=estimators.pose_argument, metavar="NAME", help=estimators.POSE_HELP)
    parser.add_argument("--people", type=int, help="how many people at once (default: 2)")
    parser.add_argument(
        "--threshold", type=float, metavar="P", help="probability at which a label begins (default: the model's own)"
    )
    parser.add_argument(
        "--listen", type=_labels, metavar="LABEL[,LABEL...]", help="show and announce these labels alone (default: all)"
    )
    parser.add_argument("--seconds", type=float, help="close after this time (default: stay open)")
    parser.add_argument("--theme", choices=("dark", "light", "system"), help="how the window looks (default: dark)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="where S and R save to (default: where you are)")
    parser.add_argument("--reset", action="store_true", help="forget what was chosen in the window in earlier runs")
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
    if options.people is not None and options.people < 1:
        parser.error(f"--people is {options.people}, it has to be 1 or more")
    if options.threshold is not None and not 0 < options.threshold <= 1:
        parser.error(f"--threshold is {options.threshold:g}, it has to be above 0 and 1 at most")
    if options.output is not None and not options.output.is_dir():
        parser.error(f"--output is {options.output}, but there is no such folder")
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


def _labels(text: str) -> frozenset[str]:
    labels = frozenset(filter(None, (label.strip() for label in text.split(","))))
    if not labels:
        raise argparse.ArgumentTypeError("it has no label")
    return labels


def list_cameras() -> None:
    """Print a line for every camera, or one that says that there is none."""
    found = cameras()
    for camera in found:
        print(f"{camera.number}: {camera.name}")
    if not found:
        print("no camera was found; where Linux does not list them, try --source 0, --source 1, ...")


def say(line: str) -> None:
    print(line, file=sys.stderr)


# Names of Settings that the command line can have.
SETTINGS = ("source", "size", "rate", "model", "engine", "pose", "people", "threshold", "listen")


def run(options: argparse.Namespace) -> int:
    """Without a window or with one; returns the exit status."""
    given = {name: value for name in SETTINGS if (value := getattr(options, name)) is not None}
    if options.fast:
        given["fast"] = True
    if options.headless:
        return run_headless(options, Settings(**given, mirrored=options.mirror))
    from live_stf.ui import theme
    from live_stf.ui.preferences import Preferences
    from live_stf.ui.qt import application

    app = application()
    preferences = Preferences()
    if options.reset:
        preferences.forget()
    theme.apply(app, options.theme or preferences.theme)
    with ExitStack() as opened:
        events = None if options.events is None else opened.enter_context(EventWriter(options.events))
        session = Session(preferences.settings(given), say, low_priority=True)
        try:
            status = show(app, session, options, events, preferences, has_to_open=bool(given))
        finally:
            # What is still being opened cannot be broken off, and would be torn to pieces as the program ends.
            all_ended = session.close()
    if not all_ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


def run_headless(options: argparse.Namespace, settings: Settings) -> int:
    """Without a window: until the source ends, --seconds are over or Ctrl-C is pressed."""
    target = options.events or STDOUT
    told = sys.stderr if target == STDOUT else sys.stdout  # what people read must not stand between the events
    until = math.inf if options.seconds is None else time.monotonic() + options.seconds
    with EventWriter(target) as events, Session(settings, say) as session:
        session.wait()
        print(f"{session.about.source}: {session.about.running}; press Ctrl-C to quit", file=told, flush=True)
        status, notices = 0, Notices(say)
        try:
            while True:
                snapshot = session.snapshot()
                events.take(snapshot)
                notices.take(snapshot)
                if snapshot.finished or time.monotonic() >= until:
                    break
                time.sleep(LOOK)
        except KeyboardInterrupt:
            status = INTERRUPTED
        message = snapshot.message if session.error is not None else ""
        summarise(snapshot.rates, told)
    if message:
        raise LiveStfError(message)
    return status


def summarise(rates: Rates, told: TextIO) -> None:
    """Say how fast it was."""
    print(", ".join(f"{name.lower()} {value}" for name, value, _ in rate_words(rates)), file=told)


def show(
    app: QApplication,
    session: Session,
    options: argparse.Namespace,
    events: EventWriter | None,
    preferences: Preferences,
    has_to_open: bool,
) -> int:
    """With a window: until it is closed, or --seconds are over. has_to_open: end when nothing can be opened at first;
    else the window stays, and something else can be chosen in it."""
    from PyQt5.QtCore import QTimer

    from live_stf.ui.live_window import LiveWindow

    told = sys.stderr if options.events == STDOUT else sys.stdout
    window = LiveWindow(session.start(), preferences, options.output)
    if options.mirror:
        window.set_mirrored(True)
    # By a timer, because an exit before the event loop runs would be forgotten when it begins.
    signal.signal(signal.SIGINT, lambda *_: QTimer.singleShot(0, lambda: app.exit(INTERRUPTED)))
    announcer = Announcer(session, events)
    said = counting = False

    def look() -> None:
        nonlocal said, counting
        if options.seconds is not None and not counting and (session.about is not None or session.failure is not None):
            counting = True  # what is opened takes as long as it takes
            QTimer.singleShot(round(1000 * options.seconds), window.close)
        if not said and session.about is not None:
            said = True
            about = session.about
            print(f"{about.source}: {about.running}; press Q in the window to quit", file=told, flush=True)
        if announcer.problem is not None or (has_to_open and session.failure is not None):
            window.close()

    timer = QTimer(window)
    timer.timeout.connect(look)
    timer.start(round(1000 * LOOK))
    window.show()
    with announcer:
        status = app.exec_()
    timer.stop()
    if options.screenshot is not None and session.failure is None:
        window.save_picture(options.screenshot)
    if said:
        summarise(window.rates, told)
    window.close()
    if announcer.problem is not None:
        raise announcer.problem
    if session.error is not None:
        raise LiveStfError(session.snapshot().message)
    return status


class Announcer:
    """Writes events in a thread of its own, so that a reader who is slow does not hold up the window."""

    def __init__(self, session: Session, events: EventWriter | None) -> None:
        self.problem: LiveStfError | None = None
        self._session, self._events = session, events
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def _run(self) -> None:
        try:
            while not self._stop.wait(LOOK):
                self._events.take(self._session.snapshot())
        except LiveStfError as problem:
            self.problem = problem

    def __enter__(self) -> Announcer:
        if self._events is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=1.0)
