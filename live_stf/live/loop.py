"""The live loop: capture, pose estimation and classification, each in its own thread and at its own rate.

Nothing queues. Capture keeps the newest frame; pose estimation takes it when it is free; classification takes the
newest motion of every person whenever its turn comes. `snapshot()` has everything that a screen needs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from live_stf.decision import DecisionSettings
from live_stf.engine import Classifier
from live_stf.errors import LiveStfError, one_line
from live_stf.live.capture import Capture, Captured
from live_stf.live.person_states import PersonStates
from live_stf.live.rate import AgeMeter, RateMeter
from live_stf.model import Model
from live_stf.pose.estimator import PoseEstimator
from live_stf.pose.tracking import Tracker
from live_stf.sources.source import Source
from live_stf.types import People, Rates, Scores, Snapshot

_log = logging.getLogger(__name__)

SILENCE = 3.0  # seconds without a frame from a live source after which the user is told
LABELS_PER_SECOND = 10.0  # nobody can read faster
# Share of the time in which the network may run. A slow network drops windows, which leaves the processor to pose
# estimation.
NETWORK_SHARE = 0.5
STOP_TIMEOUT = 1.5  # seconds
_LONGEST = 200  # characters of an unexpected error in a message


class LiveLoop:
    """Runs source -> pose -> tracking -> window -> classifier -> decision until the source ends or `stop()` is called.

    source: a source, which the loop reads from start() on and closes; or a `Capture` that reads one, which stays open
    when the loop ends, so that another loop can go on with it. The loop closes `pose`. decision: used in place of the
    model's own settings. labels_per_second: the highest rate at which the network runs; a slow network runs for
    NETWORK_SHARE of the time. every_frame: estimate the pose in every frame of a file, as fast as possible, instead of
    playing the file at its own pace.

    An exception in a thread ends the loop: `error` has it, and `snapshot().message` says it in one line.
    """

    def __init__(
        self,
        source: Source | Capture,
        pose: PoseEstimator,
        classifier: Classifier,
        model: Model,
        tracker: Tracker | None = None,
        labels_per_second: float = LABELS_PER_SECOND,
        clock: Callable[[], float] = time.monotonic,
        every_frame: bool = False,
        decision: DecisionSettings | None = None,
    ) -> None:
        self._shares_capture = isinstance(source, Capture)
        self._capture = source if isinstance(source, Capture) else Capture(source, clock=clock, every=every_frame)
        self._source = self._capture.source
        self._pose = pose
        self._classifier = classifier
        self._tracker = Tracker() if tracker is None else tracker
        self._clock = clock
        self._period = 1.0 / labels_per_second
        self._states = PersonStates(model, decision, forget=self._tracker.max_age)
        self._pose_rate = RateMeter(clock)
        self._label_rate = RateMeter(clock)
        self._age = AgeMeter(clock)
        self._dropped_before = self._capture.dropped
        self._dropped_windows = 0
        self._lock = threading.Lock()
        self._newest: Captured | None = None  # the newest frame that has a pose result
        self._people: People | None = None
        self._frame_age = 0.0
        self._scores: dict[int, Scores] = {}
        self._error: Exception | None = None
        self._observed = threading.Event()  # there is something new to classify
        self._posed_all = threading.Event()
        self._finished = threading.Event()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._guard, args=(work, stage), name=stage, daemon=True)
            for work, stage in ((self._estimate, "pose"), (self._classify, "classification"))
        ]

    @property
    def error(self) -> Exception | None:
        """The exception that ended the loop; None while all is well."""
        return self._error or self._capture.error

    @property
    def finished(self) -> bool:
        """Whether the source has ended or something failed, so that nothing new will come."""
        return self._finished.is_set()

    def start(self) -> LiveLoop:
        """Start all threads and return at once."""
        self._capture.start()
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """End all threads within STOP_TIMEOUT seconds. A thread that hangs is left behind."""
        self._stop.set()
        self._observed.set()
        deadline = time.monotonic() + STOP_TIMEOUT
        if not self._shares_capture:
            self._capture.stop(STOP_TIMEOUT / 2)
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(deadline - time.monotonic(), 0.0))
        self._finished.set()
        if not self._threads[0].is_alive():
            self._pose.close()

    def __enter__(self) -> LiveLoop:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def decide_by(self, settings: DecisionSettings) -> None:
        """Use these decision settings from now on; the states of all persons are kept."""
        self._states.decide_by(settings)

    def snapshot(self) -> Snapshot:
        """Return everything that a screen needs now. The frame is the one that the newest pose result belongs to."""
        finished = self.finished  # read first, so that the rest is at least as new
        with self._lock:
            newest, people, age, scores = self._newest, self._people, self._frame_age, dict(self._scores)
        events = self._states.events()
        return Snapshot(
            frame=None if newest is None else newest.frame,
            people=people,
            events=events,
            scores={identity: answer for identity, answer in scores.items() if identity in events},
            rates=Rates(
                capture=self._capture.rate,
                pose=self._pose_rate.rate(),
                label=self._label_rate.rate(),
                frame_age=age,
                dropped=self._capture.dropped - self._dropped_before,
                frame_age_95=self._age.percentile(0.95),
                dropped_windows=self._dropped_windows,
            ),
            message=self._message(finished),
            finished=finished,
            captured=0.0 if newest is None else newest.arrived,
        )

    def _message(self, finished: bool) -> str:
        if self.error is not None:
            return message_of(self.error)
        if self._source.fault is not None:
            return self._source.fault
        if self._source.trouble:
            return self._source.trouble
        if finished:
            return f"{self._source.name} has ended"
        if self._capture.silence > SILENCE:
            return f"no frame from {self._source.name} for {self._capture.silence:.0f} s"
        return ""

    def _guard(self, work: Callable[[], None], stage: str) -> None:
        try:
            work()
        except Exception as error:  # top of the thread: handed on by `error` and the snapshot's message
            _log.debug("%s failed", stage, exc_info=True)
            self._error = error
            self._stop.set()
            self._finished.set()
        finally:
            self._posed_all.set()
            self._observed.set()

    def _estimate(self) -> None:
        while not self._stop.is_set():
            captured = self._capture.take(timeout=0.1)
            if captured is None:
                if self._capture.ended:
                    return
                if self._newest is not None and self._source.live:
                    self._states.expire(self._newest.frame.time + self._clock() - self._newest.arrived)
                continue
            if self._stop.is_set():
                self._capture.give_back(captured)
                return
            people = self._tracker.update(self._pose.detect(captured.frame))
            self._states.observe(people)
            with self._lock:
                self._newest, self._people = captured, people
                self._frame_age = self._clock() - captured.arrived
            self._age.result(captured.arrived)
            self._pose_rate.count()
            self._observed.set()

    def _classify(self) -> None:
        while True:
            self._observed.wait()
            self._observed.clear()
            if self._stop.is_set():
                return
            last = self._posed_all.is_set()
            began = self._clock()
            windows = self._states.windows()
            answers = self._classifier.classify(windows) if windows else []
            self._states.decide(answers)
            if answers:
                self._label_rate.count()
            shown = self._states.events()
            with self._lock:
                self._scores.update((answer.identity, answer) for answer in answers)
                self._scores = {identity: answer for identity, answer in self._scores.items() if identity in shown}
            if last:
                self._finished.set()
                return
            took = self._clock() - began
            pause = max(self._period - took, took * (1 / NETWORK_SHARE - 1))
            self._dropped_windows += len(windows) * max(round((took + pause) / self._period) - 1, 0)
            self._stop.wait(pause)


def message_of(error: Exception) -> str:
    """Return one line about an error, for the user."""
    if isinstance(error, LiveStfError):
        return str(error)
    return f"stopped by an internal error: {type(error).__name__}: {one_line(error, _LONGEST)}"
