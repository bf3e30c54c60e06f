"""The names of NTU RGB+D samples: SsssCcccPpppRrrrAaaa."""

from __future__ import annotations

import re
from typing import NamedTuple

_NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})")


class Sample(NamedTuple):
    """One recording, each number from 1. action: 1 to 60, in NTU RGB+D 120 to 120 (`ntu_labels.ACTIONS`)."""

    setup: int
    camera: int
    performer: int
    replication: int
    action: int


def parse_name(name: str) -> Sample | None:
    """The sample that `name` begins with; None if it is no such name."""
    match = _NAME.match(name)
    return Sample(*map(int, match.groups())) if match else None


def find_names(text: str) -> frozenset[str]:
    """All samples' names in a text."""
    return frozenset(match[0] for match in _NAME.finditer(text))
