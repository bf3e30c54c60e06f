"""The soak itself, with the real pose estimator and engine; what it measures of time is never asserted."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from benchmarks.soak import __main__ as soak
from benchmarks.soak.faulty_camera import KINDS

# A little more than a minute instead of the hour, with faults and stops twice as often.
SHORT = ("--minutes", "1.2", "--fault-every", "5", "--stop-every", "20")
PATIENT = ("--limit", "noticed=60", "--limit", "back=60", "--limit", "age=60", "--limit", "memory=500")


@pytest.mark.timeout(400)
def test_a_short_soak_breaks_no_limit_but_the_one_that_nothing_can_keep(clip, tmp_path, capsys):
    file = tmp_path / "soak.json"
    assert soak.main([*SHORT, *PATIENT, "--seed", "2", "--limit", "stop=0", "--output", str(file)]) == 1
    out, err = capsys.readouterr()
    told = [line for line in err.splitlines() if line.startswith("limit broken")]
    assert len(told) == 1, err
    assert told[0].startswith("limit broken: stop is ")
    assert "fault noticed after" in out

    written = json.loads(file.read_text())
    assert written["command"].startswith("python -m benchmarks.soak --minutes 1.2 --fault-every 5 ")
    assert written["pictures"] > 100
    assert written["reconnections"] >= 1
    assert len(written["stops"]) >= 2
    faults = written["faults"]
    assert len(faults) >= 4
    assert {fault["kind"] for fault in faults} <= set(KINDS)
    got_over = [fault for fault in faults if fault["must_be_noticed"] and fault["back"] is not None]
    assert all(fault["noticed"] is not None for fault in got_over)
    assert written["exceptions"] == written["false_alarms"] == []
    assert written["figures"]["memory_last"] > 100
    assert not {"capture", "pose", "classification"} & {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--minutes", "0"), "--minutes is 0, it has to be above 0"),
        (("--minutes", "nan"), "--minutes is nan"),
        (("--faults", "flood"), "there is no fault 'flood'"),
        (("--limit", "patience=3"), "NAME can be noticed, back"),
        (("--limit", "stop=soon"), "it has to be NAME=VALUE with a number"),
        (("--output", "nowhere/soak.json"), "there is no folder nowhere"),
    ],
)
def test_wrong_arguments_are_told_before_anything_starts(arguments, told, capsys):
    with pytest.raises(SystemExit) as ended:
        soak.main(list(arguments))
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_a_clip_that_is_not_there_is_one_line(capsys, tmp_path: Path):
    assert soak.main(["--source", str(tmp_path / "nowhere.mp4")]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path / 'nowhere.mp4'}: no such file\n"
