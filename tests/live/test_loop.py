"""The live loop with a fake camera, pose estimator and engine, and once with the real ones."""

from __future__ import annotations

import gc
import threading
from dataclasses import replace

import numpy as np
import pytest

from live_stf.decision import Decision
from live_stf.live.loop import LiveLoop
from live_stf.pose.tracking import Tracker
from live_stf.preparation import Preparation
from live_stf.preparation.window_buffer import WindowBuffer
from live_stf.types import SCENE, Scores, State
from tests.fakes import WAIT, run_to_the_end, wait_until


class Pauses(threading.Event):
    """In place of a loop's `_stop`: notes the pauses that the loop makes, and makes none."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = []

    def wait(self, timeout=None):
        self.seconds.append(timeout)
        return self.is_set()


def test_before_the_start_there_is_nothing(fakes, model):
    snapshot = LiveLoop(fakes.Source(), fakes.Pose(), fakes.Classifier(), model).snapshot()
    assert (snapshot.frame, snapshot.people, snapshot.finished, snapshot.message) == (None, None, False, "")


def test_a_person_before_the_camera_gets_a_label(fakes, model):
    classifier = fakes.Classifier()
    with LiveLoop(fakes.Source(), fakes.Pose(), classifier, model) as loop:
        wait_until(lambda: any(e.state is State.FILLING for e in loop.snapshot().events.values()))
        wait_until(lambda: any(e.state is State.LABEL for e in loop.snapshot().events.values()))
        snapshot = loop.snapshot()
    assert snapshot.events[1].label == "walk"
    assert snapshot.events[1].score == pytest.approx(0.9, abs=0.01)
    np.testing.assert_allclose(snapshot.scores[1].probabilities, [0.9, 0.05, 0.05], atol=1e-6)
    assert snapshot.scores[1].attention[0].shape == (18, 6)
    assert snapshot.frame.time == snapshot.people.time
    assert [person.identity for person in snapshot.people.persons] == [1]
    assert classifier.windows[0].joints.shape == (50, 18, 3)
    assert not snapshot.finished
    assert snapshot.message == ""


def test_rates_drops_and_age_are_those_of_the_stages(fakes, model):
    clock, source, pose = fakes.Clock(), fakes.Source(step=0.05, gated=True), fakes.Pose(gated=True)
    loop = LiveLoop(source, pose, fakes.Classifier(), model, labels_per_second=5, clock=clock)
    loop._stop = Pauses()
    with loop:
        source.give()
        wait_until(lambda: pose.waiting == 1)
        source.give(9)
        wait_until(lambda: loop._capture.dropped == 8)  # of the nine that came meanwhile the newest is kept
        clock.advance(0.05)
        pose.allow(2)
        wait_until(lambda: loop.snapshot().rates.label)
        rates = loop.snapshot().rates
    assert rates.capture == pytest.approx(10 / 0.05)
    assert rates.pose == pytest.approx(2 / 0.05)
    assert rates.label == pytest.approx(1 / 0.05)
    assert rates.dropped == 8
    assert rates.frame_age == pytest.approx(0.05)
    assert loop._stop.seconds[0] == pytest.approx(1 / 5)


@pytest.mark.parametrize(("seconds", "pause", "dropped"), [(0.005, 0.095, 0), (0.05, 0.05, 0), (0.2, 0.2, 3)])
def test_a_slow_engine_pauses_as_long_as_it_ran_and_drops_windows(fakes, model, seconds, pause, dropped):
    clock = fakes.Clock()

    def answer(window):
        clock.advance(seconds)
        return [0.9, 0.05, 0.05]

    loop = LiveLoop(fakes.Source(step=0.05), fakes.Pose(), fakes.Classifier(answer=answer), model, clock=clock)
    loop._stop = pauses = Pauses()
    with loop:
        wait_until(lambda: loop.snapshot().scores and len(pauses.seconds) > 20)
    working = [one for one in pauses.seconds if one != pytest.approx(0.1)]  # the others had nothing to classify
    assert working == pytest.approx([pause] * len(working))
    assert working
    assert loop.snapshot().rates.dropped_windows == pytest.approx(dropped * len(working), abs=dropped)


def test_a_slow_engine_holds_up_nothing_else(fakes, model):
    source, pose, release = fakes.Source(step=0.05, gated=True), fakes.Pose(), threading.Event()

    def answer(window):
        release.wait(WAIT)
        return [0.9, 0.05, 0.05]

    classifier = fakes.Classifier(answer=answer)
    with LiveLoop(source, pose, classifier, model) as loop:
        for index in range(60):
            source.give()
            wait_until(lambda index=index: len(pose.times) > index)
        assert not loop.snapshot().scores
        assert loop.snapshot().rates.dropped == 0
        release.set()
        wait_until(lambda: loop.snapshot().scores)


def test_people_are_gone_when_the_camera_gives_no_frames(fakes, model):
    clock = fakes.Clock()
    source = fakes.Source(hang_at=30)
    with LiveLoop(source, fakes.Pose(), fakes.Classifier(), model, clock=clock) as loop:
        wait_until(lambda: any(e.state is State.LABEL for e in loop.snapshot().events.values()))
        wait_until(lambda: source._reading)
        clock.advance(2.0)
        wait_until(lambda: not loop.snapshot().events)
        assert loop.snapshot().frame is not None
        source.release.set()


def test_after_a_gap_everybody_is_new_and_their_windows_begin_again(fakes, model):
    class Gap(fakes.Source):
        """A camera whose times leap by ten seconds after 40 pictures."""

        def read(self):
            frame = super().read()
            return replace(frame, time=frame.time + (10.0 if frame.index >= 40 else 0.0))

    classifier = fakes.Classifier()
    with LiveLoop(Gap(step=0.02), fakes.Pose(), classifier, model) as loop:
        wait_until(lambda: 2 in loop.snapshot().events and loop.snapshot().events[2].state is State.LABEL)
        assert set(loop.snapshot().events) == {2}
    after = [window for window in classifier.windows if window.identity == 2]
    assert after[0].filled < 0.5  # of the span of 2 s: 0.3 s were seen, and not what was before the gap


def test_a_clip_ends_by_itself_with_its_last_label(fakes, model):
    source, pose = fakes.Source(count=30, live=False), fakes.Pose()
    snapshot = run_to_the_end(LiveLoop(source, pose, fakes.Classifier(), model))
    assert snapshot.finished
    assert snapshot.message == "fake.mp4 has ended"
    assert snapshot.frame.index == 29
    assert snapshot.events[1].label == "walk"
    assert snapshot.events[1].time == pytest.approx(29 / 30)
    assert (source.closed, pose.closed) == (1, 1)


def test_two_people_are_kept_apart(fakes, model):
    pose = fakes.Pose(lambda frame: (fakes.body(10), fakes.body(50)))
    classifier = fakes.Classifier(answer=lambda w: [0.9, 0.05, 0.05] if w.identity == 1 else [0.05, 0.9, 0.05])
    with LiveLoop(fakes.Source(), pose, classifier, model) as loop:
        wait_until(lambda: {i: e.label for i, e in loop.snapshot().events.items()} == {1: "walk", 2: "wave"})


def test_a_network_of_two_bodies_gets_the_people_as_one_scene(fakes, model):
    preparation = Preparation(frames=50, span=2.0, coordinates="kinetics", bodies=2)
    pose = fakes.Pose(lambda frame: (fakes.body(10), fakes.body(50)))
    classifier = fakes.Classifier()
    with LiveLoop(fakes.Source(), pose, classifier, replace(model, preparation=preparation)) as loop:
        wait_until(lambda: any(e.state is State.LABEL for e in loop.snapshot().events.values()))
        snapshot = loop.snapshot()
    assert {(identity, event.label) for identity, event in snapshot.events.items()} == {(SCENE, "walk")}
    assert set(snapshot.scores) == {SCENE}
    assert [person.identity for person in snapshot.people.persons] == [1, 2]
    assert classifier.windows[-1].joints.shape == (2, 50, 18, 3)


def test_people_who_leave_free_everything(fakes, model):
    """Four people at a time, somebody new every quarter of a second: only what belongs to those present is held."""

    def persons(frame):
        return tuple(fakes.body(x) for x in (8, 24, 40, 56) if int(4 * frame.time) % 8 != x // 16)

    def held(kind):
        gc.collect()
        return sum(type(one) is kind for one in gc.get_objects())

    gc.collect()
    gc.freeze()  # nothing older is looked at, which would take seconds
    try:
        source, pose, tracker = fakes.Source(step=0.02, gated=True), fakes.Pose(persons), Tracker(max_age=0.1)
        loop = LiveLoop(source, pose, fakes.Classifier(), model, tracker)
        with loop:
            for index in range(300):
                source.give()
                wait_until(lambda index=index: len(pose.times) > index)
                if index > 150 and index % 50 == 0:
                    assert max(held(WindowBuffer), held(Decision), held(Scores)) <= 12
            assert max(loop.snapshot().events, default=0) > 12
            assert len(tracker._tracks) <= 8
        del loop
        wait_until(lambda: held(WindowBuffer) == held(Decision) == held(Scores) == 0)
    finally:
        gc.unfreeze()


def test_a_person_who_leaves_is_forgotten_with_event_and_scores(fakes, model):
    pose = fakes.Pose(lambda frame: (fakes.body(),) if frame.time < 0.6 else ())
    with LiveLoop(fakes.Source(), pose, fakes.Classifier(), model) as loop:
        wait_until(lambda: loop.snapshot().scores)
        wait_until(lambda: not loop.snapshot().events)
        snapshot = loop.snapshot()
        assert (snapshot.events, snapshot.scores, snapshot.people.persons) == ({}, {}, ())


def test_a_real_clip_with_mediapipe(fakes, model, shared):
    pytest.importorskip("mediapipe")
    from live_stf.pose.mediapipe import MediaPipePose
    from live_stf.sources.opening import open_source

    source = open_source(shared / "videos" / "two_people.mp4")
    loop = LiveLoop(source, MediaPipePose(people=2), fakes.Classifier(), model)
    snapshot = run_to_the_end(loop)
    assert snapshot.message.endswith("has ended")
    assert {person.identity for person in snapshot.people.persons} == {1, 2}
    assert snapshot.events[1].label == "walk"
    assert snapshot.frame.image.shape == (1920, 1088, 3)
