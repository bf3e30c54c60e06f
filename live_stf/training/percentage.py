"""Shares as percentages, rounded in one way wherever they are shown."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

DIGITS = 6  # of a share in model.json


def percentage(share: float, digits: int = 1) -> str:
    """A share of 0..1 as a percentage without its sign, rounded half up from the digits that model.json keeps.

    >>> percentage(0.9055)
    '90.6'
    """
    kept = Decimal(str(round(float(share), DIGITS))) * 100
    return str(kept.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def percent(share: float, digits: int = 1) -> str:
    """A share of 0..1 as a percentage with its sign: 0.9055 is '90.6%'."""
    return f"{percentage(share, digits)}%"
