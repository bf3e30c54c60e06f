"""The floating-point precision of a training."""

from __future__ import annotations

from typing import Literal, get_args

import torch

from live_stf.errors import DataError

Precision = Literal["32-true", "bf16-mixed", "16-mixed", "64-true"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
AUTO = "auto"


def choose_precision(name: str) -> Precision:
    """Lightning's name of the precision. "auto" is bf16-mixed if the processor or GPU computes in it, else 32-true.

    Raises DataError if the precision is not known, or is fp16 on a CPU.
    """
    gpu = torch.cuda.is_available()
    if name == "16-mixed" and not gpu:
        raise DataError("training.precision 16-mixed needs a GPU: use bf16-mixed, 32-true or auto")
    if name != AUTO:
        for known in PRECISIONS:
            if name == known:
                return known
        names = ", ".join((AUTO, *PRECISIONS))
        raise DataError(f"training.precision {name!r} is not known; choose one of {names}")
    if gpu:
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    # Without these instructions bf16 is emulated and slower than fp32.
    fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bf16-mixed" if fast else "32-true"
