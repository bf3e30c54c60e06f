"""Figures: their content, and the program that draws them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from live_stf.cli import figures
from live_stf.engine.torch_engine import load_network
from live_stf.evaluation.network_internals import surest_instances
from live_stf.evaluation.plots import plot_classes, plot_confusion, plot_features, plot_kernels, plot_similarity
from live_stf.evaluation.scores import held_out_side
from live_stf.model import Model
from live_stf.training.recipe import load_recipe

Make = Callable[..., Model]


def ticks(axis: object) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


def test_a_confusion_matrix_is_coloured_by_share_and_shows_the_counts() -> None:
    axes = plot_confusion(np.array([[3, 1], [0, 0]]), ["a", "b"], "title").axes[0]
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.75, 0.25], [0, 0]])
    assert {text.get_text(): text.get_position() for text in axes.texts} == {"3": (0, 0), "1": (1, 0)}
    assert ticks(axes.xaxis) == ticks(axes.yaxis) == ["a", "b"]


def test_classes_are_ordered_by_the_gain_of_the_first_model() -> None:
    axes = plot_classes(["a", "b", "c"], [0.5, 0.9, 0.4], [0.5, 0.3, 0.6], ("ours", "base")).axes[0]
    assert ticks(axes.yaxis) == ["c", "a", "b"]  # from below
    points = {
        one.get_label(): one.get_offsets()[:, 0].tolist() for one in axes.collections if len(one.get_offsets()) > 1
    }
    assert points["ours"] == pytest.approx([40, 50, 90])
    assert points["base"] == pytest.approx([60, 50, 30])


def test_a_similarity_figure_has_a_row_for_each_action_and_a_column_for_each_grain() -> None:
    rng = np.random.default_rng(0)
    actions = {name: [rng.dirichlet(np.ones(size), 3) for size in (3, 2)] for name in ("wave", "duck")}
    figure = plot_similarity(actions, ["x", "y", "z"], [("joints", ["x", "y", "z"]), ("parts", ["p", "q"])])
    panels = [axes for axes in figure.axes if axes.images]
    assert len(panels) == 4
    drawn = iter(panels)
    for matrices in actions.values():
        for matrix in matrices:
            np.testing.assert_array_equal(next(drawn).images[0].get_array(), matrix)
    assert ticks(panels[0].yaxis) == ["x", "y", "z"]
    assert ticks(panels[3].xaxis) == ["p", "q"]


def test_features_are_drawn_with_time_to_the_right_and_joints_downwards() -> None:
    features = np.arange(8.0).reshape(4, 2)  # (T', V)
    figure = plot_features({"wave": features}, ["x", "y"], 5.0)
    picture = figure.axes[0].images[0]
    np.testing.assert_array_equal(picture.get_array(), features.T)
    assert list(picture.get_extent()) == [0, 5, 1.5, -0.5]
    assert ticks(figure.axes[0].yaxis) == ["x", "y"]


def test_kernels_are_drawn_as_means_and_single_runs() -> None:
    axes = plot_kernels({3: [0.8], 5: [0.9, 0.8]}, {3: [0.7]}, "title").axes[0]
    lines = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    assert lines["TDF"] == [[3, pytest.approx(80)], [5, pytest.approx(85)]]
    assert lines["TDF with motion (ME)"] == [[3, pytest.approx(70)]]
    assert len(axes.collections[0].get_offsets()) == 3


def test_the_drawn_values_are_those_of_the_network(make_model: Make, recipe_file: Path) -> None:
    model = make_model(seed=4)
    windows = held_out_side(model, load_recipe(recipe_file))
    one = surest_instances(model, windows, ["duck"])["duck"]
    network = load_network(model)
    with torch.inference_mode():
        probabilities = torch.cat([network(torch.from_numpy(windows[at][0][None])).softmax(1)[:, 1] for at in (2, 3)])
        _, attention = network(torch.from_numpy(windows[one.number][0][None]), attention=True)
    assert one.number == 2 + int(probabilities.argmax())
    assert one.probability == pytest.approx(float(probabilities.max()), abs=1e-5)
    assert [matrix.shape for matrix in one.similarity] == [(20, len(grain.parts)) for grain in model.grains]
    np.testing.assert_allclose(np.concatenate(one.similarity, axis=1), attention[0, 0].mean(dim=0).numpy(), atol=1e-6)
    assert one.features.shape == (3, 20)  # 12 frames halved twice


@pytest.mark.parametrize("figure", ["similarity", "features"])
def test_the_program_draws_a_model(figure: str, make_model: Make, recipe_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "new" / "figure.png"
    assert figures.main([figure, str(make_model().folder), str(recipe_file), "--output", str(file)]) == 0
    with Image.open(file) as picture:
        assert picture.format == "PNG"
        assert len(picture.getcolors(1 << 20)) > 50


@pytest.mark.parametrize(
    ("switches", "action", "message"),
    [
        ({"mcf": False}, "duck", "has no MCF"),
        ({"architecture": "st-gcn"}, "duck", "has no MCF"),
        ({}, "dinner", "does not know 'dinner'"),
    ],
)
def test_a_figure_that_cannot_be_drawn_is_reported_in_one_line(
    switches: dict, action: str, message: str, make_model: Make, recipe_file: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:  # fmt: skip
    command = [str(make_model(**switches).folder), str(recipe_file), "--action", action]
    assert figures.main(["similarity", *command, "--output", str(tmp_path / "figure.png")]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert message in error
    assert not (tmp_path / "figure.png").exists()
