"""The figures of a record, and the limits that they exceed."""

from __future__ import annotations

import json
from array import array

import numpy as np
import pytest
from rich.console import Console

from benchmarks.soak.faulty_camera import Fault
from benchmarks.soak.soak_report import Limits, as_dict, broken, fault_table, figures, stop_table, table
from benchmarks.soak.watch import Record, Sample, Stop


def sample(seconds: float, memory: float = 500.0, **given) -> Sample:
    values = {"threads": 5, "native": 20, "well": True, "pose": 30.0, "label": 9.0, "frame_age_95": 0.05, **given}
    return Sample(seconds, memory, **values)


def fault(kind: str = "freeze", noticed: float | None = 1.7, back: float | None = 2.2, **given) -> Fault:
    began = 100.0
    return Fault(
        kind,
        began,
        given.pop("seconds", 3.0),
        given.pop("must_be_noticed", True),
        None if noticed is None else began + noticed,
        None if back is None else began + back,
        **given,
    )


def record(samples=None, **given) -> Record:
    seconds = 3600.0
    samples = [sample(t) for t in np.arange(0, seconds, 10)] if samples is None else samples
    given = {"stops": [Stop(0.1, "label", ())], "faults": [fault(), fault("stall", 1.6, 2.1)], **given}
    return Record(seconds=seconds, samples=samples, ages=array("f", [0.02] * 95 + [0.04] * 5), **given)


def test_a_run_without_problems_exceeds_no_limit():
    found = figures(record())
    assert broken(found, Limits()) == []
    assert found.noticed == pytest.approx(1.7)
    assert found.back == pytest.approx(2.2)
    assert (found.memory, found.exceptions, found.unnoticed, found.never_back) == (0.0, 0, 0, 0)
    assert found.age_median == pytest.approx(0.02)
    assert found.pose_rate == 30.0


def test_a_leak_is_distinguished_from_peaks_and_from_the_warm_up():
    def growing(seconds: float) -> float:
        return 300 + min(seconds, 300.0) + (200 if seconds % 100 < 20 else 0)

    times = np.arange(0, 3600, 10)
    assert abs(figures(record([sample(t, growing(t)) for t in times])).memory) < 1
    leak = figures(record([sample(t, growing(t) + t / 60) for t in times]))  # a megabyte a minute
    assert leak.memory == pytest.approx(55, abs=3)
    assert broken(leak, Limits()) == [f"memory is {leak.memory:.4g}, the limit is 32"]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"faults": [fault(noticed=2.4)]}, "noticed is 2.4, the limit is 2"),
        ({"faults": [fault(back=12.0)]}, "back is 12, the limit is 9"),
        ({"stops": [Stop(2.5, "label", ())]}, "stop is 2.5, the limit is 2"),
        ({"stops": [Stop(0.1, "label", ("pose",))]}, "exceptions is 1, the limit is 0"),
        ({"exceptions": ["broken"]}, "exceptions is 1, the limit is 0"),
        ({"false_alarms": ["no picture"]}, "alarms is 1, the limit is 0"),
        ({"samples": [sample(t, threads=4 + t // 300) for t in range(0, 3600, 10)]}, "threads is 15, the limit is 8"),
        ({"samples": [sample(t, native=t // 100) for t in range(0, 3600, 10)]}, "native is 24, the limit is 4"),
        ({"faults": [fault(noticed=None)]}, "1 faults were over before a message was shown"),
        ({"faults": [fault(back=None), fault()]}, "1 faults never ended"),
    ],
)
def test_every_exceeded_limit_is_named(given, line):
    assert line in broken(figures(record(**given)), Limits())


def test_faults_that_were_cut_short_or_need_no_notice_exceed_no_limit():
    faults = [
        fault(noticed=None, back=None, cut_short=True),
        fault("garbage", noticed=None, must_be_noticed=False),
        fault("end", noticed=0.01, back=5.0, seconds=4.0),
        fault(noticed=None, back=None),  # the run ended in it
    ]
    found = figures(record(faults=faults))
    assert broken(found, Limits()) == []
    assert found.back == pytest.approx(1.0)  # counted from when it could be opened again


def test_an_empty_record_has_no_figures_and_exceeds_no_limit():
    found = figures(Record())
    assert found.noticed is found.memory is found.age is found.stop is None
    assert broken(found, Limits()) == []


def test_figures_can_be_printed_and_written():
    seen = record(exceptions=["broken"])
    found = figures(seen)
    console = Console(width=120)
    with console.capture() as captured:
        for shown in (table(seen, found, Limits()), fault_table(seen), stop_table(seen)):
            console.print(shown)
    for text in ("fault noticed after", "1.70 s", "freeze", "stall", "label"):
        assert text in captured.get()
    written = json.loads(json.dumps(as_dict(seen, found, Limits())))
    assert written["broken"] == ["exceptions is 1, the limit is 0"]
    assert written["figures"]["noticed"] == 1.7
