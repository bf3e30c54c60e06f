"""The committed int8 measurements belong to the committed weights, cover all held-out windows and are good enough."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from live_stf.engine.fingerprint import model_hash
from live_stf.engine.measure import LEAST_SAME_BEST
from live_stf.model import load_model

RESULTS = sorted((Path(__file__).resolve().parents[2] / "calibration").glob("*-int8*.json"))


def test_both_runtimes_were_measured() -> None:
    assert [path.name for path in RESULTS] == ["everyday-int8-openvino.json", "everyday-int8.json"]


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.name)
def test_int8_agrees_with_torch(path: Path) -> None:
    result = json.loads(path.read_text(encoding="utf-8"))
    assert result["model_hash"] == model_hash(load_model(result["model"])), "measure again: calibration/README.md"
    assert result["every"] == 1
    assert result["agreement"] >= LEAST_SAME_BEST
