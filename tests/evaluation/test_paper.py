"""The paper's figures against its text."""

from __future__ import annotations

from math import isnan
from pathlib import Path

import pytest

from live_stf.evaluation.paper import ABLATIONS, BENCHMARKS, benchmark_of


@pytest.fixture(scope="module")
def lines(shared: Path) -> list[str]:
    text = shared / "paper" / "stf-net.txt"
    if not text.is_file():
        pytest.skip(f"needs the paper's text at {text}")
    return [" ".join(line.split()) for line in text.read_text(encoding="utf-8").splitlines()]


def numbers(line: str) -> list[float]:
    return [float(word) for word in line.split() if word.replace(".", "").isdigit() and "." in word]


def test_ntu60_results_are_those_of_table_1(lines: list[str]) -> None:
    for streams in ("Js", "Bs", "2s", "4s"):
        row = next(line for line in lines if line.startswith(f"{streams} STF-Net ours"))
        xsub, xview = BENCHMARKS["ntu60-xsub"].rows[streams][0], BENCHMARKS["ntu60-xview"].rows[streams][0]
        assert numbers(row)[1:] == [xsub, xview]


def test_ntu120_and_kinetics_results_are_those_of_tables_2_and_3(lines: list[str]) -> None:
    rows = [numbers(line) for line in lines if line.startswith("4s STF-Net") and "ours" not in line]
    assert rows == [
        [BENCHMARKS["ntu120-xsub"].rows["4s"][0], BENCHMARKS["ntu120-xset"].rows["4s"][0]],
        list(BENCHMARKS["kinetics"].rows["4s"]),
    ]


def test_the_ablations_are_those_of_table_4(lines: list[str]) -> None:
    table = lines[next(at for at, line in enumerate(lines) if line.startswith("TABLE IV")) :]
    table = table[: next(at for at, line in enumerate(table) if line.startswith("Ablation on module"))]
    printed = [tuple(numbers(line)) for line in table if len(numbers(line)) == 2]
    by_name = {one.name: one.measured for one in ABLATIONS}
    ntu = "ntu60-xsub"
    assert printed == [
        by_name["1 grain"]["kinetics"],
        by_name["STF-Net"]["kinetics"],
        by_name["1 grain"][ntu],
        by_name["2 grains"][ntu],
        by_name["STF-Net"][ntu],
        by_name["ST-GCN"][ntu],
        by_name["without MCF and TDF"][ntu],
        by_name["without MCF"][ntu],
        by_name["without TDF"][ntu],
    ]


def test_results_that_two_tables_share_are_equal() -> None:
    full = next(one for one in ABLATIONS if one.name == "STF-Net")
    for benchmark, measured in full.measured.items():
        assert BENCHMARKS[benchmark].rows["Js"] == measured


def test_a_benchmark_is_known_by_its_protocol() -> None:
    for name in ("ntu60-xsub", "ntu60-xview", "ntu120-xsub", "ntu120-xset"):
        assert benchmark_of(name, "ntu") is BENCHMARKS[name]
    assert benchmark_of("subset", "kinetics") is BENCHMARKS["kinetics"]
    for protocol, coordinates in ((None, "body"), ("nw-ucla-xview", "nw-ucla"), ("subset", "ntu")):
        assert benchmark_of(protocol, coordinates) is None
    assert all(not isnan(top1) for one in BENCHMARKS.values() for top1, _ in one.rows.values())
