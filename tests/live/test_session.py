"""What runs, and what takes its place, with recorded joints and networks that have learned nothing."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from live_stf.errors import LiveStfError, SourceError
from live_stf.live import session as session_module
from live_stf.live.session import Session, Settings
from live_stf.types import State
from tests.fakes import WAIT
from tests.fakes import wait_until as until

NAMES = ("walk", "wave", "none")


@pytest.fixture
def folder(small_models):
    return small_models


@pytest.fixture
def chosen(folder):
    return Settings(source=str(folder / "long.jsonl"), model=str(folder / "one"), engine="torch")


@pytest.fixture
def said():
    return []


@pytest.fixture
def running(chosen, said):
    with Session(chosen, said.append) as session:
        session.wait()
        yield session


def label_of(session):
    return next((event.label for event in session.snapshot().events.values() if event.state is State.LABEL), None)


@pytest.fixture
def loading(monkeypatch):
    """Loading a model waits until this is set."""
    allowed, load = threading.Event(), session_module.load_model

    def slow(name):
        assert allowed.wait(WAIT)
        return load(name)

    monkeypatch.setattr(session_module, "load_model", slow)
    return allowed


def test_nobody_waits_for_what_is_being_opened(chosen, loading):
    session = Session(chosen).start()
    until(lambda: session.opening.startswith("Loading the model"))
    assert session.about is None
    assert session.snapshot().frame is None
    loading.set()
    session.wait()
    assert session.about.model.labels == NAMES
    assert session.about.source.endswith("long.jsonl")
    assert session.engine.startswith("torch")
    until(lambda: label_of(session))
    assert session.error is None
    assert session.close()


def test_another_source_takes_its_place_and_the_classifier_stays(running, chosen, folder, monkeypatch):
    until(lambda: label_of(running))
    monkeypatch.setattr(session_module, "open_classifier", None)  # a second one would be an error
    before = running.about
    running.change(replace(chosen, source=str(folder / "other.jsonl")))
    until(lambda: running.about is not before)
    assert running.about.source.endswith("other.jsonl")
    assert running.settings.source.endswith("other.jsonl")
    until(lambda: label_of(running))
    assert running.notices() == []


def test_another_model_goes_on_with_the_source_where_it_is(running, chosen, folder):
    until(lambda: running.snapshot().frame is not None and running.snapshot().frame.time > 0.5)
    before, time_before = running.about, running.snapshot().frame.time
    running.change(replace(chosen, model=str(folder / "two")))
    until(lambda: running.about is not before)
    assert running.about.model.labels == ("jump", *NAMES)
    shown = until(lambda: running.snapshot().frame)
    assert shown.time > time_before
    until(lambda: {len(scores.probabilities) for scores in running.snapshot().scores.values()} == {4})


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"source": "missing.mp4"}, "missing.mp4: no such file"),
        ({"source": "98"}, "camera 98 is not there"),
        ({"model": "nowhere"}, "no model 'nowhere'"),
        ({"engine": "tensorrt"}, "ensor"),
    ],
)
def test_what_cannot_be_opened_is_one_line_and_nothing_changes(running, chosen, said, wrong, told):
    until(lambda: running.snapshot().frame is not None)
    before, index = running.about, running.snapshot().frame.index
    running.change(replace(chosen, **wrong))
    (notice,) = until(running.notices)
    assert told in notice
    assert notice.endswith("long.jsonl goes on with one")
    assert "\n" not in notice
    assert notice in said
    assert running.about is before
    assert running.settings == chosen
    until(lambda: running.snapshot().frame.index > index)
    assert running.error is None


def test_a_threshold_and_the_labels_hold_at_once_and_nothing_is_opened(running, chosen):
    label = until(lambda: label_of(running))
    about = running.about
    running.change(replace(chosen, threshold=1.0))
    until(lambda: running.snapshot().events[1].state is State.UNSURE)
    running.change(replace(chosen, threshold=None))
    until(lambda: label_of(running) == label)
    running.change(replace(chosen, listen=frozenset(NAMES) - {label}))
    assert running.snapshot().events[1].state is State.UNSURE
    running.change(replace(chosen, listen=frozenset({label})))
    assert label_of(running) == label
    assert running.about is about
    assert running.opening == ""


def test_a_threshold_that_was_chosen_holds_from_the_start(chosen):
    with Session(replace(chosen, threshold=1.0)) as session:
        session.wait()
        until(lambda: session.snapshot().scores)
        assert session.snapshot().events[1].state is State.UNSURE
        assert session.about.model.decision.enter == 0.1


def test_what_has_ended_is_played_again_when_it_is_chosen_again(chosen, folder):
    short = replace(chosen, source=str(folder / "short.jsonl"))
    with Session(short) as session:
        session.wait()
        until(lambda: session.snapshot().finished)
        assert session.snapshot().message.endswith("has ended")
        session.change(short)
        until(lambda: not session.snapshot().finished)
        until(lambda: session.snapshot().finished)
        assert session.error is None


def test_what_cannot_begin_is_the_error_and_the_message_until_something_else_is_chosen(chosen):
    with Session(replace(chosen, source="missing.mp4")) as session:
        with pytest.raises(SourceError, match="no such file"):
            session.wait()
        assert session.snapshot().message == "missing.mp4: no such file"
        assert isinstance(session.error, SourceError)
        assert session.about is None
        session.change(chosen)
        until(lambda: session.about is not None)
        assert session.error is None
        until(lambda: session.snapshot().frame is not None)


def test_changes_that_come_too_fast_end_with_the_newest(running, chosen, folder):
    for name in ("other", "missing", "short", "other"):
        running.change(replace(chosen, source=str(folder / f"{name}.jsonl")))
    until(lambda: running.settings.source.endswith("other.jsonl") and not running.opening)
    assert running.about.source.endswith("other.jsonl")


def test_it_ends_while_it_is_opening(chosen, loading):
    session = Session(chosen).start()
    until(lambda: session.opening.startswith("Loading the model"))
    assert not session.close(timeout=0.1)
    loading.set()
    session._thread.join(WAIT)
    assert session.about is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"people": 0}, "people is 0; it must be 1 or more"),
        ({"rate": 0.0}, "rate is 0; it must be above 0"),
        ({"size": (0, 480)}, "size is 0x480"),
        ({"threshold": 1.5}, "threshold is 1.5; it must be above 0 and at most 1"),
    ],
)
def test_settings_that_are_out_of_range_are_refused(wrong, told):
    with pytest.raises(LiveStfError, match=told):
        Settings(**wrong)


def test_a_label_that_the_model_does_not_know_is_named(running, chosen):
    running.change(replace(chosen, listen=frozenset({"fly"})))
    (notice,) = until(running.notices)
    assert notice.startswith("one has no label fly; there are walk, wave, none;")
    assert running.settings == chosen
