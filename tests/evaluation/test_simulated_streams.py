"""Figures of simulated live streams with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from live_stf.decision import DecisionSettings
from live_stf.evaluation.simulated_streams import Answers, judge

LABELS = ("wave", "duck", "none of these")
QUICK = DecisionSettings(enter=0.6, leave=0.4, dwell=0.0, smoothing=0.0, minimum_seen=1.0, none_label="none of these")


def stream(best_classes: list[tuple[float, int]], target: int = 0, sure: float = 5.0) -> Answers:
    """Answers at 5 a second for 14 s, the action from 8 to 12 s. best_classes: (time, best class from then on)."""
    times = np.arange(1, 71) / 5
    logits = np.zeros((70, 3), np.float32)
    for begin, best in best_classes:
        logits[times >= begin] = 0
        logits[times >= begin, best] = sure
    return Answers(times, logits, np.minimum(times, 5.0), target, 8.0, 12.0, 0)


def test_a_label_after_a_second_has_an_onset_of_a_second() -> None:
    live = judge([stream([(0, 2), (9, 0), (13, 2)])], LABELS, QUICK)
    assert (live.onset, live.onset_90, live.found) == (1.0, 1.0, 1.0)
    assert (live.false_per_minute, live.false_of_others) == (0.0, 0.0)
    assert live.changes_per_minute == pytest.approx(2 / 13.8 * 60)


def test_all_labels_while_somebody_stands_are_false() -> None:
    live = judge([stream([(0, 2), (3, 1), (4, 2), (5, 0), (6, 2), (9, 0)])], LABELS, QUICK)
    assert live.false_per_minute == pytest.approx(
        2 / 7 * 60
    )  # the first of the 8 s before the action is needed to see the person
    assert live.onset == 1.0


def test_an_action_with_a_late_or_wrong_label_is_not_found() -> None:
    late, wrong = stream([(0, 2), (13.6, 0)]), stream([(0, 2), (9, 1)])
    live = judge([late, wrong, stream([(0, 2), (8.4, 0)])], LABELS, QUICK)
    assert live.found == pytest.approx(1 / 3)
    assert live.onset == pytest.approx(0.4)
    assert judge([late], LABELS, QUICK).onset is None


def test_labels_of_other_actions_are_false() -> None:
    live = judge([stream([(0, 2), (9, 1)], target=2), stream([(0, 2)], target=2)], LABELS, QUICK)
    assert live.false_of_others == 0.5
    assert live.found == 0.0


def test_temperature_and_threshold_are_applied() -> None:
    answers = [stream([(0, 2), (9, 0)], sure=2.0)]  # softmax 0.79
    assert judge(answers, LABELS, QUICK.at(0.75)).found == 1
    assert judge(answers, LABELS, QUICK.at(0.85)).found == 0
    assert judge(answers, LABELS, QUICK.at(0.85), temperature=0.5).found == 1  # softmax 0.96
    assert QUICK.at(0.3).leave == pytest.approx(0.2)
