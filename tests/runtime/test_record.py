"""No engine is used whose record does not fit the weights, the machine and the library."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from live_stf.decision import DecisionSettings
from live_stf.engine.fingerprint import mismatch, model_hash
from live_stf.errors import EngineError
from live_stf.model import Model, load_model
from live_stf.runtime.hardware import Hardware
from live_stf.runtime.record import SUFFIX, Agreement, EngineRecord, damage, file_hash, find_records, load_record

GAMING_PC = Hardware("NVIDIA GeForce RTX 3060", "sm_86", {"tensorrt_rtx": "1.7", "tensorrt": "10.9", "torch": "2.13"})
LAPTOP = Hardware(None, None, {"openvino": "2026.4.1", "torch": "2.13"}, "some processor")


def record_of(model: Model, **changes: object) -> EngineRecord:
    record = EngineRecord(
        model=model.name,
        model_hash=model_hash(model),
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


def test_a_record_is_the_same_after_writing_and_reading(small_model: Model, tmp_path: Path) -> None:
    for record in (record_of(small_model), record_of(small_model, agreement=None, latency={}, people=())):
        path = record.save(tmp_path)
        assert path.name == f"some.plan{SUFFIX}"
        assert load_record(path) == record
        assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == [path.name]


def test_an_engine_that_fits_is_used(small_model: Model) -> None:
    assert mismatch(record_of(small_model), small_model, GAMING_PC) is None
    assert mismatch(record_of(small_model, backend="tensorrt", version="10.9"), small_model, GAMING_PC) is None
    on_cpu = record_of(small_model, backend="openvino", version="2026.4.1", device="some processor", capability=None)
    assert mismatch(on_cpu, small_model, LAPTOP) is None


@pytest.mark.parametrize(
    ("changes", "hardware", "said"),
    [
        ({"capability": "sm_89"}, GAMING_PC, r"built for .*sm_89.*this GPU is NVIDIA GeForce RTX 3060 \(sm_86\)"),
        ({"version": "1.6"}, GAMING_PC, "built with tensorrt_rtx 1.6, installed is 1.7"),
        ({}, LAPTOP, "built for NVIDIA GeForce RTX 3060.*no NVIDIA GPU here"),
        ({}, dataclasses.replace(GAMING_PC, modules={}), "tensorrt_rtx is not installed"),
        (
            {"backend": "tensorrt", "version": "10.9", "device": "NVIDIA GeForce RTX 3090"},
            GAMING_PC,
            "built on NVIDIA GeForce RTX 3090, this GPU is NVIDIA GeForce RTX 3060",
        ),
        ({"backend": "openvino", "version": "2025.1", "capability": None}, LAPTOP, "built with openvino 2025.1"),
        ({"backend": "onnx", "capability": None}, LAPTOP, "onnxruntime is not installed"),
    ],
)
def test_an_engine_for_another_machine_is_refused(
    changes: dict, hardware: Hardware, said: str, small_model: Model
) -> None:
    import re

    reason = mismatch(record_of(small_model, **changes), small_model, hardware)
    assert re.search(said, reason)
    assert "\n" not in reason


def test_an_rtx_engine_runs_on_every_gpu_of_its_capability(small_model: Model) -> None:
    assert mismatch(record_of(small_model, device=""), small_model, GAMING_PC) is None
    assert mismatch(record_of(small_model, device="NVIDIA GeForce RTX 3090"), small_model, GAMING_PC) is None


def test_other_weights_or_another_description_are_refused(small_model: Model) -> None:
    record = record_of(small_model)
    weights = bytearray(small_model.weights.read_bytes())
    weights[-1] ^= 1
    small_model.weights.write_bytes(weights)
    assert "other weights" in mismatch(record, load_model(small_model.folder), GAMING_PC)
    weights[-1] ^= 1
    small_model.weights.write_bytes(weights)
    assert mismatch(record, small_model, GAMING_PC) is None
    for change in (
        {"network": {**small_model.network, "tdf": True}},
        {"labels": small_model.labels[::-1]},
        {"preparation": dataclasses.replace(small_model.preparation, stream="bone")},
    ):
        assert "other weights" in mismatch(record, dataclasses.replace(small_model, **change), GAMING_PC)


def test_what_does_not_change_the_network_does_not_matter(small_model: Model) -> None:
    retuned = dataclasses.replace(small_model, decision=DecisionSettings(enter=0.9), measured={"top1": 0.5})
    assert model_hash(retuned) == model_hash(small_model)


def test_a_changed_or_missing_file_is_noticed(small_model: Model, tmp_path: Path) -> None:
    path = tmp_path / "some.plan"
    path.write_bytes(b"engine")
    record = record_of(small_model, file_hash=file_hash(path))
    assert damage(record, tmp_path) is None
    path.write_bytes(b"engine!")
    assert "has changed" in damage(record, tmp_path)
    path.unlink()
    assert "is missing" in damage(record, tmp_path)


def test_the_weights_beside_an_openvino_file_count(small_model: Model, tmp_path: Path) -> None:
    path = tmp_path / "some.xml"
    path.write_bytes(b"network")
    path.with_suffix(".bin").write_bytes(b"weights")
    record = record_of(small_model, file=path.name, file_hash=file_hash(path))
    path.with_suffix(".bin").write_bytes(b"other")
    assert "has changed" in damage(record, tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": 1}', '{"format": 2}', '{"format": 1, "file": "../other.plan", "people": []}', "\xff"],
)
def test_a_broken_record_is_said_in_one_line_and_passed_over(text: str, small_model: Model, tmp_path: Path) -> None:
    record_of(small_model).save(tmp_path)
    broken = tmp_path / f"broken{SUFFIX}"
    broken.write_bytes(text.encode("latin-1"))
    with pytest.raises(EngineError, match="broken"):
        load_record(broken)
    complaints: list[str] = []
    assert [record.file for record in find_records(tmp_path, complaints.append)] == ["some.plan"]
    assert len(complaints) == 1
    assert "\n" not in complaints[0]


def test_records_come_newest_first(small_model: Model, tmp_path: Path) -> None:
    for year in (2025, 2027, 2026):
        record_of(small_model, file=f"{year}.plan", built=f"{year}-01-01T00:00:00+00:00").save(tmp_path)
    assert [record.file for record in find_records(tmp_path, pytest.fail)] == ["2027.plan", "2026.plan", "2025.plan"]
    assert find_records(tmp_path / "nowhere", pytest.fail) == []


def test_a_record_is_plain_json(small_model: Model, tmp_path: Path) -> None:
    content = json.loads(record_of(small_model).save(tmp_path).read_text())
    assert content["capability"] == "sm_86"
    assert content["agreement"]["windows"] == 12
