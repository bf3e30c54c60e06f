"""A clip from beginning to end, with a made source and engine."""

from __future__ import annotations

import numpy as np
import pytest

from live_stf.clips.labelling import LabelledClip, label_clip, painted
from live_stf.clips.segments import SegmentWriter


@pytest.fixture
def work(fakes, model, tmp_path):
    def run(source, pose=None, classifier=None):
        clip = LabelledClip("clip", classifier or fakes.Classifier(), model)
        with SegmentWriter(tmp_path / "clip.jsonl") as writer:
            try:
                label_clip(clip, source, pose or fakes.Pose(), writer)
            except BaseException as problem:
                return clip, (tmp_path / "clip.jsonl").read_text(), problem
        return clip, (tmp_path / "clip.jsonl").read_text(), None

    return run


def test_segments_are_kept_and_written(fakes, work):
    clip, lines, problem = work(fakes.Source(count=120, live=False))
    assert problem is None
    (segment,) = clip.segments
    assert (segment.person, segment.label, segment.start) == (1, "walk", 0.0)
    assert segment.end == pytest.approx(4.0, abs=0.001)
    assert lines == segment.as_line() + "\n"
    assert clip.length == pytest.approx(4.0, abs=0.001)
    assert not clip.empty
    assert clip.fault is None


def test_a_clip_with_nobody_has_an_empty_file(fakes, work):
    clip, lines, _ = work(fakes.Source(count=60, live=False), fakes.Pose(lambda frame: ()))
    assert clip.empty
    assert (clip.segments, lines) == ([], "")


def test_what_was_found_before_a_fault_is_kept(fakes, work):
    clip, lines, problem = work(fakes.Source(count=90, live=False, fault="cut short"))
    assert problem is None
    assert clip.fault == "cut short"
    assert len(lines.splitlines()) == len(clip.segments) == 1
    assert clip.segments[0].end == pytest.approx(3.0, abs=0.001)


@pytest.mark.parametrize("problem", [KeyboardInterrupt, RuntimeError])
def test_what_was_found_before_an_interruption_is_kept(fakes, work, problem):
    def persons(frame):
        if frame.index == 90:
            raise problem
        return (fakes.body(),)

    clip, lines, raised = work(fakes.Source(count=200, live=False), fakes.Pose(persons))
    assert isinstance(raised, problem)
    assert len(lines.splitlines()) == 1
    assert clip.segments[0].end == pytest.approx(3.0, abs=0.001)


def test_painting_gives_every_frame_its_own_people_and_decision(fakes, work):
    walking = fakes.Pose(lambda frame: (fakes.body(10 + frame.index / 4),))
    clip, _, _ = work(fakes.Source(count=120, live=False), walking)
    given = []

    def paint(image, people, events, scores):
        given.append((people, events, scores))
        return image + 1

    frames = list(painted(clip, fakes.Source(count=120, live=False), paint))
    assert [frame.index for frame in frames] == list(range(120))
    assert frames[7].time == pytest.approx(7 / 30)
    assert frames[7].image[0, 0].tolist() == [8, 1, 2]
    people, events, scores = given[40]
    assert people.persons[0].joints[0, 0] == pytest.approx(20)
    assert events[1].label == "walk"
    np.testing.assert_allclose(scores[1].probabilities, [0.9, 0.05, 0.05], atol=1e-6)


def test_painting_stops_where_the_clip_does(fakes, work):
    clip, _, _ = work(fakes.Source(count=60, live=False))
    assert len(list(painted(clip, fakes.Source(count=50, live=False), lambda image, *_: image))) == 50
    assert len(list(painted(clip, fakes.Source(count=70, live=False), lambda image, *_: image))) == 60
