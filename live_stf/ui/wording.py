"""How labels, states and numbers are put into words, the same on the picture and in the panels."""

from __future__ import annotations

from pathlib import Path

from live_stf.types import SCENE, Event, Rates, State


def readable(label: str) -> str:
    """A class name as it is shown: sit_down -> sit down."""
    return label.replace("_", " ")


def short_source(name: str) -> str:
    """What a source is called where there is little room: a file without its folder."""
    return name if "://" in name else Path(name).name


def short_person(identity: int) -> str:
    """What stands for somebody in a small square: their number, and a dot for all people of a scene together."""
    return "•" if identity == SCENE else str(identity)


def percent(score: float) -> str:
    """0.934 -> 93 %."""
    return f"{100 * score:.0f} %"


def event_words(event: Event | None, frames: int) -> tuple[str, str]:
    """What is said of a person, and the number beside it. frames: length of a full window."""
    match event.state if event else None:
        case State.LABEL:
            return readable(event.label or ""), percent(event.score)
        case State.UNSURE:
            return "not sure", ""
        case State.FILLING:
            return "filling", f"{round(event.filled * frames)}/{frames}"
        case State.NO_PERSON:
            return "out of view", ""
        case _:
            return "", ""


def filling_words(event: Event, frames: int) -> str:
    """How much of a full window the label rests on, while it is not full; of somebody new, `event_words` says it."""
    seen = round(event.filled * frames)
    return f"Looking at {seen}/{frames} frames" if seen < frames and event.state is not State.FILLING else ""


def rate_words(rates: Rates) -> list[tuple[str, str, str]]:
    """(name, value, a value as wide as any) of everything that is told of how fast the loop is."""
    return [
        ("Capture", f"{rates.capture:.1f} fps", "000.0 fps"),
        ("Pose", f"{rates.pose:.1f} fps", "000.0 fps"),
        ("Labels", f"{rates.label:.1f}/s", "00.0/s"),
        ("Frame age", f"{1000 * rates.frame_age:.0f} ms", "000 ms"),
        ("95 % under", f"{1000 * rates.frame_age_95:.0f} ms", "000 ms"),
        ("Dropped", f"{rates.dropped} frames, {rates.dropped_windows} windows", "0000 frames, 0000 windows"),
    ]
