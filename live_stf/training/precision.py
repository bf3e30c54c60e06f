"""Which precision a training runs in."""

from __future__ import annotations

import torch

from live_stf.errors import DataError

PRECISIONS = ("auto", "32-true", "bf16-mixed", "16-mixed", "64-true")


def choose_precision(wanted: str) -> str:
    """Lightning's name of the precision; "auto" is bf16-mixed where the processor or GPU computes in it, else 32-true.

    DataError when it is not known, or fp16 is asked of a CPU.
    """
    if wanted not in PRECISIONS:
        raise DataError(f"training.precision {wanted!r} is not known, it can be one of {', '.join(PRECISIONS)}")
    gpu = torch.cuda.is_available()
    if wanted == "16-mixed" and not gpu:
        raise DataError("training.precision 16-mixed needs a GPU: use bf16-mixed, 32-true or auto")
    if wanted != "auto":
        return wanted
    if gpu:
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    # Without such instructions bf16 is emulated, and slower than fp32.
    fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bf16-mixed" if fast else "32-true"
