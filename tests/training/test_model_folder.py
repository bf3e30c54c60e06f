"""The folder that a training writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from live_stf.errors import ModelError
from live_stf.network import build_network
from live_stf.training import model_folder
from live_stf.training.model_folder import export_model
from live_stf.training.recipe import Recipe


def test_weights_are_kept_if_they_cannot_be_converted(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: object) -> None:
        raise ModelError("converting weights needs onnx")

    monkeypatch.setattr(model_folder, "convert", refuse)
    model = export_model(build_network(recipe.network, len(recipe.labels)), recipe, tmp_path / "model", {})
    assert model.weights.is_file()
    assert caplog.messages == ["converting weights needs onnx"]
