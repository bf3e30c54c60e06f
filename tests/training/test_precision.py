"""The precision of a training follows the machine."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from live_stf.errors import DataError
from live_stf.training.precision import choose_precision


@pytest.mark.parametrize(("wanted", "complaint"), [("8-mixed", "one of auto, 32-true"), ("16-mixed", "needs a GPU")])
def test_an_unknown_or_unavailable_precision_is_refused(
    wanted: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DataError, match=complaint):
        choose_precision(wanted)


def test_the_automatic_precision_depends_on_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    flags = Path("/proc/cpuinfo").read_text().split() if Path("/proc/cpuinfo").is_file() else []
    expected = "bf16-mixed" if {"avx512_bf16", "amx_tile"} & set(flags) else "32-true"
    assert choose_precision("auto") == expected
    assert choose_precision("bf16-mixed") == "bf16-mixed"
