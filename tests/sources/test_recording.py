"""Joints to a file and back."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live_stf.errors import SourceError
from live_stf.sources.recording import Heading, RecordedPose, RecordedSource, RecordingWriter, is_recording
from live_stf.types import Event, People, Person, State

SIZE = (640, 360)


def some_people(count, seed=0, persons=2):
    """`count` pictures' people, a 30th of a second apart, not beginning at 0; every third joint is absent."""
    generator = np.random.default_rng(seed)
    for index in range(count):
        bodies = generator.uniform(0, 300, (persons, 18, 3)).astype(np.float32)
        bodies[..., 2] /= 300
        bodies[:, ::3] = 0
        yield People(7 + index / 30, SIZE, tuple(Person(body, identity + 1) for identity, body in enumerate(bodies)))


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "a.joints.jsonl"
    with RecordingWriter(path, Heading(SIZE, 30.0, "camera 0", "everyday", "2026-01-02T03:04:05")) as writer:
        for people in some_people(5):
            writer.write(people, {1: Event(1, people.time, State.LABEL, "walk", 0.91)})
    return path


def read_all(path):
    with RecordedSource(path) as source:
        pose, found = RecordedPose(source), []
        while (frame := source.read()) is not None:
            found.append((frame, pose.detect(frame)))
        return source, found


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), count=st.integers(0, 6), persons=st.integers(0, 3))
def test_what_is_written_is_read_again(tmp_path_factory, seed, count, persons):
    path = tmp_path_factory.mktemp("recording") / "b.joints.jsonl"
    written = list(some_people(count, seed, persons))
    with RecordingWriter(path, Heading(SIZE, 30.0)) as writer:
        for people in written:
            writer.write(people, {})
    source, found = read_all(path)
    assert source.fault is None
    assert len(found) == count
    for before, (frame, after) in zip(written, found, strict=True):
        assert frame.time == after.time == pytest.approx(before.time - 7, abs=1e-4)
        assert frame.size == after.size == SIZE
        assert [person.identity for person in after.persons] == [0] * persons
        for one, other in zip(before.persons, after.persons, strict=True):
            np.testing.assert_allclose(other.joints[:, :2], one.joints[:, :2], atol=0.0051)
            np.testing.assert_allclose(other.joints[:, 2], one.joints[:, 2], atol=0.00051)


def test_every_line_says_who_and_what(recording):
    heading, *pictures = [json.loads(line) for line in recording.read_text().splitlines()]
    assert heading["format"] == "live-stf joints"
    assert heading["joints"][:2] == ["nose", "neck"]
    assert (heading["size"], heading["source"], heading["model"]) == ([640, 360], "camera 0", "everyday")
    assert [picture["time"] for picture in pictures] == pytest.approx([index / 30 for index in range(5)], abs=1e-4)
    first, second = pictures[0]["people"]
    assert (first["person"], first["state"], first["label"], first["score"]) == (1, "label", "walk", 0.91)
    assert (second["person"], second["state"], second["label"]) == (2, "filling", None)


def test_length_and_rate_are_known_beforehand_and_no_two_pictures_are_the_same(recording):
    source, found = read_all(recording)
    assert source.duration == pytest.approx(5 / 30, abs=1e-3)
    assert (source.fps, source.size, source.live) == (30.0, SIZE, False)
    assert all((one.image != other.image).any() for (one, _), (other, _) in pairwise(found))


def test_pictures_that_pose_did_not_take_are_left_out(recording):
    with RecordedSource(recording) as source:
        for _ in range(3):
            frame = source.read()
        assert RecordedPose(source).detect(frame).time == frame.time
        assert len(source._seen) == 0


def test_a_file_that_was_cut_short_is_read_up_to_there(recording):
    recording.write_bytes(recording.read_bytes()[:-40])
    source, found = read_all(recording)
    assert len(found) == 4
    assert source.fault.endswith("cut short in line 6, which is not a frame's people")
    assert source.duration is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda p: p | {"time": 0.0}, "time 0 after"),
        (lambda p: p | {"time": float("nan")}, "time nan"),
        (lambda p: p | {"people": [{"joints": [[1, 2, 3]]}]}, "joints (1, 3)"),
        (lambda p: {"people": []}, "'time'"),
    ],
)
def test_a_damaged_line_is_named(recording, change, told):
    lines = recording.read_text().splitlines()
    lines[3] = json.dumps(change(json.loads(lines[3])))
    recording.write_text("\n".join(lines) + "\n")
    source, found = read_all(recording)
    assert len(found) == 2
    assert "line 4" in source.fault
    assert told in source.fault


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not a recording of joints"),
        ('{"clip": "demo", "person": 4}\n', "not a recording of joints"),
        ("\x00\x01", "not a recording of joints"),
        ('{"format": "live-stf joints", "version": 9}', "version 9, this program reads 1"),
        ('{"format": "live-stf joints", "version": 1, "joints": ["nose"]}', "not those of openpose18"),
    ],
)
def test_a_file_that_is_not_a_recording_is_one_line(tmp_path, text, told):
    path = tmp_path / "c.jsonl"
    path.write_text(text)
    with pytest.raises(SourceError, match=told):
        RecordedSource(path)
    with pytest.raises(SourceError, match="No such file"):
        RecordedSource(tmp_path / "missing.jsonl")


def test_a_heading_without_a_size_or_with_an_impossible_one_is_told(recording):
    for size, told in (("large", "lacks"), ([0, 360], "0x360"), (None, "lacks")):
        heading, *rest = recording.read_text().splitlines()
        recording.write_text("\n".join([json.dumps(json.loads(heading) | {"size": size}), *rest]))
        with pytest.raises(SourceError, match=told):
            RecordedSource(recording)


def test_names():
    assert is_recording("a/b.joints.jsonl")
    assert is_recording("b.jsonl")
    assert not is_recording("b.mp4")
    assert not is_recording("0")
    assert not is_recording("http://host/b.jsonl")
