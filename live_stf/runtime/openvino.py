"""OpenVINO without telemetry, and with this project's names of precisions.

Import it as `from live_stf.runtime.openvino import openvino`, never by `import openvino`.
"""

from __future__ import annotations

import sys

from live_stf.errors import ModelError

# OpenVINO 2026.4 reports to an analytics host on every import, unless its telemetry package cannot be imported; then it
# uses a stub. A program with a camera must not contact anybody unasked.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None makes its import fail
import openvino  # noqa: E402

PRECISIONS = {"fp32": "f32", "bf16": "bf16"}  # our name -> OpenVINO's


def bf16_available() -> bool:
    """Whether this CPU has instructions for bf16. Without them bf16 is slower than fp32."""
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def precision_options(precision: str) -> dict[str, str]:
    """Options for `compile_model` on the CPU. Raises ModelError if the precision is unknown or the CPU lacks it."""
    if precision not in PRECISIONS:
        raise ModelError(f"OpenVINO does not support precision {precision!r}; choose {' or '.join(PRECISIONS)}")
    if precision == "bf16" and not bf16_available():
        raise ModelError("this CPU has no instructions for bf16; use fp32")
    # Without this, OpenVINO uses bf16 on every CPU that has instructions for it.
    return {"INFERENCE_PRECISION_HINT": PRECISIONS[precision]}
