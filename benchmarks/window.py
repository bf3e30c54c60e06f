"""Measures how long the interface thread is busy at a time, in the real window with a real clip.

Two quantities are measured. Busy times: the time from one wait for events to the next. Response times: another thread
sends the interface thread a request every few milliseconds and waits for the answer; this also includes the times in
which the interface thread cannot run.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from PyQt5.QtCore import QEvent, QObject, QTimer, pyqtSignal
from PyQt5.QtWidgets import QApplication
from rich.console import Console
from rich.table import Table

from benchmarks import FROM_ROOT
from live_stf.assets import sample_clip
from live_stf.cli.program import run_command
from live_stf.cli.recognition_options import add_pose_option
from live_stf.clips.video_writer import VideoWriter
from live_stf.live.session import Session, Settings
from live_stf.runtime.machine import describe_machine
from live_stf.sources.video_file import VideoFile
from live_stf.types import Rates
from live_stf.ui import theme
from live_stf.ui.attention_panel import BODY
from live_stf.ui.live_window import LiveWindow
from live_stf.ui.preferences import Preferences
from live_stf.ui.qt import application

ASK_EVERY = 0.007  # seconds between two requests
WARM_UP = 3.0  # seconds after the first frame that are not measured
GOAL = 0.016  # seconds, about one frame of a screen at 60 Hz
_SAME_STRETCH = 0.0002  # seconds; there was no wait between events that are closer together


class TimedApplication(QApplication):
    """Records when it handles events while `recording` is on. `stretches` are [begin, end] in seconds."""

    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self.stretches: list[list[float]] = []
        self.recording = False
        self._depth = 0

    def notify(self, receiver: QObject | None, event: QEvent | None) -> bool:
        if not self.recording or self._depth or threading.current_thread() is not threading.main_thread():
            return super().notify(receiver, event)
        self._depth += 1
        began = time.perf_counter()
        try:
            return super().notify(receiver, event)
        finally:
            self._depth -= 1
            end = time.perf_counter()
            if self.stretches and began - self.stretches[-1][1] < _SAME_STRETCH:
                self.stretches[-1][1] = end
            elif self.recording:  # it is off at the end of the measurement, when the window closes
                self.stretches.append([began, end])


class Question(QObject):
    """Sends requests to the interface thread from a thread of its own. `answers`: response times in seconds."""

    asked = pyqtSignal(float)

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[float] = []
        self._stop = threading.Event()
        self._answered = threading.Event()
        self.asked.connect(self._answer)  # queued, since the signal comes from another thread
        self._thread = threading.Thread(target=self._ask, name="question", daemon=True)

    def start(self) -> None:
        """Start to send requests."""
        self._thread.start()

    def stop(self) -> None:
        """Stop to send requests."""
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
    """Repeat the clip, scaled to `width` pixels and at `fps` frames per second, until it lasts `seconds`."""
    with VideoFile(clip) as source:
        size = width, round(source.size[1] * width / source.size[0])
    index = 0
    with VideoWriter(target, size, fps) as video:
        while index / fps < seconds:
            with VideoFile(clip) as source:
                while (frame := source.read()) is not None and index / fps < seconds:
                    image = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
                    video.write(replace(frame, image=image, time=index / fps))
                    index += 1


@dataclass
class Measurement:
    """stretches, answers: busy times and response times in seconds. window, view, running: descriptions of the run."""

    stretches: np.ndarray
    answers: np.ndarray
    window: str
    view: str
    running: str
    rates: Rates


def measure(app: TimedApplication, clip: Path, options: argparse.Namespace, folder: Path) -> Measurement:
    """Run the window for the given time."""
    settings = Settings(source=str(clip), model=options.model, pose=options.pose, people=options.people)
    with Session(settings, low_priority=True) as session:
        window = open_window(session, options, folder)
        question = Question()

        def begin() -> None:
            if options.matrix and (attention := window.view.side.attention) is not None:
                attention.choose(1)
            if options.record:
                window.toggle_recording()
            app.recording = True
            question.start()
            QTimer.singleShot(round(1000 * options.seconds), end)

        def end() -> None:
            app.recording = False
            question.stop()
            window.close()

        def look() -> None:
            if session.failure is not None:
                timer.stop()
                window.close()
            elif session.snapshot().frame is not None:
                timer.stop()
                QTimer.singleShot(round(1000 * options.warm_up), begin)

        timer = QTimer(window)
        timer.timeout.connect(look)
        timer.start(50)
        window.show()
        app.exec_()
        about = session.wait()
        attention = window.view.side.attention
        return Measurement(
            stretches=np.array([end - begin for begin, end in app.stretches]),
            answers=np.array(question.answers),
            window=f"{window.width()}x{window.height()}" + (" in full screen" if window.isFullScreen() else ""),
            view="matrix" if attention is not None and attention.view != BODY else "figure",
            running=about.running,
            rates=window.rates,
        )


def open_window(session: Session, options: argparse.Namespace, folder: Path) -> LiveWindow:
    """The window at the requested size."""
    window = LiveWindow(session, Preferences(folder / "preferences.ini"), folder)
    screen = window.screen()
    if options.full_screen and screen is not None:
        window.resize(screen.size())  # without a window manager, nothing else resizes it
        window.toggle_full_screen()
    else:
        window.resize(*options.size)
    return window


def report(measured: Measurement, seconds: float, size: str, console: Console) -> None:
    """Print the distributions."""
    stretches, answers, rates = measured.stretches, measured.answers, measured.rates
    print(f"{measured.running}; {describe_machine()}")
    print(
        f"window {measured.window}, {measured.view}, frames of {size}, {rates.pose:.1f} pose results and "
        f"{rates.label:.1f} labels per second, results under {1000 * rates.frame_age_95:.0f} ms old for 95 % of the "
        f"time; {seconds:g} s, busy for {100 * stretches.sum() / seconds:.0f} % of it"
    )
    table = Table()
    table.add_column("interface thread")
    headings = ("median ms", "95 % ms", "99 % ms", "longest ms", f"over {1000 * GOAL:.0f} ms", "count")
    for heading in headings:
        table.add_column(heading, justify="right")
    # Polls that find nothing new are short; without them, the shares of the rest can be read.
    for name, values in (
        ("busy time", stretches),
        ("busy time, above 1 ms", stretches[stretches > 0.001]),
        ("response time", answers),
    ):
        if not len(values):
            continue
        shares = (f"{1000 * np.percentile(values, share):.2f}" for share in (50, 95, 99))
        over = f"{100 * (values > GOAL).mean():.2f} %"
        table.add_row(name, *shares, f"{1000 * values.max():.2f}", over, str(len(values)))
    console.print(table)


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.window", description=__doc__, epilog=FROM_ROOT)
    parser.add_argument("clip", nargs="?", type=Path, help="a video file (default: the sample clip)")
    parser.add_argument(
        "--size", type=_size, default=(1600, 900), metavar="WxH", help="size of the window (default: 1600x900)"
    )
    parser.add_argument("--full-screen", action="store_true", help="fill the screen")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long to measure (default: 30)")
    parser.add_argument(
        "--warm-up", type=float, default=WARM_UP, help=f"seconds before the measurement (default: {WARM_UP:g})"
    )
    parser.add_argument("--width", type=int, default=640, help="width of the frames in pixels (default: 640)")
    parser.add_argument("--fps", type=float, default=30.0, help="frames per second (default: 30)")
    parser.add_argument("--people", type=int, default=1, help="number of people at most (default: 1)")
    parser.add_argument("--model", default="everyday", help="name in models/, or folder of a model (default: everyday)")
    add_pose_option(parser)
    parser.add_argument("--matrix", action="store_true", help="show the attention as a matrix")
    parser.add_argument("--record", action="store_true", help="record during the measurement")
    options = parser.parse_args(arguments)
    if not 1 <= options.seconds <= 600 or not 0 <= options.warm_up <= 600:
        parser.error("--seconds must be 1 to 600, --warm-up 0 to 600")
    if options.width < 32 or not 0 < options.fps <= 120 or options.people < 1:
        parser.error("--width must be 32 or more, --fps above 0 and at most 120, --people 1 or more")
    return run_command(run, options)


def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        clip = folder / "clip.mp4"
        seconds = options.seconds + options.warm_up + 5
        long_clip(options.clip or sample_clip(), clip, options.width, seconds, options.fps)
        app = application(TimedApplication)
        if not isinstance(app, TimedApplication):
            raise TypeError("the QApplication was created before this program")
        theme.apply(app)
        measured = measure(app, clip, options, folder)
        with VideoFile(clip) as source:
            size = f"{source.size[0]}x{source.size[1]}"
        report(measured, options.seconds, size, Console(width=120))


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) >= 720 and int(height) >= 460):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size of at least 720x460, such as 1600x900")
    return int(width), int(height)


if __name__ == "__main__":
    sys.exit(main())
