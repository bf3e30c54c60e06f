"""Recorded joints: a file that is written while the user records, and read again as a source and its people.

The first line of JSON describes the recording, each further line is a frame; docs/window.md has the format. A file that
was cut short is read up to that point.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from live_stf.errors import SourceError
from live_stf.skeleton import OPENPOSE_18
from live_stf.types import Event, Frame, People, Person, State

SUFFIX = ".joints.jsonl"  # of written files; every file with the last part of it is read as a recording
FORMAT = "live-stf joints"
VERSION = 1
_TAIL = 65_536  # bytes at the end of a file that have its last line
_GREY = 28


def is_recording(spec: str | Path) -> bool:
    """Whether the name of a source is that of recorded joints."""
    return Path(spec).suffix == Path(SUFFIX).suffix and "://" not in str(spec)


@dataclass(frozen=True)
class Heading:
    """The first line of a recording.

    size: (width, height) of the frames in pixels. fps: approximate frames per second, 0.0 if unknown. source: what was
    recorded. model: the model that gave the labels. started: date and time, ISO 8601.
    """

    size: tuple[int, int]
    fps: float = 0.0
    source: str = ""
    model: str = ""
    started: str = ""

    def as_line(self) -> str:
        values = {
            "format": FORMAT,
            "version": VERSION,
            "skeleton": OPENPOSE_18.name,
            "joints": list(OPENPOSE_18.joints),
            "size": list(self.size),
            "fps": round(self.fps, 3),
            "source": self.source,
            "model": self.model,
            "started": self.started,
        }
        return json.dumps(values, ensure_ascii=False)


class RecordingWriter:
    """Writes the joints of all people frame by frame, each frame at once. Raises OSError if that fails.

    Times in the file start at 0.
    """

    def __init__(self, path: Path, heading: Heading) -> None:
        self.path = path
        self._start: float | None = None
        self._file = path.open("w", encoding="utf-8")
        self._file.write(heading.as_line() + "\n")

    def write(self, people: People, events: Mapping[int, Event]) -> None:
        """Add the people of a frame, with their events by identity."""
        if self._start is None:
            self._start = people.time
        self._file.write(_as_line(people, events, people.time - self._start) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _as_line(people: People, events: Mapping[int, Event], time: float) -> str:
    persons = []
    for person in people.persons:
        event = events.get(person.identity)
        persons.append(
            {
                "person": person.identity,
                "state": (event.state if event is not None else State.FILLING).value,
                "label": event.label if event is not None else None,
                "score": round(event.score, 3) if event is not None else 0.0,
                "joints": [[round(x, 2), round(y, 2), round(score, 3)] for x, y, score in person.joints.tolist()],
            }
        )
    return json.dumps({"time": round(time, 4), "people": persons}, ensure_ascii=False)


class RecordedSource:
    """Recorded joints as a series of empty frames, in which `RecordedPose` finds the people.

    Raises SourceError if the file cannot be read or is not a recording.
    """

    live = False
    trouble = ""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.fault: str | None = None
        try:
            self._file = path.open(encoding="utf-8")
        except OSError as problem:
            raise SourceError(f"{path}: {problem.strerror or problem}") from problem
        try:
            self.size, self.fps = self._heading()
        except BaseException:
            self._file.close()
            raise
        step = 1 / self.fps if self.fps else 0.0
        self.duration = None if (last := _last_time(path)) is None else last + step
        self._line = 1
        self._index = 0
        self._time = -math.inf
        self._seen: dict[int, People] = {}
        self._image = np.full((self.size[1], self.size[0], 3), _GREY, np.uint8)

    def read(self) -> Frame | None:
        """Return the next frame, empty; None at the end. A line that cannot be read ends the series with a fault."""
        try:
            line = self._file.readline()
            self._line += 1
            if not line:
                return None
            people = self._people(line)
        except (ValueError, KeyError, TypeError) as problem:
            what = "cut short in" if not self._file.readline() else "damaged:"
            self.fault = f"{self.name}: {what} line {self._line}, which is not a frame's people"
            if not isinstance(problem, json.JSONDecodeError | UnicodeDecodeError):
                self.fault += f" ({problem})"
            return None
        frame = Frame(self._image.copy(), people.time, self._index)
        frame.image[0, 0] += self._index % 2  # consecutive images differ, which defeats freeze detection
        self._seen[self._index] = people
        self._index += 1
        return frame

    def people_of(self, frame: Frame) -> People:
        """Return the people of a frame that this source gave; those of earlier frames are dropped."""
        for index in [index for index in self._seen if index < frame.index]:
            del self._seen[index]
        return self._seen.pop(frame.index)

    def cancel(self) -> None:
        """Do nothing: read() does not wait for a lost source."""

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _heading(self) -> tuple[tuple[int, int], float]:
        wrong = f"{self.name}: not a recording of joints: its first line lacks {FORMAT!r}"
        try:
            heading = json.loads(self._file.readline(_TAIL))
        except ValueError as problem:
            raise SourceError(wrong) from problem
        if not isinstance(heading, dict) or heading.get("format") != FORMAT:
            raise SourceError(wrong)
        version = heading.get("version")
        if version != VERSION:
            raise SourceError(f"{self.name}: a recording of version {version!r}, this program reads {VERSION}")
        if heading.get("joints") != list(OPENPOSE_18.joints):
            raise SourceError(f"{self.name}: its joints are not those of {OPENPOSE_18.name}")
        try:
            (width, height), fps = (int(side) for side in heading["size"]), float(heading.get("fps", 0))
        except (KeyError, TypeError, ValueError) as problem:
            raise SourceError(f"{self.name}: the first line lacks the size or the rate of the frames") from problem
        if not (0 < width <= 16_384 and 0 < height <= 16_384 and 0 <= fps <= 1000):
            raise SourceError(f"{self.name}: frames of {width}x{height} at {fps:g} per second are not possible")
        return (width, height), fps

    def _people(self, line: str) -> People:
        content: dict[str, Any] = json.loads(line)
        time = float(content["time"])
        if not (math.isfinite(time) and time > self._time):
            raise ValueError(f"time {time:g} after {self._time:g}")
        persons = []
        for one in content["people"]:
            joints = np.array(one["joints"], np.float32)
            if joints.shape != (len(OPENPOSE_18), 3) or not np.isfinite(joints).all():
                raise ValueError(f"joints {joints.shape}, not ({len(OPENPOSE_18)}, 3)")
            persons.append(Person(joints))
        self._time = time
        return People(time, self.size, tuple(persons))


class RecordedPose:
    """Finds the recorded people in the frames of a `RecordedSource`. Tracking gives them new identities."""

    name = "recorded joints"

    def __init__(self, source: RecordedSource) -> None:
        self._source = source

    def detect(self, frame: Frame) -> People:
        return self._source.people_of(frame)

    def close(self) -> None:
        """Do nothing: the file belongs to the source."""


def _last_time(path: Path) -> float | None:
    """Time of the last frame in seconds; None if its line cannot be read, which the end of the series reports."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _TAIL, 0))
        lines = file.read().splitlines()
    try:
        return float(json.loads(lines[-1])["time"])
    except (ValueError, KeyError, TypeError, IndexError):
        return None
