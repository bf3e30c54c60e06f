"""Records of engines: written, read, found, and compared with the engine files."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from live_stf.errors import EngineError
from live_stf.runtime.record import SUFFIX, Agreement, EngineRecord, damage, file_hash, find_records, load_record


def record_of(**changes: object) -> EngineRecord:
    record = EngineRecord(
        model="small",
        model_hash="of some weights",
        backend="tensorrt_rtx",
        version="1.7",
        device="NVIDIA GeForce RTX 3060",
        capability="sm_86",
        precision="fp16",
        people=(1, 2),
        file="some.plan",
        file_hash="",
        project_version="0",
        built="2026-01-01T00:00:00+00:00",
        agreement=Agreement(1e-3, 2.5, 1e-4, 1.0, 12, "the engine itself"),
        latency={1: 0.5, 2: 0.7},
    )
    return dataclasses.replace(record, **changes)


def test_a_record_is_the_same_after_writing_and_reading(tmp_path: Path) -> None:
    for record in (record_of(), record_of(agreement=None, latency={}, people=())):
        path = record.save(tmp_path)
        assert path.name == f"some.plan{SUFFIX}"
        assert load_record(path) == record
        assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == [path.name]


def test_a_changed_or_missing_file_is_detected(tmp_path: Path) -> None:
    path = tmp_path / "some.plan"
    path.write_bytes(b"engine")
    record = record_of(file_hash=file_hash(path))
    assert damage(record, tmp_path) is None
    path.write_bytes(b"engine!")
    assert "has changed" in damage(record, tmp_path)
    path.unlink()
    assert "is missing" in damage(record, tmp_path)


def test_changed_weights_of_an_openvino_file_are_detected(tmp_path: Path) -> None:
    path = tmp_path / "some.xml"
    path.write_bytes(b"network")
    path.with_suffix(".bin").write_bytes(b"weights")
    record = record_of(file=path.name, file_hash=file_hash(path))
    path.with_suffix(".bin").write_bytes(b"other")
    assert "has changed" in damage(record, tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": 1}', '{"format": 2}', '{"format": 1, "file": "../other.plan", "people": []}', "\xff"],
)
def test_a_broken_record_is_reported_in_one_line_and_skipped(text: str, tmp_path: Path) -> None:
    record_of().save(tmp_path)
    broken = tmp_path / f"broken{SUFFIX}"
    broken.write_bytes(text.encode("latin-1"))
    with pytest.raises(EngineError, match="broken"):
        load_record(broken)
    reports: list[str] = []
    assert [record.file for record in find_records(tmp_path, reports.append)] == ["some.plan"]
    assert len(reports) == 1
    assert "\n" not in reports[0]


def test_records_come_newest_first(tmp_path: Path) -> None:
    for year in (2025, 2027, 2026):
        record_of(file=f"{year}.plan", built=f"{year}-01-01T00:00:00+00:00").save(tmp_path)
    assert [record.file for record in find_records(tmp_path, pytest.fail)] == ["2027.plan", "2026.plan", "2025.plan"]
    assert find_records(tmp_path / "nowhere", pytest.fail) == []


def test_a_record_is_plain_json(tmp_path: Path) -> None:
    content = json.loads(record_of().save(tmp_path).read_text())
    assert content["capability"] == "sm_86"
    assert content["agreement"]["windows"] == 12
