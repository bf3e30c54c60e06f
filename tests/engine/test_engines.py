"""Engines opened by name, and classifiers, on windows of a real person."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from live_stf.engine import ENGINES, open_classifier, open_engine
from live_stf.errors import ModelError
from live_stf.model import Model, load_model
from live_stf.runtime.hardware import Hardware
from live_stf.types import Window
from tests.engine.conftest import SHALLOW_LINES

TOLERANCE = 1e-4
RunAndListHosts = Callable[..., subprocess.CompletedProcess]


def test_real_windows_hold_a_moving_person(real_windows: list[Window]) -> None:
    assert len(real_windows) >= 8
    assert all((window.joints[..., 2] > 0).mean() > 0.5 for window in real_windows)


def test_a_converted_network_is_kept_and_a_changed_one_converted_again(
    small_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setattr("live_stf.engine.conversion.cache_folder", lambda: cache)
    open_engine(small_model, "openvino")
    (kept,) = cache.glob("small-*.onnx")
    written = kept.stat().st_mtime_ns
    open_engine(small_model, "openvino")
    assert kept.stat().st_mtime_ns == written
    weights = bytearray(small_model.weights.read_bytes())
    weights[-1] ^= 1
    small_model.weights.write_bytes(weights)
    open_engine(load_model(small_model.folder), "openvino")
    assert len(list(cache.glob("small-*.onnx"))) == 2


_OPENING = f"""{SHALLOW_LINES}
from live_stf.engine import open_engine
from live_stf.model import load_model
open_engine(load_model(sys.argv[1]), "openvino")
"""


def test_opening_and_converting_contacts_no_host(
    small_model: Model, run_and_list_hosts: RunAndListHosts, tmp_path: Path
) -> None:
    done = run_and_list_hosts(_OPENING, small_model.folder)
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""
    assert not (tmp_path / "intel").exists()


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_a_classifier_scores_each_window_in_order(engine: str, model: Model, real_windows: list[Window]) -> None:
    classifier = open_classifier(model, engine)
    assert classifier.classify([]) == []
    together = classifier.classify(real_windows[:3])
    for window, scores in zip(real_windows[:3], together, strict=True):
        (alone,) = classifier.classify([window])
        assert (scores.identity, scores.time) == (window.identity, window.time)
        assert scores.probabilities.sum() == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(scores.probabilities, alone.probabilities, atol=1e-5)
        assert [grain.shape for grain in scores.attention] == [(18, 18), (18, 6)]
        for grain, other in zip(scores.attention, alone.attention, strict=True):
            np.testing.assert_allclose(grain.sum(axis=1), 1, atol=1e-4)
            np.testing.assert_allclose(grain, other, atol=1e-5)


def test_the_attention_of_a_window_is_that_of_the_last_block(model: Model, real_windows: list[Window]) -> None:
    classifier = open_classifier(model, "torch")
    _, attention = open_engine(model, "torch").run(classifier.prepare(real_windows[:1]))
    (scores,) = classifier.classify(real_windows[:1])
    np.testing.assert_allclose(np.concatenate(scores.attention, axis=1), attention[0, 0, -1], atol=1e-5)
    assert np.abs(attention[0, 0, -1] - attention[0, 0, 0]).max() > 1e-3


def test_auto_opens_the_first_installed_engine(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("live_stf.engine.choice.detect_hardware", lambda: Hardware())
    assert open_classifier(model).engine_name.startswith("OpenVINO")
    monkeypatch.setitem(ENGINES, "openvino", ("no_such_engine", "Engine"))
    assert open_classifier(model).engine_name.startswith("torch")
    with pytest.raises(ModelError, match=r"no_such_engine.*--engine"):
        open_engine(model, "openvino")


def test_an_unknown_engine_is_named(model: Model) -> None:
    with pytest.raises(ModelError, match=r"'abacus'.*openvino"):
        open_engine(model, "abacus")


def test_weights_of_another_network_are_refused_in_one_line(model: Model, tmp_path: Path) -> None:
    more = dataclasses.replace(model, folder=tmp_path, labels=(*model.labels, "fly"))
    more.save_description()
    more.weights.write_bytes(model.weights.read_bytes())
    with pytest.raises(ModelError, match="does not fit the network") as problem:
        open_engine(load_model(tmp_path), "torch")
    assert "\n" not in str(problem.value)
    more.weights.write_bytes(b"no weights")
    with pytest.raises(ModelError, match="does not fit the network"):
        open_engine(load_model(tmp_path), "torch")


def test_a_model_of_two_bodies_gets_one_person_as_in_training(kinetics_model: Model) -> None:
    """The second body is empty, as in most clips."""
    rng = np.random.default_rng(0)
    joints = np.dstack([rng.random((30, 18, 2)) * (340, 256), rng.random((30, 18))]).astype(np.float32)
    classifier = open_classifier(kinetics_model, "openvino")
    (scores,) = classifier.classify([Window(1, 1.0, joints, (340, 256), 1.0)])
    fractions = joints[None, ..., :2] / np.float32((340, 256))
    clip = kinetics_model.preparation.prepare(fractions, joints[None, ..., 2])
    logits, _ = open_engine(kinetics_model, "torch").run(clip[None])
    expected = np.exp(logits[0]) / np.exp(logits[0]).sum()
    np.testing.assert_allclose(scores.probabilities, expected, atol=TOLERANCE)
    assert [grain.shape for grain in scores.attention] == [(18, 18), (18, 6)]


def test_a_model_of_3d_joints_is_refused_for_camera_input(ntu_model: Model) -> None:
    with pytest.raises(ModelError, match="a camera cannot provide"):
        open_classifier(ntu_model, "torch")
