"""What is running, and how another source, model or engine takes its place without a pause.

Opening takes long and is done in a thread of its own, so whoever asks for a change is never held up.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ParamSpec, TypeVar

from live_stf.engine import Classifier, open_classifier
from live_stf.errors import LiveStfError
from live_stf.live.capture import Capture
from live_stf.live.label_filter import filter_labels
from live_stf.live.loop import STOP_TIMEOUT, LiveLoop, message_of
from live_stf.live.session_settings import Settings
from live_stf.model import Model, load_model
from live_stf.pose import estimators
from live_stf.pose.estimator import PoseEstimator
from live_stf.runtime.scheduling import lower_priority
from live_stf.sources.mirror import MirroredSource
from live_stf.sources.reconnect import open_reconnecting
from live_stf.sources.recording import RecordedPose, RecordedSource, is_recording
from live_stf.sources.source import CameraSettings, Source
from live_stf.types import Snapshot

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class About:
    """What is running: the model, and the names of the engine, the pose estimator and the source."""

    model: Model
    engine: str
    pose: str
    source: str

    @property
    def running(self) -> str:
        """Model, engine and pose estimator in one line."""
        return f"{self.model.name} on {self.engine}, pose by {self.pose}"


@dataclass(frozen=True, eq=False)
class _Running:
    """A loop and its parts."""

    about: About
    loop: LiveLoop
    capture: Capture
    classifier: Classifier

    @property
    def model(self) -> Model:
        return self.about.model


class Session:
    """Runs a live loop by `settings`; `change` replaces it by a loop with other settings.

    notify: called with one line for the user, from any thread. low_priority: run the engines' threads at low priority
    (on Linux), so that a window in this process stays responsive.

    `opening` says what is being opened, and is empty otherwise. `failure` is the error because of which nothing is
    running, None while something is.

    Examples
    --------
    >>> with Session(Settings(source="clip.mp4")) as session:
    ...     print(session.wait().running)
    ...     while not (snapshot := session.snapshot()).finished:
    ...         print(snapshot.events)
    """

    def __init__(
        self, settings: Settings, notify: Callable[[str], None] = log.info, low_priority: bool = False
    ) -> None:
        self._notify = notify
        self._wanted: Settings | None = settings
        self._settings = settings
        self._running: _Running | None = None
        self._low_priority = low_priority
        self._closed = False
        self._change = threading.Condition()
        self._opened = threading.Event()  # something is running, or failed to open
        self._notices: list[str] = []
        self.opening = "Starting"
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="opening", daemon=True)

    def start(self) -> Session:
        """Begin to open what the settings ask for; returns at once."""
        self._thread.start()
        return self

    def wait(self) -> About:
        """Wait until it is running, and return what is running. Raises the error if it cannot be opened."""
        self._opened.wait()
        if self._running is not None:
            return self._running.about
        raise self.failure or LiveStfError("the session was closed before anything was running")

    @property
    def settings(self) -> Settings:
        """The settings of what is running."""
        return self._settings

    @property
    def about(self) -> About | None:
        """What is running, a new object after every change; None before anything is running."""
        running = self._running
        return None if running is None else running.about

    @property
    def engine(self) -> str:
        """The engine that runs the network now, with the reason for it; empty before anything is running."""
        running = self._running
        return "" if running is None else str(running.classifier.engine_status)

    @property
    def error(self) -> Exception | None:
        """The exception that ended the loop or prevented its start; None while all is well."""
        running = self._running
        return self.failure if running is None else running.loop.error

    def snapshot(self) -> Snapshot:
        """Return everything that a screen needs now; does not block."""
        running = self._running
        if running is None:
            return Snapshot(message=message_of(self.failure) if self.failure is not None else "")
        snapshot = running.loop.snapshot()
        return replace(snapshot, events=filter_labels(snapshot.events, self._settings.listen))

    def notices(self) -> list[str]:
        """Return the lines for the user since the last call."""
        with self._change:
            notices, self._notices = self._notices, []
        return notices

    def change(self, settings: Settings) -> None:
        """Continue with other settings once everything for them is open; returns at once.

        If opening fails, a notice says why and nothing changes. A threshold and the labels to report hold at once. The
        same source goes on where it is, unless it has ended: then it starts again.
        """
        with self._change:
            if self._wanted is not None or self.opening or not self._decide_by(settings):
                self._wanted = settings
                self._change.notify_all()

    def _decide_by(self, settings: Settings) -> bool:
        """Apply settings that need nothing to be opened; returns False for all others."""
        running = self._running
        if running is None or running.loop.finished or not settings.differs_in_decision_only(self._settings):
            return False
        try:
            running.loop.decide_by(settings.decision(running.model))
        except LiveStfError:
            return False  # reported when it is opened
        self._settings = settings
        return True

    def close(self, timeout: float = STOP_TIMEOUT) -> bool:
        """End everything. Returns False if something that hangs, or is still being opened, is left behind."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        running, self._running = self._running, None
        if running is not None:
            running.capture.stop()
            running.loop.stop()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def __enter__(self) -> Session:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _work(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._closed or self._wanted is not None)
                settings, self._wanted = self._wanted, None
            if self._closed or settings is None:
                self._opened.set()
                return
            try:
                self._switch(settings)
            except Exception as problem:  # top of the thread: told to the user, and the next change may succeed
                log.debug("opening failed", exc_info=True)
                self._failed(problem)
            finally:
                self.opening = ""
                self._opened.set()

    def _failed(self, problem: Exception) -> None:
        running = self._running
        if running is None:
            self.failure = problem
        else:
            self._tell(f"{message_of(problem)}; {running.about.source} goes on with {running.model.name}")

    def _tell(self, line: str) -> None:
        with self._change:
            self._notices.append(line)
        self._notify(line)

    def _switch(self, settings: Settings) -> None:
        before = self._running
        if self._decide_by(settings):
            return
        with ExitStack() as opened:
            capture = self._capture(settings, before)
            is_new = before is None or capture is not before.capture
            if is_new:
                opened.callback(capture.stop)
            classifier = self._at_priority(self._classifier, settings, before)
            decision = settings.decision(classifier.model)
            pose = self._at_priority(self._pose, settings, capture.source)
            opened.callback(pose.close)
            loop = LiveLoop(capture, pose, classifier, classifier.model, decision=decision)
            opened.pop_all()
        # Only now, so that the loop before goes on while anything can fail.
        if before is not None:
            before.loop.stop()
            if is_new:
                before.capture.stop()
        about = About(classifier.model, classifier.engine_name, pose.name, capture.source.name)
        with self._change:
            if self._closed:
                capture.stop()
                pose.close()
                return
            loop.start()
            self._settings, self.failure = settings, None
            self._running = _Running(about, loop, capture, classifier)

    def _at_priority(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `work`; with low_priority in a thread of low priority, which the threads that an engine starts inherit.

        The loop's own threads keep their priority: one that holds Python's lock and does not run would block a window.
        """
        if not self._low_priority:
            return work(*args, **kwargs)
        with ThreadPoolExecutor(1, thread_name_prefix="opening", initializer=lower_priority) as executor:
            return executor.submit(work, *args, **kwargs).result()

    def _capture(self, settings: Settings, before: _Running | None) -> Capture:
        """The capture of the loop before if it reads the same source, otherwise a new one."""
        if before is not None and not before.capture.ended and settings.same_source(self._settings):
            replay = settings == self._settings and not before.capture.source.live
            if not replay:
                return before.capture
        self.opening = f"Opening {_camera_or_path(settings.source)}"
        return Capture(_open(settings), every=settings.fast)

    def _classifier(self, settings: Settings, before: _Running | None) -> Classifier:
        if before is not None and settings.same_classifier(self._settings):
            return before.classifier
        self.opening = f"Loading the model {settings.model}"
        model = load_model(settings.model)

        def notify(line: str) -> None:  # a better engine may still take over after the session has ended
            if not self._closed:
                self._notify(line)

        return open_classifier(model, settings.engine, notify)

    def _pose(self, settings: Settings, source: Source) -> PoseEstimator:
        if isinstance(source, RecordedSource):
            return RecordedPose(source)
        self.opening = "Loading the pose estimator"
        return estimators.open_pose(settings.pose, settings.people, notify=self._tell)


def _open(settings: Settings) -> Source:
    if is_recording(settings.source):
        return RecordedSource(Path(settings.source).expanduser())
    source = open_reconnecting(settings.source, CameraSettings(settings.size, settings.rate))
    return MirroredSource(source) if settings.mirrored else source


def _camera_or_path(source: str) -> str:
    return f"camera {source}" if source.isdigit() else source
