"""Centred windows, and segments that begin and end when the action does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from live_stf.clips.labeller import Labeller
from live_stf.decision import DecisionSettings
from live_stf.model import Model
from live_stf.preparation import Preparation
from live_stf.types import SCENE, People, Person, State

LABELS = ("walk", "wave", "none")
SETTINGS = DecisionSettings(dwell=0.0, smoothing=0.0, minimum_seen=1.0, none_label="none")


def model_of(span, frames=150, bodies=1):
    preparation = Preparation(span=span, frames=frames, bodies=bodies, coordinates="kinetics")
    return Model(Path("nowhere"), "made", LABELS, {}, preparation, decision=SETTINGS)


def by_majority(window):
    """The class that most of the window shows: x of the joints is the class's index, in tens."""
    there = window.joints[window.joints[:, 0, 2] > 0, 0, 0]
    counts = np.bincount(np.round(there / 10).astype(int) - 1, minlength=3)
    return (counts + 1e-3) / (counts + 1e-3).sum()


def run(fakes, length, doing, rate=30, span=5.0, people=1, **options):
    """Label a made clip: doing(identity, time) -> index of a class, or None when not in the picture."""
    classifier = fakes.Classifier(LABELS, by_majority)
    labeller = Labeller("clip", classifier, model_of(span), **options)
    segments = []
    for index in range(round(length * rate)):
        time = index / rate
        persons = []
        for identity in range(1, people + 1):
            if (what := doing(identity, time)) is not None:
                joints = np.ones((18, 3), np.float32)
                joints[:, 0] = 10 * (what + 1)
                persons.append(Person(joints, identity))
        segments += labeller.observe(People(time, (640, 360), tuple(persons)))
    segments += labeller.finish(length)
    return segments, labeller, classifier


def rows(segments):
    return [(s.person, s.label, round(s.start, 2), round(s.end, 2)) for s in segments]


@pytest.mark.parametrize("length", [5.5, 6.3, 8.0, 20.0])
@pytest.mark.parametrize("rate", [5, 24, 30, 60])
def test_one_action_is_one_segment_from_beginning_to_end(fakes, length, rate):
    count = round(length * rate)
    segments, _, _ = run(fakes, count / rate, lambda identity, time: 0, rate)
    assert rows(segments) == [(1, "walk", 0.0, round(count / rate, 2))]
    assert segments[0].score == pytest.approx(1.0, abs=0.01)
    assert segments[0].clip == "clip"


@pytest.mark.parametrize("length", [1.2, 2.0, 3.4, 4.9, 5.0])
def test_a_clip_not_longer_than_the_window_is_classified_once_as_a_whole(fakes, length):
    segments, _, classifier = run(fakes, length, lambda identity, time: 0)
    assert rows(segments) == [(1, "walk", 0.0, length)]
    (window,) = classifier.windows
    assert window.joints.shape == (150, 18, 3)
    assert (window.joints[..., 2] > 0).all()
    assert window.filled == pytest.approx(length / 5.0, abs=0.01)


def test_a_person_seen_for_less_than_the_minimum_gets_no_label(fakes):
    segments, labeller, classifier = run(fakes, 0.9, lambda identity, time: 0)
    assert segments == []
    assert classifier.windows == []
    assert labeller.moments(0.5)[1].event.state is State.FILLING
    assert labeller.moments(0.5)[1].scores is None


def test_a_person_seen_in_a_few_frames_only_gets_no_label(fakes):
    segments, _, classifier = run(fakes, 8.0, lambda identity, time: 0 if time % 0.7 < 0.05 else None)
    assert segments == []
    assert classifier.windows == []


def test_segments_change_when_the_action_does(fakes):
    segments, _, _ = run(fakes, 20.0, lambda identity, time: 0 if time < 10 else 1)
    assert [(s.label, s.person) for s in segments] == [("walk", 1), ("wave", 1)]
    assert segments[0].start == 0.0
    assert segments[0].end == segments[1].start == pytest.approx(10.0, abs=0.5)
    assert segments[1].end == 20.0


def test_an_action_in_the_middle_is_cut_out_of_what_is_nothing_known(fakes):
    segments, _, _ = run(fakes, 24.0, lambda identity, time: 1 if 8 <= time < 16 else 2)
    (segment,) = segments
    assert segment.label == "wave"
    assert segment.start == pytest.approx(8.0, abs=0.75)
    assert segment.end == pytest.approx(16.0, abs=0.75)


