"""The command `live-stf engine`: build, list, check, bench, profile."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from live_stf.cli import engine as command
from live_stf.engine.build import build
from live_stf.engine.measure import agreement, disagreement
from live_stf.engine.references import References
from live_stf.engine.torch_engine import TorchEngine
from live_stf.errors import EngineError
from live_stf.model import Model
from live_stf.runtime.hardware import Hardware, detect_hardware
from live_stf.runtime.record import Agreement, find_records


@pytest.fixture(autouse=True)
def windows(monkeypatch: pytest.MonkeyPatch, inputs: np.ndarray) -> None:
    """Use some windows of the sample clip, which is run through the pose estimator once for all tests."""
    monkeypatch.setattr("live_stf.engine.references.prepared_windows", lambda model: inputs[::3])


def run(capsys: pytest.CaptureFixture, *arguments: object) -> tuple[int, str, str]:
    status = command.main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_build_list_and_check(small_model: Model, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    options = ("--model", small_model.folder, "--output", tmp_path / "engines")
    status, out, err = run(capsys, "build", "--backend", "openvino", "--people", "1,2", *options)
    assert (status, err) == (0, "")
    (record,) = find_records(tmp_path / "engines", pytest.fail)
    assert record.file in out
    assert "compared with torch on 4 windows of the sample clip: logits within " in out
    assert "by the engine itself" in out
    assert "median ms by people in one batch: 1: " in out
    assert list(record.latency) == [1, 2]
    assert record.agreement.logits < 1e-4
    assert not [path for path in (tmp_path / "engines").iterdir() if path.name.startswith(".")]

    status, out, err = run(capsys, "list", *options)
    assert (status, err) == (0, "")
    assert "usable here: yes" in out
    assert f"{record.latency[1]:.2f} ms for one person" in out
    status, out, err = run(capsys, "list", "--output", tmp_path / "engines")
    assert (status, err) == (0, "")
    assert "'small' is not in models/: give its folder with --model" in out

    status, out, err = run(capsys, "check", *options)
    assert (status, err) == (0, "")
    assert "the file is the one that was built" in out
    assert "close enough to torch" in out
    weights = (tmp_path / "engines" / record.file).with_suffix(".bin")
    weights.write_bytes(weights.read_bytes()[:-1])
    status, out, err = run(capsys, "check", *options)
    assert status == 2
    assert "has changed since it was built" in out


def test_onnx_files_are_built_and_run(small_model: Model, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name, reason=f"needs {name} (pip install 'live-stf[onnx]')")
    options = ("--model", small_model.folder, "--output", tmp_path)
    status, out, _ = run(capsys, "build", "--backend", "onnx", "--precision", "fp16", "--people", "1", *options)
    assert status == 0
    (record,) = find_records(tmp_path, pytest.fail)
    assert record.file.endswith("-onnx-fp16.onnx")
    assert record.agreement.logits < 2e-2
    assert "by the engine itself" in out


def test_an_engine_that_differs_too_much_from_torch_is_not_saved(
    small_model: Model, inputs: np.ndarray, tmp_path: Path
) -> None:
    references = References(small_model, lambda model: inputs[:2])
    logits, _ = references.answer
    logits += 1e-3
    folder = tmp_path / "engines"
    with pytest.raises(
        EngineError, match=r"is not kept: it differs from torch by 0\.001 in logits .* 1e-04 is the limit"
    ):
        build(small_model, "openvino", detect_hardware(), folder, people=(1,), references=references)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--backend", "tensorrt", "--precision", "int8", "--target", "sm_86"),
            "int8 needs calibration windows.* --calibration",
        ),
        (("--backend", "openvino", "--precision", "fp16"), "openvino does not support fp16; choose one of fp32, bf16"),
        (("--backend", "openvino", "--target", "sm_86"), "--target is for tensorrt"),
        (("--backend", "openvino", "--model", "nobody"), "no model 'nobody'"),
    ],
)
def test_an_impossible_build_is_reported_in_one_line(
    arguments: tuple[str, ...], message: str, small_model: Model, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    status, out, err = run(capsys, "build", "--model", small_model.folder, "--output", tmp_path, *arguments)
    assert (status, out) == (2, "")
    assert re.search(message, err)
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_unfit_calibration_windows_are_refused(
    small_model: Model, inputs: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    arguments = ("build", "--backend", "onnx", "--precision", "int8", "--model", small_model.folder)
    path = tmp_path / "windows.npy"
    for content, message in (
        (inputs[:, :, :100], r"must be N x 3 x 150 x 18 x 1 float32, but these are 12 x 3 x 100"),
        (inputs.astype(np.float64), "float64"),
        (inputs[:0], "these are 0 x"),
        (np.array([{}]), "is not a .npy file of numbers"),
    ):
        np.save(path, content)
        status, _, err = run(capsys, *arguments, "--output", tmp_path / "engines", "--calibration", path)
        assert status == 2
        assert re.search(message, err)
        assert err.count("\n") == 1
    status, _, err = run(capsys, *arguments, "--output", tmp_path / "engines", "--calibration", tmp_path / "none.npy")
    assert (status, err) == (2, f"error: {tmp_path / 'none.npy'}: No such file or directory\n")


def test_a_folder_that_cannot_be_written_is_named(
    small_model: Model, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    status, _, err = run(capsys, "build", "--backend", "openvino", "--model", small_model.folder, "--output", blocked)
    assert status == 2
    assert str(blocked) in err
    assert err.count("\n") == 1


def test_without_a_gpu_a_target_must_be_named(small_model: Model, references: References, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"no NVIDIA GPU here.*--target sm_86"):
        build(small_model, "tensorrt", Hardware(), tmp_path, references=references)


@pytest.mark.parametrize("people", ["0", "1,x", "", "-1,2"])
def test_invalid_batch_sizes_are_refused(people: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.main(["build", "--backend", "onnx", f"--people={people}"])
    assert stopped.value.code == 2
    assert repr(people) in capsys.readouterr().err


def test_batch_sizes_are_sorted_and_unique() -> None:
    assert command.numbers("8,1, 2,1") == (1, 2, 8)


def test_an_empty_folder_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for name in ("list", "check"):
        assert run(capsys, name, "--output", tmp_path)[:2] == (0, f"no engines in {tmp_path}\n")


def test_bench_measures_every_engine_that_runs_here_and_the_baseline(
    small_model: Model, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("live_stf.engine.bench.PEOPLE", (1, 2))
    arguments = ("--model", small_model.folder, "--output", tmp_path, "--runs", 1)
    status, out, err = run(capsys, "bench", *arguments)
    assert (status, err) == (0, "")
    rows = [line for line in out.splitlines() if line.startswith("│")]
    for model in ("small", "st-gcn"):
        assert any(model in row and "torch cpu" in row for row in rows)
        assert any(model in row and "OpenVINO" in row for row in rows)
        if detect_hardware().gpu is None:
            assert f"{model} on TensorRT: not measured: no NVIDIA GPU here" in out
    assert "CPU fp32: one window needs" in out
    assert "random weights" in out


def test_profile_shows_the_time_per_operation(small_model: Model, capsys: pytest.CaptureFixture) -> None:
    status, out, err = run(capsys, "profile", "--model", small_model.folder, "--runs", 2)
    assert (status, err) == (0, "")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if line.startswith("│")]
    *kinds, (total, count, ms, _) = rows
    assert total == "all"
    assert any("Convolution" in kind for kind, *_ in kinds)
    assert sum(int(row[1]) for row in kinds) == int(count)
    assert sum(float(row[2]) for row in kinds) == pytest.approx(float(ms), abs=0.005 * (len(kinds) + 1))
    assert [float(row[2]) for row in kinds] == sorted((float(row[2]) for row in kinds), reverse=True)


def test_agreement_is_the_largest_difference_to_torch(model: Model, inputs: np.ndarray) -> None:
    engine = TorchEngine(model, device="cpu")
    logits, attention = engine.run(inputs)
    same = agreement(engine, inputs, (logits, attention), "torch")
    assert (same.logits, same.attention, same.same_best) == (0, 0, 1)
    assert same.windows == len(inputs)
    moved = logits.copy()
    moved[3, 1] += 0.5
    attention[0, 0, 1, 5, 7] -= 0.25
    other = agreement(engine, inputs, (moved, attention), "torch")
    assert other.logits == pytest.approx(0.5, abs=1e-6)
    assert other.attention == pytest.approx(0.25, abs=1e-6)
    assert other.largest_logit == np.abs(moved).max()
    assert "differs from torch by 0.5 in logits and 0.25 in attention" in disagreement(other, "fp32")
    assert disagreement(same, "fp32") is None
    moved[:, :] = np.nan
    assert disagreement(agreement(engine, inputs, (moved, attention), "torch"), "fp16") is not None


def test_low_precision_is_judged_relative_to_the_largest_logit() -> None:
    found = Agreement(logits=0.1, largest_logit=10, attention=1e-3, same_best=1, windows=1, by="fake")
    assert disagreement(found, "bf16") is None
    assert "differs" in disagreement(found, "fp32")
    assert "0.05 of the largest in logits" in disagreement(dataclasses.replace(found, largest_logit=2), "fp16")
    assert "0.05 in attention" in disagreement(dataclasses.replace(found, attention=0.05), "fp16")


def test_int8_is_judged_by_its_best_classes(model: Model, inputs: np.ndarray) -> None:
    engine = TorchEngine(model, device="cpu")
    logits, attention = engine.run(inputs)
    assert disagreement(agreement(engine, inputs, (logits + 1, attention), "torch"), "int8") is None
    assert "less than 99%" in disagreement(agreement(engine, inputs, (-logits, attention), "torch"), "int8")
