"""Live recognition in a window, from a camera, a video file, recorded joints or a network stream.

With --headless it runs without a window, and needs neither Qt nor a display.
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
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

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

POLL = 0.05  # seconds between two checks for new events
PICTURES = (".png", ".jpg", ".jpeg")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    options = parse(arguments)
    if options.list_cameras:
        list_cameras()
        return 0
    return run_command(run, options)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line; invalid arguments end the program with status 2."""
    parser = argparse.ArgumentParser(prog="live-stf webcam", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--source", help="a camera's number or name, a video file, recorded joints or a stream's URL (default: 0)"
    )
    parser.add_argument("--list-cameras", action="store_true", help="list the connected cameras and exit")
    parser.add_argument("--size", type=_size, metavar="WxH", help="frame size to request from the camera, e.g. 640x480")
    parser.add_argument("--rate", type=float, metavar="FPS", help="frames per second to request from the camera")
    parser.add_argument("--mirror", action="store_true", help="exchange left and right, as in a mirror")
    parser.add_argument("--fast", action="store_true", help="process every frame of a file, as fast as possible")
    parser.add_argument("--model", help="name in models/, or a model's folder (default: everyday)")
    parser.add_argument("--engine", choices=("auto", *ENGINES), help="engine that runs the network (default: auto)")
    parser.add_argument("--pose", type=estimators.pose_argument, metavar="NAME", help=estimators.POSE_HELP)
    parser.add_argument("--people", type=int, help="largest number of people to find (default: 2)")
    parser.add_argument(
        "--threshold", type=float, metavar="P", help="probability at which a label begins (default: the model's own)"
    )
    parser.add_argument(
        "--listen", type=_labels, metavar="LABEL[,LABEL...]", help="report these labels only (default: all)"
    )
    parser.add_argument("--seconds", type=float, help="exit after this time (default: never)")
    parser.add_argument("--theme", choices=("dark", "light", "system"), help="theme of the window (default: dark)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder for pictures and recordings (default: .)")
    parser.add_argument("--reset", action="store_true", help="forget the choices made in the window in earlier runs")
    parser.add_argument("--screenshot", type=Path, help="save a picture of the window when it closes (png or jpg)")
    parser.add_argument(
        "--events",
        metavar="FILE",
        help="write a line of JSON whenever the state or label of a person changes; - for the standard output",
    )
    parser.add_argument("--headless", action="store_true", help="run without a window, by default with --events -")
    options = parser.parse_args(arguments)
    try:
        Settings(**given_settings(options))
    except LiveStfError as problem:
        parser.error(f"--{problem}")
    if options.output is not None and not options.output.is_dir():
        parser.error(f"--output is {options.output}, but there is no such folder")
    if options.seconds is not None and not 0 < options.seconds < math.inf:
        parser.error(f"--seconds is {options.seconds:g}; it must be above 0")
    if options.headless and options.screenshot is not None:
        parser.error("--screenshot needs a window; leave out --headless")
    if options.screenshot is not None and options.screenshot.suffix.lower() not in PICTURES:
        parser.error(f"--screenshot is {options.screenshot}, its name must end in {', '.join(PICTURES)}")
    if options.screenshot is not None and not options.screenshot.absolute().parent.is_dir():
        parser.error(f"--screenshot is {options.screenshot}, but there is no folder {options.screenshot.parent}")
    return options


