"""Changes of what people do, as lines of JSON that another program can act on at once."""

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
    """Events whose state or label differs from what was `known` of the person, and who has left; `known` is updated.

    events: newest of everybody, by identity. time: seconds, of the newest picture.
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
    """One line of JSON without its end; seconds to the hundredth, the score to the thousandth; no label is null."""
    values = {
        "time": round(event.time, 2),
        "person": event.identity,
        "state": event.state.value,
        "label": event.label,
        "score": round(event.score, 3),
    }
    return json.dumps(values, ensure_ascii=False)


class EventWriter:
    """Writes every change of state or label as a line as soon as it is known, to a file or to stdout ("-").

    A file is added to, never written over. Raises LiveStfError where it cannot be written, and when nobody reads stdout
    any longer.
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
        """Write what has changed since the last snapshot."""
        time = snapshot.people.time if snapshot.people is not None else 0.0
        lines = [as_line(event) + "\n" for event in changes(self._known, dict(snapshot.events), time)]
        if not lines:
            return
        try:
            self._file.writelines(lines)
            self._file.flush()
        except BrokenPipeError as problem:
            # Python would try once more when it ends, and complain.
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
