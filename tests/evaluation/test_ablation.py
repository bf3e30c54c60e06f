"""Runs compared with each other and with the paper's ablations."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from live_stf.cli import compare
from live_stf.evaluation.ablation import by_kernel, compare_runs, run_name, table
from live_stf.model import Model, load_model

Make = Callable[..., Model]
LABELS = ("wave", "duck", "kick")


@pytest.fixture
def measured(make_model: Make) -> Callable[..., Model]:
    """(top-1, windows, changes to the training, stream, seed, switches) -> a model with these measurements."""

    def make(
        top1: float, windows: int = 30, changes: str = "", stream: str = "joint", seed: int = 1, **switches
    ) -> Model:
        model = make_model(stream, seed, **switches)
        per_class = {label: {"windows": windows // 3, "top1": top1} for label in LABELS}
        training = {
            "command": f"python -m live_stf.train tiny training.seed={seed} {changes}",
            "epochs": 3,
            "seed": seed,
        }
        described = dataclasses.replace(
            model,
            training=training,
            measured={"windows": windows, "top1": top1, "top5": 1.0, "per_class": per_class},
        )
        described.save_description()
        return load_model(model.folder)

    return make


@pytest.mark.parametrize(
    ("switches", "name"),
    [
        ({}, "STF-Net"),
        ({"grains": 3}, "STF-Net"),  # all that the skeleton has
        ({"grains": 2, "tdf_kernel": 5}, "2 grains"),
        ({"grains": 1}, "1 grain"),
        ({"mcf": False, "grains": 1}, "without MCF"),
        ({"tdf": False, "tdf_motion": True}, "without TDF"),
        ({"mcf": False, "tdf": False}, "without MCF and TDF"),
        ({"attention_scale": "none"}, "STF-Net with attention_scale=none"),
        ({"attention_scale": "cosine", "tdf": False}, "without TDF with attention_scale=cosine"),
        ({"tdf": False, "grains": 2}, "STF-Net with tdf=False, grains=2"),
    ],
)
def test_a_network_is_named_as_in_the_paper_or_by_its_changes(switches: dict, name: str, make_model: Make) -> None:
    assert run_name(make_model(**switches)) == name


def test_st_gcn_is_a_row_of_its_own(make_model: Make) -> None:
    assert run_name(make_model(architecture="st-gcn")) == "ST-GCN"


def test_runs_that_differ_in_the_seed_are_one_row_with_mean_and_spread(measured: Make) -> None:
    models = [measured(0.90), measured(0.94, seed=2), measured(0.80, mcf=False), measured(0.7, stream="bone")]
    assert table(compare_runs(models)) == [
        ["without MCF", "joint", "3 epochs", "1", "80.0", "-12.0", "100.0", "88.1", "-0.7"],
        ["STF-Net", "joint", "3 epochs", "1, 2", "92.0 ± 2.8", "-", "100.0 ± 0.0", "88.8", "-"],
        ["STF-Net", "bone", "3 epochs", "1", "70.0", "-", "100.0", "-", "-"],
    ]


def test_networks_are_compared_with_the_full_one_of_their_own_scale(measured: Make) -> None:
    cosine = {"attention_scale": "cosine"}
    models = [measured(0.8, mcf=False), measured(0.9, **cosine), measured(0.85, tdf=False, **cosine)]
    rows = table(compare_runs(models))
    assert [(row[0], row[5], row[7]) for row in rows] == [
        ("without MCF", "-10.0", "88.1"),
        ("without TDF with attention_scale=cosine", "-5.0", "88.0"),
        ("STF-Net with attention_scale=cosine", "-", "88.8"),
    ]


def test_runs_of_different_trainings_are_not_mixed(measured: Make) -> None:
    models = [measured(0.9), measured(0.8, changes="training.learning_rate=0.1 network.mcf=false", mcf=False)]
    rows = table(compare_runs(models))
    assert [(row[0], row[2], row[5]) for row in rows] == [
        ("STF-Net", "3 epochs", "-"),
        ("without MCF", "3 epochs, training.learning_rate=0.1", "-"),
    ]


@pytest.mark.parametrize(
    ("changes", "listed"),
    [
        ("'augmentation=[random crop,random turn]'", "3 epochs, augmentation=[random crop,random turn]"),
        ("name=it's", "3 epochs, name=it's"),
    ],
)
def test_changes_to_the_training_are_listed_completely(changes: str, listed: str, measured: Make) -> None:
    assert table(compare_runs([measured(0.9, changes=changes)]))[0][2] == listed


def test_the_program_prints_the_table_as_markdown(measured: Make, capsys: pytest.CaptureFixture) -> None:
    folders = [str(measured(top1, **switches).folder) for top1, switches in ((0.9, {}), (0.8, {"tdf": False}))]
    assert compare.main([*folders, "--markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| network | stream |")
    assert lines[2] == "| without TDF | joint | 3 epochs | 1 | 80.0 | -10.0 | 100.0 | 88.0 | -0.8 |"
    assert len(lines) == 4


@pytest.mark.parametrize(
    ("case", "message"),
    [("twice", "is given twice"), ("other", "not measured on the same"), ("none", "has no measured accuracy")],
)
def test_runs_that_cannot_be_compared_are_reported_in_one_line(
    case: str, message: str, measured: Make, make_model: Make, capsys: pytest.CaptureFixture
) -> None:
    first = measured(0.9)
    other = {"twice": lambda: first, "other": lambda: measured(0.8, windows=33), "none": make_model}[case]()
    assert compare.main([str(first.folder), str(other.folder)]) == 2
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 1
    assert message in error[0]


def test_runs_are_grouped_by_the_kernel_of_tdf(measured: Make) -> None:
    models = [measured(0.9), measured(0.8, seed=2), measured(0.7, tdf_kernel=3, tdf_motion=True)]
    assert by_kernel(models) == ({5: [0.9, 0.8]}, {3: [0.7]})
