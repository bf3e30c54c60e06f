"""What was found in a clip, as lines of JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Segment:
    """One person doing one thing from start to end (seconds of the clip); person SCENE: those in it together.

    score: mean smoothed probability, 0..1.
    """

    clip: str
    person: int
    label: str
    score: float
    start: float
    end: float

    def as_line(self) -> str:
        """One line of JSON without its end; seconds to the hundredth, the score to the thousandth."""
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
    """Writes segments to a file, one a line, each on disk as soon as it is known: nothing found is lost.

    The file is there from the start, empty when nothing is found. Raises OSError where it cannot be written.
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