def test_windows_are_centred_and_cut_where_a_person_comes_and_goes(fakes):
    _, _, classifier = run(fakes, 12.0, lambda identity, time: 0 if 2 <= time < 10 else None)
    times = [window.time for window in classifier.windows]
    np.testing.assert_allclose(times, np.arange(2.0, 10.0, 0.5), atol=1e-6)
    filled = {round(window.time, 1): window.filled for window in classifier.windows}
    assert filled[2.0] == pytest.approx(0.5, abs=0.01)
    assert filled[3.5] == pytest.approx(0.8, abs=0.01)
    assert filled[6.0] == pytest.approx(1.0, abs=0.01)
    assert filled[9.5] == pytest.approx(0.6, abs=0.01)


def test_a_segment_ends_when_its_person_leaves(fakes):
    segments, _, _ = run(fakes, 14.0, lambda identity, time: 0 if 2 <= time < 9 else None)
    assert [(s.label, s.start) for s in segments] == [("walk", 2.0)]
    assert segments[0].end == pytest.approx(9.0, abs=0.05)


def test_a_short_absence_does_not_cut_a_segment(fakes):
    segments, _, _ = run(fakes, 12.0, lambda identity, time: None if 5 <= time < 5.8 else 0)
    assert rows(segments) == [(1, "walk", 0.0, 12.0)]


def test_people_are_labelled_by_themselves_and_in_one_batch(fakes):
    segments, _, _ = run(fakes, 8.0, lambda identity, time: identity - 1, people=2)
    assert sorted(rows(segments)) == [(1, "walk", 0.0, 8.0), (2, "wave", 0.0, 8.0)]


def test_closed_segments_come_while_the_clip_still_runs(fakes):
    classifier = fakes.Classifier(LABELS, by_majority)
    labeller = Labeller("clip", classifier, model_of(5.0))
    came = None
    for index in range(600):
        time = index / 30
        joints = np.ones((18, 3), np.float32)
        joints[:, 0] = 10 if time < 8 else 20
        if labeller.observe(People(time, (640, 360), (Person(joints, 1),))) and came is None:
            came = time
    assert came == pytest.approx(8.5 + 2.5, abs=0.6)


def test_moments_are_the_nearest_decisions(fakes):
    _, labeller, _ = run(fakes, 20.0, lambda identity, time: 0 if time < 10 else 1)
    assert labeller.moments(0.0)[1].event.label == "walk"
    assert labeller.moments(4.1)[1].event.time == pytest.approx(4.0)
    assert labeller.moments(4.3)[1].event.time == pytest.approx(4.5)
    assert labeller.moments(19.9)[1].event.label == "wave"
    assert labeller.moments(19.9)[1].scores.probabilities.argmax() == 1
    assert labeller.moments(500.0)[1].event.label == "wave"


def test_an_empty_clip_has_no_segments(fakes):
    segments, labeller, classifier = run(fakes, 10.0, lambda identity, time: None)
    assert (segments, classifier.windows, labeller.moments(3.0)) == ([], [], {})
    fresh = Labeller("clip", classifier, model_of(5.0))
    assert fresh.finish() == []


def test_a_network_of_two_bodies_labels_the_scene(fakes):
    """Two people from 4 s on, of whom the first leaves after 12 s: what is done together is labelled, not each one."""

    def together(window):
        bodies = (window.joints[..., 2] > 0).any(axis=(1, 2)).sum() if window.joints.ndim == 4 else 0
        return {0: [0, 0, 1], 1: [1, 0, 0]}.get(int(bodies), [0, 1, 0])

    classifier = fakes.Classifier(LABELS, together)
    labeller = Labeller("clip", classifier, model_of(2.0, frames=60, bodies=2))
    segments = []
    for index in range(480):
        time = index / 30
        there = [1] if time < 4 else [1, 2] if time < 12 else [2]
        persons = tuple(Person(np.ones((18, 3), np.float32), identity) for identity in there)
        segments += labeller.observe(People(time, (640, 360), persons))
    segments += labeller.finish(16.0)
    assert [(s.person, s.label) for s in segments] == [(SCENE, "walk"), (SCENE, "wave"), (SCENE, "walk")]
    assert segments[1].start == pytest.approx(3.0, abs=0.6)
    assert segments[1].end == pytest.approx(13.0, abs=0.6)
    assert set(labeller.moments(8.0)) == {SCENE}
