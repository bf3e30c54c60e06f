"""OpenVINO as every part of this project gets it: silent, and with precisions named as elsewhere here.

Import it as `from live_stf.runtime.openvino import openvino`, never by `import openvino`.
"""

from __future__ import annotations

import sys

from live_stf.errors import ModelError

# OpenVINO 2026.4 reports to an analytics host whenever it is imported, unless its telemetry package cannot be imported:
# then it takes a stub of its own. A program with a camera does not talk to anybody unasked.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
import openvino  # noqa: E402

PRECISIONS = {"fp32": "f32", "bf16": "bf16"}  # ours to OpenVINO's


def bf16_available() -> bool:
    """Whether this CPU has instructions for bf16; without them it is slower than fp32 and of no use."""
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def precision_options(precision: str) -> dict[str, str]:
    """Options for `compile_model` on the CPU. ModelError for a precision that is not known or that the CPU lacks."""
    if precision not in PRECISIONS:
        raise ModelError(f"precision {precision!r} is not known to OpenVINO, it can be {' or '.join(PRECISIONS)}")
    if precision == "bf16" and not bf16_available():
        raise ModelError("this CPU has no instructions for bf16; use fp32")
    # CPUs with bf16 instructions would otherwise be given bf16 without being asked.
    return {"INFERENCE_PRECISION_HINT": PRECISIONS[precision]}
