"""How long the interface's thread is busy at a time, in the real window with a real clip.

Two things are measured while the window runs. Busy stretches: from one wait for events to the next, everything that the
thread does in between, as one stretch. Answers: a thread asks the interface every few milliseconds for a sign of life,
and takes the time until it comes; so what keeps the interface from running at all counts, too.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from PyQt5.QtCore import QEvent, QObject, Qt, QTimer, pyqtSignal
from PyQt5.QtWidgets import QApplication
from rich.console import Console
from rich.table import Table

from live_stf.assets import sample_clip
from live_stf.cli.program import run_command
from live_stf.clips.video_writer import VideoWriter
from live_stf.live.session import Session, Settings
from live_stf.pose import estimators
from live_stf.runtime.machine import describe_machine
from live_stf.sources.video_file import VideoFile
from live_stf.ui import theme
from live_stf.ui.attention_panel import BODY
from live_stf.ui.live_window import LiveWindow
from live_stf.ui.preferences import Preferences
from live_stf.ui.qt import application

ASK_EVERY = 0.007  # seconds between two questions
WARM_UP = 3.0  # seconds after the first picture that do not count
GOAL = 0.016  # seconds
_SAME_STRETCH = 0.0002  # seconds; events closer together than this came without a wait


class TimedApplication(QApplication):
    """Notes when it is busy with events, from begin to end. `stretches` are (begin, end) in seconds."""

    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self.stretches: list[list[float]] = []
        self.noting = False
        self._depth = 0

    def notify(self, receiver: QObject, event: QEvent) -> bool:
        if not self.noting or self._depth or threading.current_thread() is not threading.main_thread():
            return super().notify(receiver, event)
        self._depth += 1
        began = time.perf_counter()
        try:
            return super().notify(receiver, event)
        finally:
            self._depth -= 1
            ended = time.perf_counter()
            if self.stretches and began - self.stretches[-1][1] < _SAME_STRETCH:
                self.stretches[-1][1] = ended
            elif self.noting:  # not so at the end of the measurement, which closes the window
                self.stretches.append([began, ended])


class Question(QObject):
    """Asks the interface's thread for a sign of life, from a thread of its own. `answers` are seconds."""

    asked = pyqtSignal(float)

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[float] = []
        self._stop = threading.Event()
        self._answered = threading.Event()
        self.asked.connect(self._answer, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._ask, name="question", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._answered.set()
        self._thread.join(1.0)

    def _ask(self) -> None:
        while not self._stop.wait(ASK_EVERY):
            self._answered.clear()
            self.asked.emit(time.perf_counter())
            self._answered.wait()

    def _answer(self, asked: float) -> None:
        self.answers.append(time.perf_counter() - asked)
        self._answered.set()


def long_clip(clip: Path, target: Path, width: int, seconds: float, fps: float) -> None:
    """Write the clip again and again, `width` pixels wide, `fps` pictures a second, until it lasts `seconds`."""
    video, index = None, 0
    while index / fps < seconds:
        with VideoFile(clip) as source:
            size = width, round(source.size[1] * width / source.size[0])
            video = video or VideoWriter(target, size, fps)
            while (frame := source.read()) is not None and index / fps < seconds:
                image = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
                video.write(replace(frame, image=image, time=index / fps))
                index += 1
    video.close()


def measure(app: TimedApplication, clip: Path, options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Run the window for the time asked for; returns stretches and answers in seconds, and what it was doing."""
    settings = Settings(source=str(clip), model=options.model, pose=options.pose, people=options.people)
    with Session(settings, low_priority=True) as session:
        window = LiveWindow(session, Preferences(folder / "preferences.ini"), folder)
        if options.full_screen:
            window.resize(window.screen().size())  # where there is no window manager, nobody else does it
            window.toggle_full_screen()
        else:
            window.resize(*options.size)
        question = Question()

        def begin() -> None:
            if options.matrix:
                window.view.side.attention.choose(1)
            if options.record:
                window.toggle_recording()
            app.noting = True
            question.start()
            QTimer.singleShot(round(1000 * options.seconds), end)

        def end() -> None:
            app.noting = False
            question.stop()
            window.close()

        def look() -> None:
            if session.failure is not None:
                timer.stop()
                window.close()
            elif session.snapshot().frame is not None:
                timer.stop()
                QTimer.singleShot(round(1000 * WARM_UP), begin)

        timer = QTimer(window)
        timer.timeout.connect(look)
        timer.start(50)
        window.show()
        app.exec_()
        about = session.wait()
        return {
            "stretches": np.array([ended - began for began, ended in app.stretches]),
            "answers": np.array(question.answers),
            "window": f"{window.width()}x{window.height()}" + (" in full screen" if window.isFullScreen() else ""),
            "view": "figure" if window.view.side.attention.view == BODY else "matrix",
            "running": about.running,
            "rates": window.rates,
        }


def report(measured: dict[str, object], seconds: float, size: str, console: Console) -> None:
    """Print the distributions."""
    stretches, answers = measured["stretches"], measured["answers"]
    rates = measured["rates"]
    print(f"{measured['running']}; {describe_machine()}")
    print(
        f"window {measured['window']}, {measured['view']}, pictures of {size}, {rates.pose:.1f} pose results and "
        f"{rates.label:.1f} labels a second, 95 % of the time a result under {1000 * rates.frame_age_95:.0f} ms old; "
        f"{seconds:g} s, busy for {100 * stretches.sum() / seconds:.0f} % of it"
    )
    table = Table()
    table.add_column("interface thread")
    headings = ("median ms", "95 % ms", "99 % ms", "longest ms", f"over {1000 * GOAL:.0f} ms", "count")
    for heading in headings:
        table.add_column(heading, justify="right")
    # Looks that find nothing new are short, and would make any share of the rest look small.
    for name, values in (
        ("busy at a time", stretches),
        ("busy, above 1 ms", stretches[stretches > 0.001]),
        ("until it answers", answers),
    ):
        if not len(values):
            continue
        shares = (f"{1000 * np.percentile(values, share):.2f}" for share in (50, 95, 99))
        over = f"{100 * (values > GOAL).mean():.2f} %"
        table.add_row(name, *shares, f"{1000 * values.max():.2f}", over, str(len(values)))
    console.print(table)


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.window", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clip", nargs="?", type=Path, help="a video file (default: the sample clip)")
    parser.add_argument(
        "--size", type=_size, default=(1600, 900), metavar="WxH", help="of the window (default: 1600x900)"
    )
    parser.add_argument("--full-screen", action="store_true", help="fill the screen")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long to measure (default: 30)")
    parser.add_argument("--width", type=int, default=640, help="of the pictures in pixels (default: 640)")
    parser.add_argument("--fps", type=float, default=30.0, help="pictures a second (default: 30)")
    parser.add_argument("--people", type=int, default=1, help="how many people at once (default: 1)")
    parser.add_argument("--model", default="everyday", help="name in models/, or a model's folder")
    parser.add_argument(
        "--pose",
        type=estimators.pose_argument,
        default=estimators.DEFAULT_POSE,
        metavar="NAME",
        help=estimators.POSE_HELP,
    )
    parser.add_argument("--matrix", action="store_true", help="show the attention as a matrix")
    parser.add_argument("--record", action="store_true", help="record meanwhile")
    options = parser.parse_args(arguments)
    if not 1 <= options.seconds <= 600:
        parser.error(f"--seconds is {options.seconds:g}, it has to be 1 to 600")
    if options.width < 32 or not 0 < options.fps <= 120 or options.people < 1:
        parser.error("--width has to be 32 or more, --fps above 0 and 120 at most, --people 1 or more")
    return run_command(run, options)


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        clip = folder / "clip.mp4"
        long_clip(options.clip or sample_clip(), clip, options.width, options.seconds + WARM_UP + 5, options.fps)
        app = application(TimedApplication)
        theme.apply(app)
        measured = measure(app, clip, options, folder)
        with VideoFile(clip) as source:
            size = f"{source.size[0]}x{source.size[1]}"
        report(measured, options.seconds, size, Console(width=120))


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) >= 720 and int(height) >= 460):
        raise argparse.ArgumentTypeError(f"{text!r} is no size from 720x460 on, as in 1600x900")
    return int(width), int(height)


if __name__ == "__main__":
    sys.exit(main())
