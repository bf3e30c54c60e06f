"""The paper's results: tables I to IV of "SpatioTemporal Focus for Skeleton-based Action Recognition".

Accuracies are percentages, as printed there, and NaN if the paper has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Any


@dataclass(frozen=True)
class Benchmark:
    """A data set with its protocol. rows: streams ("Js", "Bs", "2s", "4s") -> (top-1, top-5); table: of the paper."""

    name: str
    table: str
    rows: Mapping[str, tuple[float, float]]


# By the protocol of a recipe (live_stf.data.protocols). Kinetics has the protocol "subset", see `benchmark_of`.
BENCHMARKS = {
    "ntu60-xsub": Benchmark(
        "NTU RGB+D 60, X-Sub",
        "tables I and IV",
        {"Js": (88.8, 97.9), "Bs": (89.1, nan), "2s": (90.8, nan), "4s": (91.1, nan)},
    ),
    "ntu60-xview": Benchmark(
        "NTU RGB+D 60, X-View", "table I", {"Js": (95.0, nan), "Bs": (95.1, nan), "2s": (96.2, nan), "4s": (96.5, nan)}
    ),
    "ntu120-xsub": Benchmark("NTU RGB+D 120, X-Sub", "table II", {"4s": (86.5, nan)}),
    "ntu120-xset": Benchmark("NTU RGB+D 120, X-Setup", "table II", {"4s": (88.2, nan)}),
    "kinetics": Benchmark("Kinetics Skeleton 400", "tables III and IV", {"Js": (35.0, 57.6), "4s": (36.1, 58.9)}),
}


def benchmark_of(protocol: str | None, coordinates: str) -> Benchmark | None:
    """The paper's benchmark of a recipe's data.protocol and preparation.coordinates; None if it has none."""
    return BENCHMARKS.get("kinetics" if (protocol, coordinates) == ("subset", "kinetics") else protocol or "")


@dataclass(frozen=True)
class Ablation:
    """A row of Table IV: the switches of its network, and (top-1, top-5) by benchmark."""

    name: str
    network: Mapping[str, Any]
    measured: Mapping[str, tuple[float, float]]


_STF = {"architecture": "stf-net"}
FULL = "STF-Net"
# Joint stream. The full network has three grains on NTU RGB+D and two on Kinetics.
ABLATIONS = (
    Ablation("ST-GCN", {"architecture": "st-gcn"}, {"ntu60-xsub": (86.2, 96.5)}),
    Ablation("without MCF and TDF", {**_STF, "mcf": False, "tdf": False}, {"ntu60-xsub": (87.4, 97.2)}),
    Ablation("without MCF", {**_STF, "mcf": False}, {"ntu60-xsub": (88.1, 97.9)}),
    Ablation("without TDF", {**_STF, "tdf": False}, {"ntu60-xsub": (88.0, 97.7)}),
    Ablation("1 grain", {**_STF, "grains": 1}, {"ntu60-xsub": (88.2, 97.6), "kinetics": (34.4, 57.1)}),
    Ablation("2 grains", {**_STF, "grains": 2}, {"ntu60-xsub": (88.4, 97.9)}),
    Ablation(FULL, _STF, {"ntu60-xsub": (88.8, 97.9), "kinetics": (35.0, 57.6)}),
)
