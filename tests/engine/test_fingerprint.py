"""Engines are only used if their record fits the weights, the machine and the library."""

from __future__ import annotations

import dataclasses
import re

import pytest

from live_stf.decision import DecisionSettings
from live_stf.engine.fingerprint import mismatch, model_hash
from live_stf.model import Model, load_model
from live_stf.runtime.hardware import Hardware
from live_stf.runtime.record import EngineRecord
from tests.runtime.test_record import record_of

GAMING_PC = Hardware("NVIDIA GeForce RTX 3060", "sm_86", {"tensorrt_rtx": "1.7", "tensorrt": "10.9", "torch": "2.13"})
LAPTOP = Hardware(None, None, {"openvino": "2026.4.1", "torch": "2.13"}, "some processor")


def record_of_model(model: Model, **changes: object) -> EngineRecord:
    return record_of(model=model.name, model_hash=model_hash(model), **changes)


def test_an_engine_that_fits_is_used(small_model: Model) -> None:
    assert mismatch(record_of_model(small_model), small_model, GAMING_PC) is None
    assert mismatch(record_of_model(small_model, backend="tensorrt", version="10.9"), small_model, GAMING_PC) is None
    on_cpu = record_of_model(
        small_model, backend="openvino", version="2026.4.1", device="some processor", capability=None
    )
    assert mismatch(on_cpu, small_model, LAPTOP) is None


@pytest.mark.parametrize(
    ("changes", "hardware", "message"),
    [
        ({"capability": "sm_89"}, GAMING_PC, r"built for .*sm_89.*this GPU is NVIDIA GeForce RTX 3060 \(sm_86\)"),
        ({"version": "1.6"}, GAMING_PC, "built with tensorrt_rtx 1.6, but 1.7 is installed"),
        ({}, LAPTOP, "built for NVIDIA GeForce RTX 3060.*no NVIDIA GPU here"),
        ({}, dataclasses.replace(GAMING_PC, modules={}), "tensorrt_rtx is not installed"),
        (
            {"backend": "tensorrt", "version": "10.9", "device": "NVIDIA GeForce RTX 3090"},
            GAMING_PC,
            "built on NVIDIA GeForce RTX 3090, but this GPU is NVIDIA GeForce RTX 3060",
        ),
        ({"backend": "openvino", "version": "2025.1", "capability": None}, LAPTOP, "built with openvino 2025.1"),
        ({"backend": "onnx", "capability": None}, LAPTOP, "onnxruntime is not installed"),
    ],
)
def test_an_engine_for_another_machine_is_refused(
    changes: dict, hardware: Hardware, message: str, small_model: Model
) -> None:
    reason = mismatch(record_of_model(small_model, **changes), small_model, hardware)
    assert re.search(message, reason)
    assert "\n" not in reason


def test_an_rtx_engine_fits_every_gpu_of_its_capability(small_model: Model) -> None:
    assert mismatch(record_of_model(small_model, device=""), small_model, GAMING_PC) is None
    assert mismatch(record_of_model(small_model, device="NVIDIA GeForce RTX 3090"), small_model, GAMING_PC) is None


def test_other_weights_or_another_description_are_refused(small_model: Model) -> None:
    record = record_of_model(small_model)
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


def test_decision_and_measurements_do_not_change_the_hash(small_model: Model) -> None:
    retuned = dataclasses.replace(small_model, decision=DecisionSettings(enter=0.9), measured={"top1": 0.5})
    assert model_hash(retuned) == model_hash(small_model)
