"""The texts for labels, states and numbers, the same on the picture and in the panels."""

from __future__ import annotations

from pathlib import Path

from live_stf.types import SCENE, Event, Rates, State


def readable(label: str) -> str:
    """The text of a class name: sit_down -> sit down."""
    return label.replace("_", " ")


def short_source(name: str) -> str:
    """The short name of a source: a file without its folder."""
    return name if "://" in name else Path(name).name


def short_person(identity: int) -> str:
    """The sign of a person in a small square: the number, or a dot for all people of a scene together."""
    return "•" if identity == SCENE else str(identity)


def percent(score: float) -> str:
    """0.934 -> 93 %."""
    return f"{100 * score:.0f} %"


def event_words(event: Event | None, frames: int) -> tuple[str, str]:
    """(text about a person, number beside it). frames: length of a full window."""
    if event is None:
        return "", ""
    match event.state:
        case State.LABEL:
            return readable(event.label or ""), percent(event.score)
        case State.UNSURE:
            return "not sure", ""
        case State.FILLING:
            return "filling", f"{round(event.filled * frames)}/{frames}"
        case State.NO_PERSON:
            return "out of view", ""


def filling_words(event: Event, frames: int) -> str:
    """How many frames of a full window a label is based on; empty if it is full, or while `event_words` says it."""
    seen = round(event.filled * frames)
    return f"Based on {seen}/{frames} frames" if seen < frames and event.state is not State.FILLING else ""


def rate_words(rates: Rates) -> list[tuple[str, str, str]]:
    """(name, value, the widest value) of every rate of the live loop."""
    return [
        ("Capture", f"{rates.capture:.1f} fps", "000.0 fps"),
        ("Pose", f"{rates.pose:.1f} fps", "000.0 fps"),
        ("Labels", f"{rates.label:.1f}/s", "00.0/s"),
        ("Frame age", f"{1000 * rates.frame_age:.0f} ms", "000 ms"),
        ("95 % under", f"{1000 * rates.frame_age_95:.0f} ms", "000 ms"),
        ("Dropped", f"{rates.dropped} frames, {rates.dropped_windows} windows", "0000 frames, 0000 windows"),
    ]
