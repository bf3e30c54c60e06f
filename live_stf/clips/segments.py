"""Segments of a clip, as lines of JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Segment:
    """One person doing one thing for some time.

    clip: the clip's name. person: identity, or 0 (SCENE) for all people together. score: mean smoothed probability of
    the label, 0..1. start, end: seconds from the start of the clip.
    """

    clip: str
    person: int
    label: str
    score: float
    start: float
    end: float

    def as_line(self) -> str:
        """Return one line of JSON, without the line end; times have two decimals, the score has three."""
        values = {
            "clip": self.clip,
            "person": self.person,
            "label": self.label,
            "score": round(self.score, 3),
            "start": round(self.start, 2),
            "end": round(self.end, 2),
        }
        return json.dumps(values, ensure_ascii=False)


class SegmentWriter:
    """Writes segments to a file, one per line, each at once, so that an interruption loses none.

    The file is created at the start and stays empty if there is no segment. Raises OSError if it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("w", encoding="utf-8")

    def write(self, segment: Segment) -> None:
        self._file.write(segment.as_line() + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> SegmentWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
