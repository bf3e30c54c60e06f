"""The README of a model agrees with its model.json, and so does the licence of its weights."""

from __future__ import annotations

import pytest

from live_stf.model import available_models, load_model
from live_stf.training.model_card import model_card
from live_stf.training.percentage import percent, percentage


@pytest.mark.parametrize(
    ("share", "shown"), [(0.9055, "90.6"), (0.8125, "81.3"), (0.90546, "90.5"), (1.0, "100.0"), (0.0, "0.0")]
)
def test_a_share_is_rounded_half_up(share: float, shown: str) -> None:
    assert percentage(share) == shown
    assert percent(share) == f"{shown}%"
    assert percentage(share, 0) == str(int(share * 100 + 0.5))


@pytest.mark.parametrize("name", available_models())
def test_the_readme_of_a_model_is_written_from_its_description(name: str) -> None:
    model = load_model(name)
    assert (model.folder / "README.md").read_text(encoding="utf-8") == model_card(model)


@pytest.mark.parametrize("name", available_models())
def test_the_licence_of_the_weights_lists_every_data_set_with_its_terms(name: str) -> None:
    model = load_model(name)
    licence = " ".join((model.folder / "LICENSE").read_text(encoding="utf-8").split())
    for source, data in model.training["data"].items():
        assert f"- {source}: {data['terms']}" in licence
    assert "[LICENSE](LICENSE)" in model_card(model)
