"""The live loop with a fake camera, pose estimator and engine, and once with the real ones."""

from __future__ import annotations

import gc
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from live_stf.decision import Decision
from live_stf.errors import SourceError
from live_stf.live.loop import STOP_TIMEOUT, LiveLoop
from live_stf.pose.tracking import Tracker
from live_stf.preparation import Preparation
from live_stf.preparation.window_buffer import WindowBuffer
from live_stf.types import SCENE, Scores, State


def wait_until(condition, seconds=8.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def run_to_the_end(loop):
    with loop:
        wait_until(lambda: loop.finished)
        return loop.snapshot()


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
    pose = fakes.Pose(seconds=0.05)
    with LiveLoop(fakes.Source(step=0.01), pose, fakes.Classifier(), model, labels_per_second=5) as loop:
        time.sleep(2.0)
        rates = loop.snapshot().rates
    assert rates.capture > 2 * rates.pose
    assert rates.pose > rates.label > 0
    assert rates.label <= 6
    assert rates.dropped > 50
    assert 0.05 <= rates.frame_age < 0.5


def test_a_slow_engine_drops_windows_and_holds_up_nothing_else(fakes, model):
    times = {}
    for name, seconds in (("quick", 0.005), ("slow", 0.2)):
        pose, classifier = fakes.Pose(), fakes.Classifier(seconds=seconds)
        with LiveLoop(fakes.Source(step=0.02), pose, classifier, model) as loop:
            wait_until(lambda pose=pose: pose.times and pose.times[-1] >= 3.0)
            rates = loop.snapshot().rates
        times[name] = len(pose.times), len(classifier.windows), rates
    (quick_poses, quick_windows, quick), (slow_poses, slow_windows, slow) = times.values()
    assert slow_poses > 0.8 * quick_poses
    assert 0 < slow_windows < 0.6 * quick_windows
    assert slow.dropped_windows > quick.dropped_windows
    assert slow.frame_age < 0.15


def test_an_engine_that_hangs_is_left_behind_and_pose_goes_on(fakes, model):
    release = threading.Event()
    pose = fakes.Pose()

    def hang(window):
        release.wait(30)
        return [0.9, 0.05, 0.05]

    loop = LiveLoop(fakes.Source(), pose, fakes.Classifier(answer=hang), model).start()
    wait_until(lambda: pose.times and pose.times[-1] >= 2.0)
    assert all(event.state is State.FILLING for event in loop.snapshot().events.values())
    began = time.monotonic()
    loop.stop()
    assert time.monotonic() - began < STOP_TIMEOUT + 0.5
    release.set()


def test_who_was_there_is_gone_when_the_camera_gives_no_pictures(fakes, model):
    source = fakes.Source(hang_at=30)
    with LiveLoop(source, fakes.Pose(), fakes.Classifier(), model) as loop:
        wait_until(lambda: any(e.state is State.LABEL for e in loop.snapshot().events.values()))
        wait_until(lambda: source._reading)
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


def test_a_fault_of_the_source_is_the_message(fakes, model):
    source = fakes.Source(count=5, live=False, fault="fake.mp4: cut short")
    assert run_to_the_end(LiveLoop(source, fakes.Pose(), fakes.Classifier(), model)).message == "fake.mp4: cut short"


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


def test_who_leaves_frees_everything(fakes, model):
    """Four people at a time, somebody new every quarter of a second: what is held is of those who are there."""

    def persons(frame):
        return tuple(fakes.body(x) for x in (8, 24, 40, 56) if int(4 * frame.time) % 8 != x // 16)

    def held(kind):
        gc.collect()
        return sum(type(one) is kind for one in gc.get_objects())

    before = held(WindowBuffer), held(Decision), held(Scores)
    tracker = Tracker(max_age=0.1)
    loop = LiveLoop(fakes.Source(step=0.01), fakes.Pose(persons), fakes.Classifier(), model, tracker)
    with loop:
        wait_until(lambda loop=loop: max(loop.snapshot().events, default=0) > 12)
        for _ in range(5):
            there = held(WindowBuffer) - before[0], held(Decision) - before[1], held(Scores) - before[2]
            assert max(there) <= 12, there
            time.sleep(0.1)
        assert len(tracker._tracks) <= 8
    del loop
    wait_until(lambda: (held(WindowBuffer), held(Decision), held(Scores)) == before)


def test_who_leaves_is_forgotten_with_event_and_scores(fakes, model):
    pose = fakes.Pose(lambda frame: (fakes.body(),) if frame.time < 0.6 else ())
    with LiveLoop(fakes.Source(), pose, fakes.Classifier(), model) as loop:
        wait_until(lambda: loop.snapshot().scores)
        wait_until(lambda: not loop.snapshot().events)
        snapshot = loop.snapshot()
        assert (snapshot.events, snapshot.scores, snapshot.people.persons) == ({}, {}, ())


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("source", "stopped by an error inside: RuntimeError: the cable burns"),
        ("pose", "stopped by an error inside: RuntimeError: pose is broken"),
        ("engine", "stopped by an error inside: RuntimeError: engine is broken"),
    ],
)
def test_an_error_in_a_thread_is_not_lost(fakes, model, broken, said):
    source = fakes.Source(fail_at=10 if broken == "source" else None)
    pose = fakes.Pose(fail_at=10 if broken == "pose" else None)
    loop = LiveLoop(source, pose, fakes.Classifier(fail=broken == "engine"), model)
    snapshot = run_to_the_end(loop)
    assert snapshot.finished
    assert snapshot.message == said
    assert isinstance(loop.error, RuntimeError)


def test_an_error_meant_for_the_user_is_said_as_it_is(fakes, model):
    source = fakes.Source()

    def read():
        raise SourceError("camera 0 was unplugged")

    source.read = read
    assert run_to_the_end(LiveLoop(source, fakes.Pose(), fakes.Classifier(), model)).message == "camera 0 was unplugged"


def test_a_camera_that_hangs_is_said_and_does_not_hold_up_the_end(fakes, model):
    source = fakes.Source(hang_at=5)
    clock = fakes.Clock()
    loop = LiveLoop(source, fakes.Pose(), fakes.Classifier(), model, clock=clock).start()
    wait_until(lambda: source._reading)
    clock.advance(7.0)
    assert loop.snapshot().message == "no new picture from fake camera for 7 s"
    began = time.monotonic()
    loop.stop()
    assert time.monotonic() - began < STOP_TIMEOUT + 0.5
    assert not source.closed_while_reading
    source.release.set()


def test_stop_ends_every_thread_and_may_be_called_twice(fakes, model):
    source, pose = fakes.Source(), fakes.Pose()
    loop = LiveLoop(source, pose, fakes.Classifier(seconds=0.2), model).start()
    wait_until(lambda: loop.snapshot().frame is not None)
    began = time.monotonic()
    loop.stop()
    loop.stop()
    assert time.monotonic() - began < STOP_TIMEOUT
    assert not {"capture", "pose", "classification"} & {thread.name for thread in threading.enumerate()}
    assert loop.snapshot().finished


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
