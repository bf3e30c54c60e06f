"""What runs now, and how something else takes its place while it goes on: another source, model or engine.

Whatever takes long is done in a thread of its own; who asks for a change is never held up.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from live_stf.decision import DecisionSettings
from live_stf.engine import Classifier, open_classifier
from live_stf.errors import LiveStfError, ModelError, one_line
from live_stf.live.label_filter import filter_labels
from live_stf.live.loop import STOP_TIMEOUT, LiveLoop
from live_stf.live.shared_source import SharedSource
from live_stf.model import Model, load_model
from live_stf.pose import estimators
from live_stf.pose.estimator import PoseEstimator
from live_stf.runtime.scheduling import give_way
from live_stf.skeleton import Skeleton
from live_stf.sources.mirror import MirroredSource
from live_stf.sources.reconnect import open_reconnecting
from live_stf.sources.recording import RecordedPose, RecordedSource, is_recording
from live_stf.sources.source import CameraSettings, Source
from live_stf.types import Snapshot

log = logging.getLogger(__name__)

T = TypeVar("T")
_LONGEST = 200  # characters of an error that was not meant for people
_ENGINE = "engine: "  # how the choice of an engine begins to say what it did, and why


@dataclass(frozen=True)
class Settings:
    """What a user chooses. source, model, engine, pose, people: as in the programs. size, rate: asked of a camera.

    mirrored: left and right exchanged before anything is found. threshold: smoothed probability at which a class
    becomes a label; None is the model's own. listen: the labels that are said; None is all of them. fast: every picture
    of a file, as fast as they can be looked at.
    """

    source: str = "0"
    size: tuple[int, int] | None = None
    rate: float | None = None
    mirrored: bool = False
    model: str = "everyday"
    engine: str = "auto"
    pose: str = estimators.DEFAULT_POSE
    people: int = 2
    threshold: float | None = None
    listen: frozenset[str] | None = None
    fast: bool = False


@dataclass(frozen=True)
class About:
    """What recognises: needed to read scores and attention, and shown.

    labels: class names in the order of the probabilities. grains: how many the attention has, the joint grain counted.
    frames: length of a full window. none_label: the class that never becomes a label. enter: the model's own threshold.
    """

    labels: tuple[str, ...]
    skeleton: Skeleton
    grains: int
    frames: int
    model: str
    engine: str
    pose: str
    source: str
    none_label: str | None = None
    enter: float = DecisionSettings.enter

    @property
    def running(self) -> str:
        """What is at work, in one line."""
        return f"{self.model} on {self.engine}, pose by {self.pose}"


@dataclass(frozen=True, eq=False)
class _Running:
    """A loop with everything it was made of."""

    about: About
    loop: LiveLoop
    source: SharedSource
    model: Model
    classifier: Classifier


class Session:
    """Runs a live loop by `settings`, and another one by others when `change` asks for it.

    say: called with one line for people, from any thread. beside_interface: whether a window in this process has to
    stay quick; the engines' threads then give way to it, where the system can do that (Linux). `opening` says in words
    what is being opened, and is empty otherwise. `failure` is why nothing runs at all, None while something does.
    """

    def __init__(
        self, settings: Settings, say: Callable[[str], None] = log.info, beside_interface: bool = False
    ) -> None:
        self._say = say
        self._wanted: Settings | None = settings
        self._settings = settings
        self._running: _Running | None = None
        self._beside_interface = beside_interface
        self._closed = False
        self._change = threading.Condition()
        self._opened = threading.Event()  # something runs, or failed to
        self._notices: list[str] = []
        self._engine_words = ""
        self.opening = "Starting"
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="opening", daemon=True)

    def start(self) -> Session:
        """Begin to open what the settings say; returns at once."""
        self._thread.start()
        return self

    def wait(self) -> Session:
        """Until it runs. Raises what kept it from running."""
        self._opened.wait()
        if self._running is None and self.failure is not None:
            raise self.failure
        return self

    @property
    def settings(self) -> Settings:
        """By which it runs now."""
        return self._settings

    @property
    def about(self) -> About | None:
        """What runs now, another object after every change; None before anything does."""
        running = self._running
        return None if running is None else running.about

    @property
    def engine(self) -> str:
        """What runs the network now, and why that."""
        running = self._running
        return "" if running is None else self._engine_words or running.classifier.engine_name

    @property
    def error(self) -> Exception | None:
        """What ended the loop before its time, or kept it from beginning; None while all is well."""
        running = self._running
        return self.failure if running is None else running.loop.error

    def snapshot(self) -> Snapshot:
        """Everything a screen needs now; does not block."""
        running = self._running
        if running is None:
            return Snapshot(message=_words(self.failure) if self.failure is not None else "")
        snapshot = running.loop.snapshot()
        return replace(snapshot, events=filter_labels(snapshot.events, self._settings.listen))

    def notices(self) -> list[str]:
        """What was to be said since the last time this was asked, one line each."""
        with self._change:
            said, self._notices = self._notices, []
        return said

    def change(self, settings: Settings) -> None:
        """Go on by other settings, as soon as everything for them is open; returns at once.

        Where that fails, a notice says why, and what runs goes on. A threshold and the labels that are listened for
        hold at once. The same source goes on where it is, unless it has ended: then it begins anew.
        """
        with self._change:
            if self._wanted is not None or self.opening or not self._decide_by(settings):
                self._wanted = settings
                self._change.notify_all()

    def _decide_by(self, settings: Settings) -> bool:
        """Take settings that need nothing opened; whether they were such."""
        running, before = self._running, self._settings
        if running is None or _unknown(running.model, settings.listen):
            return False
        like_before = replace(settings, threshold=before.threshold, listen=before.listen)
        if running.loop.finished or like_before != before or settings == before:
            return False
        running.loop.decide_by(_decision(running.model, settings))
        self._settings = settings
        return True

    def close(self, timeout: float = STOP_TIMEOUT) -> bool:
        """End everything; whether all of it ended. What hangs, or is still being opened, is left behind."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        running, self._running = self._running, None
        if running is not None:
            running.source.source.cancel()
            running.loop.stop()
            running.source.close()
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
                if self._closed:
                    return
                settings, self._wanted = self._wanted, None
            try:
                self._switch(settings)
            except Exception as problem:  # the thread's edge: told to people, and the next change may be well
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
            self._tell(f"{_words(problem)}; {running.about.source} goes on with {running.about.model}")

    def _tell(self, line: str) -> None:
        with self._change:
            self._notices.append(line)
        self._say(line)

    def _switch(self, settings: Settings) -> None:
        before = self._running
        if self._decide_by(settings):
            return
        with ExitStack() as opened:
            source, is_new = self._source(settings, before)
            if is_new:
                opened.callback(source.close)
            model, classifier, engine_words = self._apart(self._classifier, settings, before)
            if unknown := _unknown(model, settings.listen):
                known = ", ".join(label for label in model.labels if label != model.none_label)
                raise ModelError(f"{model.name} has no label {', '.join(unknown)}; there are {known}")
            pose = self._apart(self._pose, settings, source)
            opened.callback(pose.close)
            decided = replace(model, decision=_decision(model, settings))
            loop = LiveLoop(source.lease(), pose, classifier, decided, every_picture=settings.fast)
            with self._change:
                if self._closed:
                    return
                opened.pop_all()
        # Only now, so that what runs goes on through everything that can fail.
        if before is not None:
            before.loop.stop()
            if is_new:
                before.source.close()
        about = _about(model, classifier, pose, source.source)
        running = _Running(about, loop, source, model, classifier)
        with self._change:
            if self._closed:
                source.close()
                pose.close()
                return
            loop.start()
            self._settings, self._engine_words, self.failure = settings, engine_words, None
            self._running = running

    def _apart(self, work: Callable[..., T], *arguments: object) -> T:
        """Do it; beside an interface, in a thread that gives way, which the threads that an engine begins inherit.

        Not so the loop's own threads: one that holds Python's lock and is not let run would hold up the interface.
        """
        if not self._beside_interface:
            return work(*arguments)
        with ThreadPoolExecutor(1, thread_name_prefix="opening", initializer=give_way) as executor:
            return executor.submit(work, *arguments).result()

    def _source(self, settings: Settings, before: _Running | None) -> tuple[SharedSource, bool]:
        """The source, and whether it was opened just now."""
        if before is not None and not before.loop.finished:
            same = all(
                getattr(settings, name) == getattr(self._settings, name)
                for name in ("source", "size", "rate", "mirrored")
            )
            if same and (settings != self._settings or before.source.source.live):
                return before.source, False
        self.opening = f"Opening {_named(settings.source)}"
        if is_recording(settings.source):
            return SharedSource(RecordedSource(Path(settings.source).expanduser())), True
        source = open_reconnecting(settings.source, CameraSettings(settings.size, settings.rate))
        return SharedSource(MirroredSource(source) if settings.mirrored else source), True

    def _classifier(self, settings: Settings, before: _Running | None) -> tuple[Model, Classifier, str]:
        if before is not None and (self._settings.model, self._settings.engine) == (settings.model, settings.engine):
            return before.model, before.classifier, self._engine_words
        self.opening = f"Loading the model {settings.model}"
        model = load_model(settings.model)
        said: list[str] = []

        def hear(line: str) -> None:
            if self._closed:
                return
            self._say(line)
            if line.startswith(_ENGINE):
                words = line.removeprefix(_ENGINE)
                said.append(words)
                running = self._running
                if running is not None and running.model is model:  # a better engine has taken over meanwhile
                    self._engine_words = words

        return model, open_classifier(model, settings.engine, notify=hear), said[-1] if said else ""

    def _pose(self, settings: Settings, source: SharedSource) -> PoseEstimator:
        if isinstance(source.source, RecordedSource):
            return RecordedPose(source.source)
        self.opening = "Loading the pose estimator"
        return estimators.open_pose(settings.pose, settings.people, notify=self._tell)


def _decision(model: Model, settings: Settings) -> DecisionSettings:
    return model.decision if settings.threshold is None else model.decision.at(settings.threshold)


def _unknown(model: Model, listen: frozenset[str] | None) -> list[str]:
    """Labels to listen for that the model does not give."""
    return sorted((listen or frozenset()) - {label for label in model.labels if label != model.none_label})


def _about(model: Model, classifier: Classifier, pose: PoseEstimator, source: Source) -> About:
    return About(
        labels=model.labels,
        skeleton=model.skeleton,
        grains=len(model.grains),
        frames=model.preparation.frames,
        model=model.name,
        engine=classifier.engine_name,
        pose=pose.name,
        source=source.name,
        none_label=model.none_label,
        enter=model.decision.enter,
    )


def _named(source: str) -> str:
    return f"camera {source}" if source.isdigit() else source


def _words(problem: Exception) -> str:
    if isinstance(problem, LiveStfError):
        return str(problem)
    return f"stopped by an error inside: {type(problem).__name__}: {one_line(problem, _LONGEST)}"
