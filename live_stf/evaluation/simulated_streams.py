"""Accuracy of a model in simulated live streams: the delay of right labels, and false labels while nothing happens.

Streams are simulated (live_stf.data.windows.draw_stream) from clips that were never trained on: somebody stands, acts,
stands again. They pass through the window buffer and the state machine of the live program. The network runs once; its
scores serve all settings of the state machine, which takes hardly any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from rich.console import Console
from rich.progress import track
from scipy.special import softmax

from live_stf.data.windows import Stream, draw_stream
from live_stf.decision import Decision, DecisionSettings
from live_stf.engine import Engine
from live_stf.preparation import Preparation
from live_stf.preparation.window_buffer import WindowBuffer
from live_stf.training.samples import HeldOutWindows
from live_stf.types import State

BEFORE = 8.0  # seconds of standing before the action
AFTER = 2.0  # seconds of standing after it
LONGEST = 10.0  # seconds of an action
PATIENCE = 1.5  # seconds after the action's end in which its label still counts as right
_BATCH = 16


@dataclass(frozen=True, eq=False)
class Answers:
    """Scores of a network over one stream.

    times: (n,) seconds of the answers. logits: (n, classes). seen: (n,) seconds of the person in the window. target:
    the action's class number. group: of its subject, see `simulate`.
    """

    times: np.ndarray
    logits: np.ndarray
    seen: np.ndarray
    target: int
    onset: float
    end: float
    group: int

    @property
    def acting(self) -> float:
        """Seconds from the onset during which the action's label counts as right."""
        return self.end - self.onset + PATIENCE


@dataclass(frozen=True)
class Live:
    """Figures of the labels that a state machine derives from the scores.

    onset: seconds from an action's beginning to its right label, median over the streams that get it, and 90th
    percentile. found: share of the streams of known actions that get their label before PATIENCE is over.
    false_per_minute: labels that begin while somebody stands before the action. false_of_others: share of the streams
    of none of the classes in which a label begins. changes_per_minute: of the label, over everything.
    """

    streams: int
    onset: float | None
    onset_90: float | None
    found: float
    false_per_minute: float
    false_of_others: float
    changes_per_minute: float


def simulate(windows: HeldOutWindows, engine: Engine, streams: int, rate: float = 5.0, seed: int = 0) -> list[Answers]:
    """Answers to `streams` streams, `rate` a second; the classes take turns.

    group: the subjects of every source, sorted, are 0, 1, 0, 1, ...: settings that are chosen on one half can be
    measured on the other.
    """
    by_class: dict[int, list] = {}
    for one in windows.clips:
        by_class.setdefault(one.target, []).append(one)
    groups = subject_groups(windows)
    classes = sorted(by_class)
    found = []
    for number in track(range(streams), description="live streams", console=Console(stderr=True)):
        rng = np.random.default_rng((seed, number, 2))
        of_class = by_class[classes[number % len(classes)]]
        one = of_class[rng.integers(len(of_class))]
        stream = draw_stream(rng, windows.store[one.index], windows.settings, BEFORE, AFTER, LONGEST)
        found.append(_answers(stream, engine, windows.preparation, rate, one.target, groups[one.index]))
    return found


def subject_groups(windows: HeldOutWindows) -> dict[int, int]:
    """0 or 1 for every held-out clip (by its index in the store), the same for all clips of a subject."""
    store = windows.store
    by_source: dict[str, set[str]] = {}
    for one in windows.clips:
        by_source.setdefault(one.source, set()).add(str(store.subjects[one.index]))
    numbers = {
        (source, subject): number % 2
        for source, subjects in by_source.items()
        for number, subject in enumerate(sorted(subjects))
    }
    return {one.index: numbers[one.source, str(store.subjects[one.index])] for one in windows.clips}


def _answers(stream: Stream, engine: Engine, preparation: Preparation, rate: float, target: int, group: int) -> Answers:
    buffer = WindowBuffer(1, stream.size, preparation.span, preparation.frames)
    times, inputs, seen = [], [], []
    due = stream.times[0]
    for time, joints in zip(stream.times, stream.joints, strict=True):
        buffer.add(float(time), joints)
        if time >= due and len(buffer) > 1:
            window = buffer.window()
            times.append(float(time))
            inputs.append(preparation(window.joints, window.size))
            seen.append(buffer.seen)
            due += (np.floor((time - due) * rate) + 1) / rate
    parts = [np.stack(inputs[first : first + _BATCH]) for first in range(0, len(inputs), _BATCH)]
    logits = np.concatenate([engine.run(part)[0] for part in parts])
    return Answers(np.array(times), logits, np.array(seen), target, stream.onset, stream.end, group)


def judge(
    answers: Sequence[Answers], labels: Sequence[str], settings: DecisionSettings, temperature: float = 1.0
) -> Live:
    """Figures of the labels that the state machine derives from the answers, at least one, with these settings."""
    none = labels.index(settings.none_label) if settings.none_label in labels else None
    onsets, known, others, false_of_others, false, changes, idle, total = [], 0, 0, 0, 0, 0, 0.0, 0.0
    for one in answers:
        series = list(_labels(one, labels, settings, temperature))
        changed = label_changes(series)
        entered = [time for time, label in changed if label is not None]
        changes += len(changed)
        false += sum(time < one.onset for time in entered)
        idle += one.onset - settings.minimum_seen
        total += one.times[-1] - one.times[0]
        if one.target == none:
            others += 1
            false_of_others += any(time >= one.onset for time in entered)
            continue
        known += 1
        right = first_right(series, labels[one.target], one.onset, one.onset + one.acting)
        onsets += [right - one.onset] if right is not None else []
    return Live(
        streams=len(answers),
        onset=float(np.median(onsets)) if onsets else None,
        onset_90=float(np.percentile(onsets, 90)) if onsets else None,
        found=len(onsets) / max(known, 1),
        false_per_minute=60 * false / idle,
        false_of_others=false_of_others / max(others, 1),
        changes_per_minute=60 * changes / total,
    )


def label_changes(series: Iterable[tuple[float, str | None]]) -> list[tuple[float, str | None]]:
    """The entries of a series of (seconds, label or None) whose label differs from the one before, at first None."""
    return [(time, label) for (_, before), (time, label) in pairwise([(0.0, None), *series]) if label != before]


def first_right(series: Iterable[tuple[float, str | None]], label: str, start: float, end: float) -> float | None:
    """The first time from start to end at which a series of (seconds, label) has `label`; None if it never has."""
    return next((time for time, shown in series if shown == label and start <= time <= end), None)


def _labels(
    answers: Answers, labels: Sequence[str], settings: DecisionSettings, temperature: float
) -> Iterable[tuple[float, str | None]]:
    """The label, or None, at every answer."""
    decision = Decision(1, labels, settings)
    probabilities = softmax(answers.logits / temperature, axis=1)
    for time, probability, seen in zip(answers.times, probabilities, answers.seen, strict=True):
        if seen < settings.minimum_seen:
            continue
        event = decision.update(float(time), probability)
        yield float(time), event.label if event.state is State.LABEL else None
