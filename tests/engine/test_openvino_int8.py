"""int8 with OpenVINO's quantisation library."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from live_stf.engine import openvino_int8
from live_stf.engine.measure import agreement
from live_stf.engine.openvino_engine import OpenVINOEngine, load_network, save
from live_stf.engine.openvino_int8 import convolutions, quantized
from live_stf.engine.torch_engine import TorchEngine
from live_stf.errors import EngineError
from live_stf.model import Model
from tests.engine.conftest import SHALLOW_LINES

TAKEN = 4  # convolutions that are tried, so that the test is fast


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_int8, "convolutions", lambda network: convolutions(network)[:TAKEN])
    monkeypatch.setattr(openvino_int8, "TRIED", 2)


@pytest.mark.usefixtures("few")
def test_all_but_the_most_sensitive_convolutions_are_rounded(
    model: Model, inputs: np.ndarray, tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    network = load_network(model)
    lines = []
    rounded, kept = quantized(network, inputs[:4], lines.append)
    names = convolutions(network)[:TAKEN]
    assert 0 < len(kept) < TAKEN
    assert set(kept) < set(names)
    assert f"{TAKEN} of {TAKEN}" in lines[-2]
    assert capfd.readouterr().out == ""
    of_features = [
        target.get_node().get_friendly_name()
        for node in rounded.get_ops()
        if node.get_type_name() == "FakeQuantize"
        for target in _readers(node)
    ]
    assert set(of_features) == set(names) - set(kept)
    save(rounded, tmp_path / "int8.xml")
    engine = OpenVINOEngine(model, "int8", path=tmp_path / "int8.xml")
    found = agreement(engine, inputs, TorchEngine(model, device="cpu").run(inputs), "the engine itself")
    assert 1e-5 < found.logits < 0.05 * found.largest_logit  # rounded, but close


def _readers(node) -> list:
    """Inputs that read a quantised value, directly or after operations that only change its shape."""
    found = []
    for target in node.output(0).get_target_inputs():
        follower = target.get_node()
        found += _readers(follower) if follower.get_type_name() in ("Reshape", "Transpose", "Unsqueeze") else [target]
    return found


def test_without_nncf_the_error_names_the_extra(
    small_model: Model, inputs: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(EngineError, match=r"nncf.*not installed.*quantize"):
        quantized(load_network(small_model), inputs[:1])


_QUANTISING = f"""{SHALLOW_LINES}
import numpy as np
from live_stf.engine import openvino_int8
from live_stf.engine.openvino_engine import load_network
from live_stf.model import load_model
network = load_network(load_model(sys.argv[1]))
openvino_int8._rounded(network, openvino_int8.convolutions(network)[:1], np.zeros((1, 3, 150, 18, 1), np.float32))
"""


def test_quantising_contacts_no_host(
    small_model: Model, run_and_list_hosts: Callable[..., subprocess.CompletedProcess], tmp_path: Path
) -> None:
    done = run_and_list_hosts(_QUANTISING, small_model.folder)
    assert done.stdout.strip() == "[]"
    assert not (tmp_path / "intel").exists()
