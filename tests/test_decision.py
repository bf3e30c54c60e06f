"""The state machine of one person, step by step and by its properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live_stf.decision import Decision, DecisionSettings
from live_stf.errors import ModelError
from live_stf.types import State

LABELS = ("walk", "wave", "none")
WALK, WAVE, NONE, CLOSE = (0.9, 0.05, 0.05), (0.05, 0.9, 0.05), (0.05, 0.05, 0.9), (0.35, 0.35, 0.3)


def run(answers, step=0.1, **changes):
    """The events of a list of probabilities, `step` seconds apart."""
    values = {"enter": 0.6, "leave": 0.4, "dwell": 0.5, "smoothing": 0.0, "none_label": "none", **changes}
    decision = Decision(1, LABELS, DecisionSettings(**values))
    return [decision.update(index * step, np.array(answer)) for index, answer in enumerate(answers)]


def labels(events):
    return [event.label for event in events]


def test_a_high_probability_becomes_a_label_at_once():
    (event,) = run([WALK])
    assert (event.state, event.label, event.identity, event.time) == (State.LABEL, "walk", 1, 0.0)
    assert event.score == pytest.approx(0.9)


def test_close_probabilities_are_unsure_with_the_best_score():
    (event,) = run([CLOSE])
    assert (event.state, event.label) == (State.UNSURE, None)
    assert event.score == pytest.approx(0.35)


def test_between_the_thresholds_a_label_stays_but_does_not_begin():
    between = (0.5, 0.3, 0.2)
    assert labels(run([between] * 3)) == [None] * 3
    assert labels(run([WALK, *[between] * 20])) == ["walk"] * 21


def test_below_leave_a_label_ends_after_its_dwell():
    assert labels(run([WALK] + [CLOSE] * 7)) == ["walk"] * 5 + [None] * 3


def test_another_likely_class_replaces_the_label_without_a_pause():
    assert labels(run([WALK] * 6 + [WAVE] * 2)) == ["walk"] * 6 + ["wave"] * 2


def test_a_label_that_began_is_held_for_its_dwell():
    assert labels(run([WALK] + [WAVE] * 7)) == ["walk"] * 5 + ["wave"] * 3


def test_the_none_label_never_becomes_a_label():
    events = run([NONE] * 5)
    assert [event.state for event in events] == [State.UNSURE] * 5
    assert events[-1].score == pytest.approx(0.9)


def test_the_none_label_ends_a_label():
    assert labels(run([WALK] * 6 + [NONE] * 2)) == ["walk"] * 6 + [None] * 2


def test_without_a_none_label_every_class_can_be_one():
    assert labels(run([NONE], none_label=None)) == ["none"]


def test_smoothing_hides_a_single_wrong_answer():
    answers = [WALK] * 10 + [WAVE] + [WALK] * 5
    assert labels(run(answers, smoothing=0.3)) == ["walk"] * 16


@pytest.mark.parametrize("step", [0.02, 0.1, 0.25])
def test_smoothing_does_not_depend_on_the_rate(step):
    first = round(1.0 / step)
    events = run([WALK] * (first + 1) + [WAVE] * first, step=step, smoothing=0.5, dwell=10.0)
    # One second after the change, by the exponential law: 0.05 + 0.85 exp(-1 / 0.5).
    assert events[-1].score == pytest.approx(0.05 + 0.85 * np.exp(-2), abs=1e-6)


def test_filling_reports_the_seen_share_of_the_span():
    event = Decision(3, LABELS, DecisionSettings()).filling(2.0, 0.4)
    assert (event.identity, event.time, event.state, event.filled) == (3, 2.0, State.FILLING, 0.4)


def test_probabilities_of_another_length_are_refused():
    with pytest.raises(ValueError, match="labels"):
        Decision(1, LABELS, DecisionSettings()).update(0.0, np.array([0.5, 0.5]))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"enter": 0.0}, "enter"),
        ({"enter": 1.2}, "enter"),
        ({"leave": 0.7}, "flicker"),
        ({"dwell": -1}, "dwell"),
        ({"smoothing": float("nan")}, "smoothing"),
        ({"minimum_seen": float("inf")}, "minimum_seen"),
        ({"threshold": 0.5}, "unknown setting threshold"),
    ],
)
def test_invalid_settings_are_refused_by_name(values, message):
    with pytest.raises(ModelError, match=message):
        DecisionSettings.of(values)


def test_missing_settings_keep_their_defaults():
    assert DecisionSettings.of({"enter": 0.7}, "none") == DecisionSettings(enter=0.7, none_label="none")


answers = st.lists(
    st.tuples(st.floats(0.001, 1.0), st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3)), min_size=1, max_size=80
)


@settings(max_examples=200)
@given(answers, st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.05, 1.0), st.floats(0.0, 1.0))
def test_labels_last_their_dwell_and_scores_are_probabilities(series, dwell, smoothing, enter, ratio):
    values = DecisionSettings(enter, max(enter * ratio, 1e-3) if ratio else enter, dwell, smoothing, none_label="none")
    decision = Decision(1, LABELS, values)
    time, held, since = 0.0, None, -np.inf
    for step, weights in series:
        time += step
        weights = np.array(weights) + 1e-6
        event = decision.update(time, weights / weights.sum())
        assert 0.0 <= event.score <= 1.0
        assert event.label != "none"
        assert (event.state is State.LABEL) == (event.label is not None)
        if event.label != held:
            assert time - since >= dwell - 1e-6
            held, since = event.label, time


def test_another_threshold_keeps_the_proportion_and_takes_effect_at_once():
    strict = DecisionSettings(enter=0.8, leave=0.4, dwell=0.0, smoothing=0.0)
    assert (strict.at(0.6).enter, strict.at(0.6).leave) == (0.6, pytest.approx(0.3))
    decision = Decision(1, ("walk", "wave"), strict)
    assert decision.update(0.0, np.array([0.7, 0.3])).label is None
    decision.decide_by(strict.at(0.6))
    assert decision.update(0.1, np.array([0.7, 0.3])).label == "walk"
    assert decision.update(0.2, np.array([0.35, 0.2])).label == "walk"
    decision.decide_by(strict.at(0.9))
    assert decision.update(0.3, np.array([0.4, 0.2])).label is None
