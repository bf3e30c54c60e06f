"""Listening for some labels alone: the others are neither shown nor announced."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from live_stf.types import Event, State


def filter_labels(events: Mapping[int, Event], labels: Collection[str] | None) -> dict[int, Event]:
    """`events` by identity, with whoever has a label that is not one of `labels` as unsure; None stands for all labels.

    The decision goes on behind it: a label that is not listened for still keeps a less likely one from being said.
    """
    if labels is None:
        return dict(events)
    return {
        identity: replace(event, state=State.UNSURE, label=None)
        if event.state is State.LABEL and event.label not in labels
        else event
        for identity, event in events.items()
    }