def _size(text: str) -> tuple[int, int]:
    width, x, height = text.lower().partition("x")
    if not (x and width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; give one like 640x480")
    return int(width), int(height)


def _labels(text: str) -> frozenset[str]:
    labels = frozenset(filter(None, (label.strip() for label in text.split(","))))
    if not labels:
        raise argparse.ArgumentTypeError("no label is given")
    return labels


def list_cameras() -> None:
    """Print one line for each camera, or a line that says that there is none."""
    found = cameras()
    for camera in found:
        print(f"{camera.number}: {camera.name}")
    if not found:
        print("no camera was found; if the system does not list cameras, try --source 0, --source 1, ...")


def print_notice(line: str) -> None:
    """Print a line for the user on stderr."""
    print(line, file=sys.stderr)


# The fields of Settings that are options of the command line.
SETTINGS = ("source", "size", "rate", "model", "engine", "pose", "people", "threshold", "listen")


def given_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that the command line gives, by name."""
    given = {name: value for name in SETTINGS if (value := getattr(options, name)) is not None}
    return {**given, "fast": True} if options.fast else given


def run(options: argparse.Namespace) -> int:
    """Run with or without a window; returns the exit status. Raises LiveStfError if Qt is missing."""
    given = given_settings(options)
    if options.headless:
        return run_headless(options, Settings(**given, mirrored=options.mirror))
    try:
        from live_stf.ui import theme
        from live_stf.ui.preferences import Preferences
        from live_stf.ui.qt import application
    except ImportError as problem:
        raise LiveStfError(
            f"the window needs Qt ({problem}): pip install 'live-stf[window]', or run without a window by --headless"
        ) from problem

    app = application()
    preferences = Preferences()
    if options.reset:
        preferences.forget()
    theme.apply(app, options.theme or preferences.theme)
    with ExitStack() as opened:
        events = None if options.events is None else opened.enter_context(EventWriter(options.events))
        session = Session(preferences.settings(given), print_notice, low_priority=True)
        try:
            status = show(app, session, options, events, preferences, has_to_open=bool(given))
        finally:
            # Opening cannot be interrupted, and the interpreter may crash if it ends meanwhile.
            all_ended = session.close()
    if not all_ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


def run_headless(options: argparse.Namespace, settings: Settings) -> int:
    """Run without a window until the source ends, --seconds have passed or Ctrl-C is pressed."""
    target = options.events or STDOUT
    console = sys.stderr if target == STDOUT else sys.stdout  # the output with the events must have nothing else
    until = math.inf if options.seconds is None else time.monotonic() + options.seconds
    with EventWriter(target) as events, Session(settings, print_notice) as session:
        about = session.wait()
        print(f"{about.source}: {about.running}; press Ctrl-C to quit", file=console, flush=True)
        status, notices = 0, Notices(print_notice)
        try:
            while True:
                snapshot = session.snapshot()
                events.take(snapshot)
                notices.take(snapshot)
                if snapshot.finished or time.monotonic() >= until:
                    break
                time.sleep(POLL)
        except KeyboardInterrupt:
            status = INTERRUPTED
        message = snapshot.message if session.error is not None else ""
        print_rates(snapshot.rates, console)
    if message:
        raise LiveStfError(message)
    return status


def print_rates(rates: Rates, file: TextIO) -> None:
    """Print the rates of all stages in one line."""
    print(", ".join(f"{name.lower()} {value}" for name, value, _ in rate_words(rates)), file=file)


def show(
    app: QApplication,
    session: Session,
    options: argparse.Namespace,
    events: EventWriter | None,
    preferences: Preferences,
    has_to_open: bool,
) -> int:
    """Run with a window until it is closed or --seconds have passed.

    has_to_open: exit if the source cannot be opened; otherwise the window stays open for another choice.
    """
    from PyQt5.QtCore import QTimer

    from live_stf.ui.live_window import LiveWindow

    console = sys.stderr if options.events == STDOUT else sys.stdout
    window = LiveWindow(session.start(), preferences, options.output)
    if options.mirror:
        window.set_mirrored(True)
    # By a timer, because exit() has no effect before the event loop runs.
    signal.signal(signal.SIGINT, lambda *_: QTimer.singleShot(0, partial(app.exit, INTERRUPTED)))
    announcer = Announcer(session, events)
    printed = counting = False

    def close() -> None:
        window.close()

    def poll() -> None:
        nonlocal printed, counting
        if options.seconds is not None and not counting and (session.about is not None or session.failure is not None):
            counting = True  # the time for opening does not count
            QTimer.singleShot(round(1000 * options.seconds), close)
        if not printed and (about := session.about) is not None:
            printed = True
            print(f"{about.source}: {about.running}; press Q in the window to quit", file=console, flush=True)
        if announcer.problem is not None or (has_to_open and session.failure is not None):
            window.close()

    timer = QTimer(window)
    timer.timeout.connect(poll)
    timer.start(round(1000 * POLL))
    window.show()
    with announcer:
        status = app.exec_()
    timer.stop()
    if options.screenshot is not None and session.failure is None:
        window.save_picture(options.screenshot)
    if printed:
        print_rates(window.rates, console)
    window.close()
    if announcer.problem is not None:
        raise announcer.problem
    if session.error is not None:
        raise LiveStfError(session.snapshot().message)
    return status


class Announcer:
    """Writes events in a thread of its own, so that a slow reader does not hold up the window."""

    def __init__(self, session: Session, events: EventWriter | None) -> None:
        self.problem: LiveStfError | None = None
        self._session = session
        self._stop = threading.Event()
        self._thread = None
        if events is not None:
            self._thread = threading.Thread(target=self._run, args=(events,), name="events", daemon=True)

    def _run(self, events: EventWriter) -> None:
        try:
            while not self._stop.wait(POLL):
                events.take(self._session.snapshot())
        except LiveStfError as problem:
            self.problem = problem

    def __enter__(self) -> Announcer:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=1.0)
