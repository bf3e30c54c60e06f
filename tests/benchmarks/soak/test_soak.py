"""The soak with the real pose estimator and engine, until enough has happened; measured times are never asserted."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from benchmarks.soak import __main__ as soak
from benchmarks.soak import faulty_camera, watch
from benchmarks.soak.faulty_camera import Fault
from benchmarks.soak.watch import Record, Soak
from live_stf.live import loop
from live_stf.types import Snapshot

KINDS = ("end", "error", "freeze", "garbage", "size")
# Limits that depend on how busy the machine is, or that need a longer run.
UNLIMITED = ("noticed", "back", "age", "memory", "native")


def enough(record: Record) -> bool:
    """Whether everything that the test checks has happened."""
    recovered = [fault for fault in record.faults if fault.must_be_noticed and fault.back is not None]
    return (
        len(record.stops) >= 1
        and record.reconnections >= 1
        and len(record.faults) >= 2
        and len(recovered) >= 1
        and record.frames >= 20
    )


@pytest.fixture
def until_enough(monkeypatch):
    """Ends the soak, as Ctrl-C does, when enough has happened, however long that takes."""

    def tick(_bar, _seconds, record):
        if enough(record):
            raise KeyboardInterrupt

    monkeypatch.setattr(soak._ProgressBar, "_tick", tick)
    monkeypatch.setattr(faulty_camera, "QUIET", 0.3)
    monkeypatch.setattr(faulty_camera, "DURATION", (0.3, 1.0))
    monkeypatch.setattr(watch, "SAMPLE", 0.1)
    # Limits of time that a busy machine exceeds.
    monkeypatch.setattr(watch, "SLOW_TO_CLEAR", 60.0)
    monkeypatch.setattr(loop, "STOP_TIMEOUT", 60.0)


@pytest.mark.timeout(400)
def test_a_short_soak_exceeds_only_the_limit_that_nothing_can_keep(clip, tmp_path, capsys, until_enough):
    file = tmp_path / "soak.json"
    unlimited = [argument for name in UNLIMITED for argument in ("--limit", f"{name}=1e9")]
    arguments = ["--minutes", "5", "--fault-every", "0.5", "--stop-every", "4", "--faults", ",".join(KINDS)]
    assert soak.main([*arguments, *unlimited, "--seed", "0", "--limit", "stop=0", "--output", str(file)]) == 1
    out, err = capsys.readouterr()
    exceeded = [line for line in err.splitlines() if line.startswith("limit exceeded")]
    assert len(exceeded) == 1, err
    assert exceeded[0].startswith("limit exceeded: stop is ")
    assert "fault noticed after" in out

    written = json.loads(file.read_text())
    assert written["command"].startswith("python -m benchmarks.soak --minutes 5 --fault-every 0.5 ")
    assert written["seconds"] < 300
    assert written["frames"] >= 20
    assert written["reconnections"] >= 1
    assert len(written["stops"]) >= 1
    faults = written["faults"]
    assert len(faults) >= 2
    assert {fault["kind"] for fault in faults} <= set(KINDS)
    recovered = [fault for fault in faults if fault["must_be_noticed"] and fault["back"] is not None]
    assert recovered
    assert all(fault["noticed"] is not None for fault in recovered)
    assert written["exceptions"] == written["false_alarms"] == []
    assert written["figures"]["memory_last"] > 100
    assert not {"capture", "pose", "classification"} & {thread.name for thread in threading.enumerate()}


def fault(**given) -> Fault:
    return Fault("freeze", began=10.0, seconds=3.0, must_be_noticed=True, **given)


def test_a_fault_is_noticed_with_the_first_message():
    record, message = Record(), Snapshot(message="always the same frame from soak camera")
    on = fault()
    watched(record)._notice(Snapshot(), on, now=11.0, well_since=11.0)
    assert on.noticed is None
    for now in (12.0, 13.0):
        watched(record)._notice(message, on, now=now, well_since=now)
    assert on.noticed == 12.0
    assert record.false_alarms == []


def test_a_message_is_a_false_alarm_only_long_after_the_last_fault():
    record, message = Record(), Snapshot(message="no frame from soak camera")
    watched(record)._notice(message, None, now=20.0, well_since=20.0 - watch.SLOW_TO_CLEAR)
    watched(record)._notice(Snapshot(), None, now=100.0, well_since=20.0)
    assert record.false_alarms == []
    watched(record)._notice(message, None, now=20.1, well_since=20.0 - watch.SLOW_TO_CLEAR)
    assert [line.split(" (")[0] for line in record.false_alarms] == ["no frame from soak camera"]


def watched(record: Record) -> Soak:
    """A soak that writes to `record`, without anything that runs."""
    made = Soak.__new__(Soak)
    made._record, made._began = record, 0.0
    return made


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--minutes", "0"), "--minutes is 0, it must be above 0"),
        (("--minutes", "nan"), "--minutes is nan"),
        (("--faults", "flood"), "there is no fault 'flood'"),
        (("--limit", "patience=3"), "the names are noticed, back"),
        (("--limit", "stop=soon"), "it must be NAME=VALUE with a number"),
        (("--output", "nowhere/soak.json"), "there is no folder nowhere"),
    ],
)
def test_wrong_arguments_are_reported_before_anything_starts(arguments, message, capsys):
    with pytest.raises(SystemExit) as exited:
        soak.main(list(arguments))
    assert exited.value.code == 2
    assert message in capsys.readouterr().err


def test_a_missing_clip_is_reported_in_one_line(capsys, tmp_path: Path):
    assert soak.main(["--source", str(tmp_path / "nowhere.mp4")]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path / 'nowhere.mp4'}: no such file\n"
