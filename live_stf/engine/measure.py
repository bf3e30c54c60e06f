"""Measure the difference between an engine and torch, and decide whether it is small enough."""

from __future__ import annotations

import numpy as np

from live_stf.runtime.record import Agreement
from live_stf.runtime.timing import Runnable

# Largest difference to torch, in attention and in logits. Types with few digits round in proportion, so the limit for
# logits is a share of the largest logit in fp16 and bf16. int8 is judged by its best classes.
LIMITS = {"fp32": 1e-4, "fp16": 2e-2, "bf16": 2e-2}
IN_PROPORTION = ("fp16", "bf16")
LEAST_SAME_BEST = 0.99


def agreement(engine: Runnable, x: np.ndarray, reference: tuple[np.ndarray, np.ndarray], by: str) -> Agreement:
    """Compare an engine with torch on windows x (N, C, T, V, M).

    reference: torch's logits and attention. by: name of the compared runtime, for the record.
    """
    logits, attention = engine.run(x)
    expected_logits, expected_attention = reference
    return Agreement(
        logits=float(np.abs(logits - expected_logits).max()),
        largest_logit=float(np.abs(expected_logits).max()),
        attention=float(np.abs(attention - expected_attention).max(initial=0.0)),
        same_best=float((logits.argmax(axis=1) == expected_logits.argmax(axis=1)).mean()),
        windows=len(x),
        by=by,
    )


def disagreement(found: Agreement, precision: str) -> str | None:
    """Why an engine differs too much from torch to be used, in one line; None if it is close enough."""
    limit = LIMITS.get(precision)
    if limit is None:
        if found.same_best >= LEAST_SAME_BEST:
            return None
        return f"its best class is torch's on {found.same_best:.1%} of the windows, less than {LEAST_SAME_BEST:.0%}"
    logits = found.logits / found.largest_logit if precision in IN_PROPORTION else found.logits
    if logits <= limit and found.attention <= limit:  # never true of NaN
        return None
    of = " of the largest" if precision in IN_PROPORTION else ""
    return (
        f"it differs from torch by {logits:.2g}{of} in logits and {found.attention:.2g} in attention, "
        f"but {limit:.0e} is the limit in {precision}"
    )
