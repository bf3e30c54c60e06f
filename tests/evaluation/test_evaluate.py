"""The evaluation program, from models and a recipe to what it prints and writes."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from rich.console import Console

from live_stf.cli import evaluate
from live_stf.data.store import Store, write_store
from live_stf.engine.torch_engine import load_network
from live_stf.errors import DataError
from live_stf.evaluation.report import report_of
from live_stf.evaluation.results import Result, show_paper
from live_stf.evaluation.scores import UNTRAINED_EPOCH, compute_scores, held_out_side, load_scores
from live_stf.model import Model
from live_stf.preparation import STREAMS
from live_stf.skeleton import KINECT_20
from live_stf.training.protocol_windows import BenchmarkTraining
from live_stf.training.recipe import load_recipe
from live_stf.training.selection import select

Make = Callable[..., Model]


def test_every_model_gets_its_own_stream(make_model: Make, recipe_file: Path) -> None:
    recipe = load_recipe(recipe_file)
    windows = {stream: held_out_side(make_model(stream), recipe) for stream in STREAMS}
    joint = windows["joint"][0][0]
    np.testing.assert_array_equal(windows["joint-motion"][0][0][:, :-1], joint[:, 1:] - joint[:, :-1])
    assert recipe.preparation.stream == "joint"  # the caller's recipe stays as it was
    for one in windows.values():
        assert [target for _, target in one] == one.targets == [0, 0, 1, 1, 2, 2]


def test_scores_are_those_of_the_network_on_the_test_side_and_on_training_windows_never_drawn(
    make_model: Make, recipe_file: Path
) -> None:
    model, recipe = make_model("bone"), load_recipe(recipe_file)
    scores = compute_scores(model, recipe, "torch", training=5)
    tested = held_out_side(model, recipe)
    training = BenchmarkTraining(tested.store, select(tested.store, recipe), tested.recipe, UNTRAINED_EPOCH)
    network = load_network(model)
    for windows, logits, targets in (
        (tested, scores.logits, scores.targets),
        (training, scores.training_logits, scores.training_targets),
    ):
        assert [windows[at][1] for at in range(len(targets))] == list(targets)
        with torch.inference_mode():
            expected = network(torch.from_numpy(np.stack([windows[at][0] for at in range(len(targets))])))
        np.testing.assert_allclose(logits, expected.numpy(), atol=1e-5)
    assert (len(scores.targets), len(scores.training_targets)) == (6, 5)
    assert not {one.index for one in tested.clips} & {one.index for one in training.clips}


def test_stored_scores_are_not_computed_again_unless_something_changed(
    make_model: Make, recipe_file: Path, tmp_path: Path
) -> None:
    model, recipe, folder = make_model(), load_recipe(recipe_file), tmp_path / "scores"
    first = compute_scores(model, recipe, "torch", folder=folder)
    file = folder / first.name
    kept = load_scores(file)
    np.testing.assert_array_equal(kept.logits, first.logits)
    assert (kept.labels, kept.sources, kept.stream) == (first.labels, first.sources, first.stream)

    # Change the stored scores: if the changed ones come back, nothing was computed.
    marked = {**vars(kept), "logits": kept.logits + 1}
    np.savez_compressed(file, **{key: np.asarray(value) for key, value in marked.items()})
    np.testing.assert_array_equal(compute_scores(model, recipe, "torch", folder=folder).logits, first.logits + 1)
    longer = load_recipe(recipe_file, ["data.shortest=0.1"])
    np.testing.assert_array_equal(compute_scores(model, longer, "torch", folder=folder).logits, first.logits)


def test_a_damaged_or_pickled_file_of_scores_is_refused(tmp_path: Path) -> None:
    torn, pickled = tmp_path / "torn.npz", tmp_path / "pickled.npz"
    torn.write_bytes(b"PK\x03\x04 torn")
    np.savez(pickled, model=np.array([{"a": 1}], dtype=object))
    for file in (torn, pickled):
        with pytest.raises(DataError, match="is not a file of scores"):
            load_scores(file)


def test_reports_count_correct_windows() -> None:
    scores = np.array([[3, 1, 0], [0, 2, 1], [2, 1, 0], [0, 1, 5]], np.float32)
    report = report_of(scores, np.array([0, 1, 1, 2]), ["x", "x", "y", "y"], ["a", "b", "c"])
    assert report.top1 == pytest.approx(0.75)
    assert report.per_source == {"x": (2, pytest.approx(1)), "y": (2, pytest.approx(0.5))}
    assert report.per_class == {"a": (1, 1.0), "b": (2, 0.5), "c": (1, 1.0)}
    np.testing.assert_array_equal(report.confusion, [[1, 0, 0], [1, 1, 0], [0, 0, 1]])
    assert report.per_kind == {}


def test_filmed_people_are_reported_apart_from_virtual_cameras() -> None:
    scores = np.array([[3, 1, 0], [0, 2, 1], [2, 1, 0], [0, 1, 5]], np.float32)
    report = report_of(scores, np.array([0, 1, 1, 2]), ["x", "x", "y", "y"], ["a", "b", "c"], filmed=["y"])
    # Of y, one of two is correct. F1 is 0 for b, which is missed, and 1 for c; a does not occur in y.
    assert report.per_kind["filmed people"] == (2, pytest.approx(0.5), pytest.approx(0.5))
    assert report.per_kind["virtual cameras"] == (2, pytest.approx(1), pytest.approx(1))
    assert report.as_dict()["per_kind"]["filmed people"] == {"windows": 2, "top1": 0.5, "macro_f1": 0.5}


def test_four_streams_are_fused_and_all_files_are_written(
    make_model: Make, recipe_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folders = [str(make_model(stream, seed).folder) for seed, stream in enumerate(STREAMS)]
    output = tmp_path / "out"
    command = [*folders, str(recipe_file), "--engine", "torch", "--paper", "--output", str(output)]
    assert evaluate.main(command) == 0
    printed = capsys.readouterr().out
    assert "The paper has no figures for this data set" in printed
    assert "trained on as well" not in printed

    results = json.loads((output / "results.json").read_text())["results"]
    assert list(results) == ["Js", "Bs", "joint-motion", "bone-motion", "2s", "4s"]
    scores = {one.stream: one for one in map(load_scores, (output / "scores").iterdir())}
    for name, streams in (("2s", STREAMS[:2]), ("4s", STREAMS)):
        weights = results[name]["weights"]
        assert sum(weights.values()) == pytest.approx(1, abs=1e-3)
        fused = sum(weights[stream] * torch.from_numpy(scores[stream].logits).softmax(dim=1) for stream in streams)
        right = (fused.argmax(dim=1).numpy() == scores["joint"].targets).mean()
        assert results[name]["top1"] == pytest.approx(right, abs=1e-4)
        assert f"{right:.1%}" in printed
    assert len(scores["joint"].training_targets) == 12  # all training clips: two views

    with (output / "classes.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["class", "windows", *results]
    assert [row[:2] for row in rows[1:]] == [["wave", "2"], ["duck", "2"], ["kick", "2"]]
    for name in results:
        with (output / f"confusion-{name}.csv").open() as file:
            counts = np.array([row[1:] for row in list(csv.reader(file))[1:]], int)
        assert counts.sum() == 6
        assert np.trace(counts) / 6 == pytest.approx(results[name]["top1"], abs=1e-4)
        with Image.open(output / f"confusion-{name}.png") as picture:
            assert picture.format == "PNG"


def test_accuracy_without_copies_of_training_clips_is_reported(
    make_model: Make, recipe_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    # Both takes of "wave" are tested on as copies of another view, one of them under another number of frames.
    clips = list(Store(recipe_file.parent / "store"))
    by_name = {clip.name: clip for clip in clips}
    for at, clip in enumerate(clips):
        if clip.name in ("a01_s01_e00_v03", "a01_s02_e00_v03"):
            source = by_name[clip.name.replace("v03", "v02")]
            kept = slice(0, 20 if "s01" in clip.name else 19)
            clips[at] = replace(clip, coordinates=source.coordinates[:, kept], scores=source.scores[:, kept])
    write_store(clips, tmp_path / "store", KINECT_20)
    store = f"data.store={tmp_path / 'store'}"
    model, output = make_model(), tmp_path / "out"
    command = [str(model.folder), str(recipe_file), store, "--engine", "torch", "--output", str(output)]
    assert evaluate.main(command) == 0

    scores = compute_scores(model, load_recipe(recipe_file, [store]), "torch")
    assert scores.copied.tolist() == [True, False, False, False, False, False]
    right = (scores.logits.argmax(axis=1) == scores.targets)[1:].mean()
    printed = " ".join(capsys.readouterr().out.split())
    assert "1 of the 6 held-out windows are of clips that are trained on as well" in printed
    assert f"Top-1 without them: Js {right:.1%}" in printed
    result = json.loads((output / "results.json").read_text())["results"]["Js"]
    assert result["copied_windows"] == 1
    assert result["top1, without copies"] == pytest.approx(right, abs=1e-4)


def test_the_papers_row_and_the_difference_are_shown_beside_ours(capsys: pytest.CaptureFixture) -> None:
    labels, target = ["a", "b"], np.array([0, 1, 0, 0])
    report = report_of(np.eye(2, dtype=np.float32)[[0, 1, 0, 1]], target, ["x"] * 4, labels)
    results = [Result(name, {}, report, {}, 0, 0.75) for name in ("2s", "joint-motion")]
    show_paper(results, "ntu60-xview", "ntu", Console(width=120))
    rows = [line.split("│") for line in capsys.readouterr().out.splitlines() if "75.0" in line]
    assert [[cell.strip() for cell in row[1:5]] for row in rows] == [
        ["2s", "75.0", "96.2", "-21.2"],
        ["joint-motion", "75.0", "-", "-"],
    ]


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("labels", "do not have the same labels"),
        ("twice", "two models are of the stream joint"),
        ("three", "1, 2 or 4 streams can be fused, not 3"),
        ("no test side", "the recipe has no test side"),
        ("unwritable", "cannot be written to"),
    ],
)
def test_models_that_cannot_be_evaluated_are_reported_in_one_line(
    case: str, message: str, make_model: Make, recipe_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    models, changes = [make_model()], []
    if case == "labels":
        models = [make_model(labels=("kick", "duck", "wave"))]
    elif case == "twice":
        models.append(make_model(seed=1))
    elif case == "three":
        models += [make_model("bone"), make_model("bone-motion")]
    elif case == "no test side":
        changes = ["data.protocol=null"]
    elif case == "unwritable":
        (tmp_path / "file").touch()
        changes = ["--output", str(tmp_path / "file" / "out")]
    folders = [str(model.folder) for model in models]
    assert evaluate.main([*folders, str(recipe_file), "--engine", "torch", *changes]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert message in error
