"""Changes of what people do, as lines of JSON for another program."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TextIO

from live_stf.errors import LiveStfError
from live_stf.types import Event, Snapshot, State

STDOUT = "-"
EVENTS_SUFFIX = ".jsonl"


def changes(known: dict[int, Event], events: dict[int, Event], time: float) -> list[Event]:
    """Return the events whose state or label differs from the `known` one, and a NO_PERSON event for whoever has left.

    known: the newest event of every person so far, by identity; it is updated. events: the newest of every person now.
    time: time of the newest frame in seconds.
    """
    changed = [
        event
        for identity, event in events.items()
        if identity not in known or (known[identity].state, known[identity].label) != (event.state, event.label)
    ]
    gone = [Event(identity, time, State.NO_PERSON) for identity in sorted(known.keys() - events.keys())]
    known.clear()
    known.update(events)
    return [*changed, *gone]


def as_line(event: Event) -> str:
    """Return an event as one line of JSON, without the line end; times have two decimals, the score has three."""
    values = {
        "time": round(event.time, 2),
        "person": event.identity,
        "state": event.state.value,
        "label": event.label,
        "score": round(event.score, 3),
    }
    return json.dumps(values, ensure_ascii=False)


class EventWriter:
    """Writes a line of JSON for every change of a person's state or label, to a file or to stdout ("-").

    Lines are appended to a file and written at once. Raises LiveStfError if the file cannot be written, or if nobody
    reads stdout any longer.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._known: dict[int, Event] = {}
        self._file: TextIO = sys.stdout
        if target != STDOUT:
            try:
                self._file = Path(target).open("a", encoding="utf-8")  # noqa: SIM115 - closed by close()
            except OSError as problem:
                raise LiveStfError(f"--events is {target}, which cannot be written: {problem.strerror}") from problem

    def take(self, snapshot: Snapshot) -> None:
        """Write the changes since the last snapshot."""
        time = snapshot.people.time if snapshot.people is not None else 0.0
        lines = [as_line(event) + "\n" for event in changes(self._known, dict(snapshot.events), time)]
        if not lines:
            return
        try:
            self._file.writelines(lines)
            self._file.flush()
        except BrokenPipeError as problem:
            # Otherwise Python would try again when it exits, and print an error.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise LiveStfError("nobody reads the events any longer") from problem
        except OSError as problem:
            raise LiveStfError(f"{self._target} cannot be written: {problem.strerror}") from problem

    def close(self) -> None:
        if self._file is not sys.stdout:
            self._file.close()

    def __enter__(self) -> EventWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
